// Command storefront serves shop.storefront.v1.Storefront, which is all that clients see of the shop, and calls catalog, cart and
// checkout. Run it with -h for its flags.
package main

//go:generate go tool cofaas-gen

import (
	"context"
	"flag"
	"log"
	"os"
	"time"

	cartv1 "github.com/cofaas/cofaas/example/shop/api/shop/cart/v1"
	catalogv1 "github.com/cofaas/cofaas/example/shop/api/shop/catalog/v1"
	checkoutv1 "github.com/cofaas/cofaas/example/shop/api/shop/checkout/v1"
	storefrontv1 "github.com/cofaas/cofaas/example/shop/api/shop/storefront/v1"
	"github.com/cofaas/cofaas/example/shop/internal/bootstrap"
	"github.com/cofaas/cofaas/example/shop/internal/config"
	"github.com/cofaas/cofaas/example/shop/internal/dialer"
	_ "github.com/cofaas/cofaas/example/shop/internal/telemetry/otlp"
)

type options struct {
	listen                  string
	catalog, cart, checkout string
}

func main() {
	var o options
	config.StringVar(flag.CommandLine, &o.listen, "listen", "STOREFRONT_LISTEN", ":7000", "`address` to listen on")
	config.StringVar(flag.CommandLine, &o.catalog, "catalog", "CATALOG_TARGET", "localhost:7001", "gRPC `target` of the catalog")
	config.StringVar(flag.CommandLine, &o.cart, "cart", "CART_TARGET", "localhost:7002", "gRPC `target` of carts")
	config.StringVar(flag.CommandLine, &o.checkout, "checkout", "CHECKOUT_TARGET", "localhost:7006", "gRPC `target` of checkout")
	timeout := flag.Duration("timeout", 15*time.Second, "time for a call to another function")
	flag.Parse()
	if err := run(context.Background(), o, *timeout); err != nil {
		log.Print(err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, timeout time.Duration) error {
	app, err := bootstrap.New(ctx, "storefront")
	if err != nil {
		return err
	}
	s := new(storefront)
	var closeCatalog, closeCart, closeCheckout func() error
	if s.catalog, closeCatalog, err = dialer.Client(o.catalog, catalogv1.NewCatalogClient, dialer.WithTimeout(timeout)); err != nil {
		return err
	}
	if s.cart, closeCart, err = dialer.Client(o.cart, cartv1.NewCartServiceClient, dialer.WithTimeout(timeout)); err != nil {
		return err
	}
	if s.checkout, closeCheckout, err = dialer.Client(o.checkout, checkoutv1.NewCheckoutClient, dialer.WithTimeout(timeout)); err != nil {
		return err
	}
	for _, f := range []func() error{closeCatalog, closeCart, closeCheckout} {
		app.OnStop(func(context.Context) error { return f() })
	}
	storefrontv1.RegisterStorefrontServer(app.Server, s)
	return app.Run(ctx, o.listen)
}
