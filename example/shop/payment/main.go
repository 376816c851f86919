// Command payment serves shop.payment.v1.Payment, to those who have its token. The token is PAYMENT_TOKEN; see -h for the rest.
package main

//go:generate go tool cofaas-gen

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"log"
	"os"

	paymentv1 "github.com/cofaas/cofaas/example/shop/api/shop/payment/v1"
	"github.com/cofaas/cofaas/example/shop/internal/bootstrap"
	"github.com/cofaas/cofaas/example/shop/internal/interceptors"
)

func main() {
	listen := flag.String("listen", cmp.Or(os.Getenv("PAYMENT_LISTEN"), ":7004"), "`address` to listen on (PAYMENT_LISTEN)")
	audit := flag.String("audit", cmp.Or(os.Getenv("PAYMENT_AUDIT"), "log"), "where payments are recorded: log or syslog (PAYMENT_AUDIT)")
	flag.Parse()
	if err := run(context.Background(), *listen, *audit, os.Getenv("PAYMENT_TOKEN")); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, listen, audit, token string) error {
	if token == "" {
		return errors.New("PAYMENT_TOKEN is not set: nobody could pay")
	}
	app, err := bootstrap.New(ctx, "payment", bootstrap.WithAuth(interceptors.Bearer(token)))
	if err != nil {
		return err
	}
	record, err := newAudit(audit, app.Log)
	if err != nil {
		return err
	}
	paymentv1.RegisterPaymentServer(app.Server, newPayment(record))
	return app.Run(ctx, listen)
}
