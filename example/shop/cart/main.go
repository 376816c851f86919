// Command cart serves shop.cart.v1.CartService, and calls the catalog.
//
// Environment variables, all of them optional:
//
//	CART_LISTEN     where it listens (":7002")
//	CATALOG_TARGET  the gRPC target of the catalog ("localhost:7001")
//	CART_KEEP       how long a cart is kept that nobody uses ("24h")
package main

//go:generate go tool cofaas-gen

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"os"
	"time"

	cartv1 "github.com/cofaas/cofaas/example/shop/api/shop/cart/v1"
	catalogv1 "github.com/cofaas/cofaas/example/shop/api/shop/catalog/v1"
	"github.com/cofaas/cofaas/example/shop/cart/internal/service"
	"github.com/cofaas/cofaas/example/shop/internal/bootstrap"
	"github.com/cofaas/cofaas/example/shop/internal/dialer"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	keep, err := time.ParseDuration(cmp.Or(os.Getenv("CART_KEEP"), "24h"))
	if err != nil {
		return fmt.Errorf("CART_KEEP: %w", err)
	}
	app, err := bootstrap.New(ctx, "cart")
	if err != nil {
		return err
	}
	conn, err := dialer.Dial(cmp.Or(os.Getenv("CATALOG_TARGET"), "localhost:7001"), dialer.WithTimeout(5*time.Second))
	if err != nil {
		return err
	}
	app.Close(conn)

	carts := service.New(catalogv1.NewCatalogClient(conn), keep)
	go carts.Sweep(ctx, time.Minute, func(n int) { app.Log.Info("forgot carts", "count", n) })
	cartv1.RegisterCartServiceServer(app.Server, carts)
	return app.Run(ctx, cmp.Or(os.Getenv("CART_LISTEN"), ":7002"))
}
