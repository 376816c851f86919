// Command checkout serves shop.checkout.v1.Checkout. It calls nearly all other functions; Config says where they are.
package main

//go:generate go tool cofaas-gen

import (
	"context"
	"log"

	checkoutv1 "github.com/cofaas/cofaas/example/shop/api/shop/checkout/v1"
	"github.com/cofaas/cofaas/example/shop/checkout/internal/order"
	"github.com/cofaas/cofaas/example/shop/internal/bootstrap"
	"github.com/cofaas/cofaas/example/shop/internal/config"
	_ "github.com/cofaas/cofaas/example/shop/internal/telemetry/otlp"
)

func main() {
	cfg, err := config.Load[Config]()
	if err != nil {
		log.Fatal(err)
	}
	if err := run(context.Background(), cfg); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, cfg Config) error {
	app, err := bootstrap.New(ctx, "checkout")
	if err != nil {
		return err
	}
	clients, err := connect(app, cfg)
	if err != nil {
		return err
	}
	orders := order.New(*clients, app.Log)
	go orders.Sweep(ctx)
	checkoutv1.RegisterCheckoutServer(app.Server, orders)
	return app.Run(ctx, cfg.Listen)
}
