// Command inventory serves shop.inventory.v1.Inventory: from a PostgreSQL database, or from memory for want of one. A Redis in front of it
// has what is asked for most.
//
// Environment variables, all of them optional:
//
//	INVENTORY_LISTEN  where it listens (":7003")
//	DATABASE_URL      the database, as postgres://user:password@host/name
//	REDIS_URL         the cache, as redis://host:6379/0
package main

//go:generate go tool cofaas-gen

import (
	"context"
	"log"
	"os"

	"google.golang.org/grpc"

	inventoryv1 "github.com/cofaas/cofaas/example/shop/api/shop/inventory/v1"
	"github.com/cofaas/cofaas/example/shop/internal/bootstrap"
	"github.com/cofaas/cofaas/example/shop/inventory/internal/stock"
)

func main() {
	address := ":7003"
	if v, ok := os.LookupEnv("INVENTORY_LISTEN"); ok {
		address = v
	}
	ctx := context.Background()
	app, err := bootstrap.New(ctx, "inventory", bootstrap.WithServerOptions(grpc.MaxConcurrentStreams(1000)))
	if err != nil {
		log.Fatal(err)
	}
	store, err := open(ctx, app)
	if err != nil {
		log.Fatal(err)
	}
	if url := os.Getenv("REDIS_URL"); url != "" {
		cached, err := stock.NewCached(store, url, app.Log)
		if err != nil {
			log.Fatal(err)
		}
		app.Close(cached) // which is before the store is
		store = cached
	}
	inventoryv1.RegisterInventoryServer(app.Server, stock.NewService(store))
	if err := app.Run(ctx, address); err != nil {
		log.Fatal(err)
	}
}

// open chooses where levels are kept.
func open(ctx context.Context, app *bootstrap.App) (stock.Store, error) {
	url := os.Getenv("DATABASE_URL")
	if url == "" {
		app.Log.Warn("DATABASE_URL is not set: what is in stock is kept in memory")
		return stock.NewMemory()
	}
	db, err := stock.OpenPostgres(ctx, url)
	if err != nil {
		return nil, err
	}
	app.Close(db)
	return db, nil
}
