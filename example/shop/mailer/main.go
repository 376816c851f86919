// Command mailer serves shop.notify.v1.Notifier by mail. It belongs to another team, and is a module of its own.
//
// It has flags, as -h shows. An environment variable sets a flag that is not given: MAILER_FROM sets -from.
package main

//go:generate go tool cofaas-gen

import (
	"context"
	"flag"
	"log"
	"net"
	"os"
	"strings"

	notifyv1 "github.com/cofaas/cofaas/example/shop/api/shop/notify/v1"
	"github.com/cofaas/cofaas/example/shop/internal/bootstrap"
)

type options struct {
	host, port, from string
}

func (o *options) register(set *flag.FlagSet) {
	set.StringVar(&o.host, "host", "", "`host` to listen on; empty means all")
	set.StringVar(&o.port, "port", "7008", "`port` to listen on")
	set.StringVar(&o.from, "from", "shop@example.com", "`address` that mails are from")
}

// environ sets the flags that have a variable.
func environ(set *flag.FlagSet) (err error) {
	set.VisitAll(func(f *flag.Flag) {
		if value, ok := os.LookupEnv("MAILER_" + strings.ToUpper(f.Name)); ok && err == nil {
			err = set.Set(f.Name, value)
		}
	})
	return err
}

func main() {
	var opts options
	opts.register(flag.CommandLine)
	if err := environ(flag.CommandLine); err != nil {
		log.Fatal(err)
	}
	flag.Parse()
	if err := opts.run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func (o *options) run(ctx context.Context) error {
	app, err := bootstrap.New(ctx, "mailer")
	if err != nil {
		return err
	}
	m, err := newMailer(o.from)
	if err != nil {
		return err
	}
	notifyv1.RegisterNotifierServer(app.Server, m)

	var config net.ListenConfig
	lis, err := config.Listen(ctx, "tcp", net.JoinHostPort(o.host, o.port))
	if err != nil {
		return err
	}
	return app.Serve(ctx, lis)
}
