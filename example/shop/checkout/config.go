package main

import (
	"time"

	"google.golang.org/grpc"

	cartv1 "github.com/cofaas/cofaas/example/shop/api/shop/cart/v1"
	catalogv1 "github.com/cofaas/cofaas/example/shop/api/shop/catalog/v1"
	inventoryv1 "github.com/cofaas/cofaas/example/shop/api/shop/inventory/v1"
	notifyv1 "github.com/cofaas/cofaas/example/shop/api/shop/notify/v1"
	paymentv1 "github.com/cofaas/cofaas/example/shop/api/shop/payment/v1"
	shippingv1 "github.com/cofaas/cofaas/example/shop/api/shop/shipping/v1"
	"github.com/cofaas/cofaas/example/shop/checkout/internal/order"
	"github.com/cofaas/cofaas/example/shop/internal/bootstrap"
	"github.com/cofaas/cofaas/example/shop/internal/dialer"
)

// Config is read from the environment.
type Config struct {
	Listen  string        `env:"CHECKOUT_LISTEN" envDefault:":7006"`
	Timeout time.Duration `env:"CHECKOUT_TIMEOUT" envDefault:"10s"` // of a call to another function

	Targets Targets

	PaymentToken string `env:"PAYMENT_TOKEN,required"`
}

// Targets are the gRPC targets of the functions that are called.
type Targets struct {
	Cart      string `env:"CART_TARGET" envDefault:"localhost:7002"`
	Catalog   string `env:"CATALOG_TARGET" envDefault:"localhost:7001"`
	Inventory string `env:"INVENTORY_TARGET" envDefault:"localhost:7003"`
	Payment   string `env:"PAYMENT_TARGET" envDefault:"localhost:7004"`
	Shipping  string `env:"SHIPPING_TARGET" envDefault:"localhost:7005"`
	Mailer    string `env:"MAILER_TARGET" envDefault:"mailer:7008"`
	SMS       string `env:"SMS_TARGET" envDefault:"dns:///sms.shop.svc.cluster.local:7009"`
}

// connect makes the clients.
func connect(app *bootstrap.App, cfg Config) (*order.Clients, error) {
	var first error
	dial := func(target string, opts ...dialer.Option) *grpc.ClientConn {
		conn, err := dialer.Dial(target, append(opts, dialer.WithTimeout(cfg.Timeout))...)
		if err != nil {
			if first == nil {
				first = err
			}
			return nil
		}
		app.Close(conn)
		return conn
	}
	t := cfg.Targets
	clients := &order.Clients{
		Cart:      cartv1.NewCartServiceClient(dial(t.Cart)),
		Catalog:   catalogv1.NewCatalogClient(dial(t.Catalog)),
		Inventory: inventoryv1.NewInventoryClient(dial(t.Inventory)),
		Payment:   paymentv1.NewPaymentClient(dial(t.Payment, dialer.WithToken(cfg.PaymentToken))),
		Shipping:  shippingv1.NewShippingClient(dial(t.Shipping)),
		Mailer:    notifyv1.NewNotifierClient(dial(t.Mailer)),
		SMS:       notifyv1.NewNotifierClient(dial(t.SMS)),
	}
	return clients, first
}
