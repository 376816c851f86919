// Command shipping serves shop.shipping.v1.Shipping, and /healthz and /metrics by HTTP beside it.
//
// Environment variables, all of them optional:
//
//	SHIPPING_LISTEN  where it listens for gRPC (":7005")
//	SHIPPING_HTTP    where it listens for HTTP (":7105"); "off" means nowhere
//	SHIPPING_ORIGIN  the country from which parcels are sent ("NO")
package main

//go:generate go tool cofaas-gen

import (
	"context"
	"log"

	shippingv1 "github.com/cofaas/cofaas/example/shop/api/shop/shipping/v1"
	"github.com/cofaas/cofaas/example/shop/internal/bootstrap"
	"github.com/cofaas/cofaas/example/shop/internal/config"
)

type settings struct {
	Listen string `env:"SHIPPING_LISTEN" envDefault:":7005"`
	HTTP   string `env:"SHIPPING_HTTP" envDefault:":7105"`
	Origin string `env:"SHIPPING_ORIGIN" envDefault:"NO"`
}

func main() {
	cfg, err := config.Load[settings]()
	if err != nil {
		log.Fatal(err)
	}
	if err := run(context.Background(), cfg); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, cfg settings) error {
	m := newMetrics()
	app, err := bootstrap.New(ctx, "shipping", m.serverOption())
	if err != nil {
		return err
	}
	if cfg.HTTP != "off" {
		admin, err := serveAdmin(cfg.HTTP, m, app.Log)
		if err != nil {
			return err
		}
		app.OnStop(admin.Shutdown)
	}
	shippingv1.RegisterShippingServer(app.Server, newShipping(cfg.Origin))
	return app.Run(ctx, cfg.Listen)
}
