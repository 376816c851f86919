// Command catalog serves shop.catalog.v1.Catalog.
//
// Its flags have environment variables as defaults, as -h shows.
package main

//go:generate go tool cofaas-gen

import (
	"context"
	"flag"
	"log"
	"os"

	catalogv1 "github.com/cofaas/cofaas/example/shop/api/shop/catalog/v1"
	"github.com/cofaas/cofaas/example/shop/internal/bootstrap"
	"github.com/cofaas/cofaas/example/shop/internal/config"
)

var (
	address  string
	products string
)

func init() {
	config.StringVar(flag.CommandLine, &address, "listen", "CATALOG_LISTEN", ":7001", "`address` to listen on")
	flag.StringVar(&products, "products", os.Getenv("CATALOG_PRODUCTS"), "`file` of products, instead of the built-in ones (CATALOG_PRODUCTS)")
}

func main() {
	flag.Parse()
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	app, err := bootstrap.New(ctx, "catalog")
	if err != nil {
		return err
	}
	catalog, err := openCatalog(products)
	if err != nil {
		return err
	}
	catalogv1.RegisterCatalogServer(app.Server, catalog)
	return app.Run(ctx, address)
}
