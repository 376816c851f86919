package e2e

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
	"github.com/redis/go-redis/v9"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	inventoryv1 "github.com/cofaas/cofaas/example/shop/api/shop/inventory/v1"
	"github.com/cofaas/cofaas/example/shop/internal/rig"
)

// TestDatabases has the inventory keep its stock in PostgreSQL, with Redis in front of it: natively, in a guest, and in a native isolate, each
// with a database of its own, after which all databases have the same in them.
func TestDatabases(t *testing.T) {
	build(t)
	postgres, cache := startPostgres(t), startRedis(t)
	run := func(name string, number int, start func(env []string) *rig.Shop) (tr *transcript, rows string) {
		t.Helper()
		database := postgres.database(t, name)
		// The cache is given up after a second, unless its URL says otherwise; here it is to be asked, however busy the machine is.
		redisURL := fmt.Sprintf("redis://%s/%d?dial_timeout=1m&read_timeout=1m", cache, number)
		shop := start([]string{"DATABASE_URL=" + database, "REDIS_URL=" + redisURL})
		tr = newTranscript()
		warehouse(t, tr, shop)
		hasCached(t, redisURL)
		compete(t, tr, shop)
		return tr, content(t, database)
	}
	want, wantRows := run("native", 1, func(env []string) *rig.Shop {
		for _, v := range env {
			setenv(t, v)
		}
		shop, _ := native(t)
		return shop
	})
	hosted := func(start func(t *testing.T, root string, args ...string) (*rig.Shop, *logs), args ...string) func(env []string) *rig.Shop {
		return func(env []string) *rig.Shop {
			args := append(slices.Clip(args), "-allow", "inventory="+postgres.address+","+cache)
			for _, v := range env {
				args = append(args, "-env", "inventory:"+v)
			}
			shop, _ := start(t, "inventory", args...)
			return shop
		}
	}
	for i, tt := range []struct {
		name  string
		start func(env []string) *rig.Shop
	}{
		{"guest", hosted(host, "-max-instances", "4")}, // the stock is no longer the instance's: there may be several
		{"isolate", hosted(isolates)},
	} {
		got, gotRows := run(tt.name, 2+i, tt.start)
		same(t, want, got)
		if gotRows != wantRows {
			t.Errorf("the databases differ: natively\n%s\nfrom the %s\n%s", wantRows, tt.name, gotRows)
		}
	}
	// What was asked for must have come from a database.
	if len(wantRows) < 5000 {
		t.Errorf("there are few rows:\n%s", wantRows)
	}
}

// TestDatabases_Refused has a host that was not told to let the inventory reach its database: main fails, and says why.
func TestDatabases_Refused(t *testing.T) {
	dir := build(t)
	postgres := startPostgres(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(dir, "inventory-host"), "-addr", "127.0.0.1:0",
		"-env", "inventory:DATABASE_URL="+postgres.database(t, "refused"))
	log, err := cmd.CombinedOutput()
	want := "may not connect to " + postgres.address
	if _, ok := errors.AsType[*exec.ExitError](err); !ok || !contains(string(log), "cofaas policy") || !contains(string(log), want) {
		t.Errorf("got %v, and no %s in\n%s", err, want, log)
	}
}

// compete has many orders want the last of a product.
func compete(t *testing.T, tr *transcript, shop *rig.Shop) {
	t.Helper()
	client := inventoryv1.NewInventoryClient(dial(t, shop, "inventory"))
	in, err := client.Import(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := in.Send(&inventoryv1.StockLevel{ProductId: "last", Available: 30}); err != nil {
		t.Fatal(err)
	}
	if _, err := in.CloseAndRecv(); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	ended := make(map[codes.Code]int)
	for i := range 40 {
		wg.Go(func() {
			_, err := client.Reserve(t.Context(), &inventoryv1.ReserveRequest{OrderId: fmt.Sprint("rush-", i), Items: map[string]int32{"last": 1}})
			mu.Lock()
			defer mu.Unlock()
			ended[status.Code(err)]++
		})
	}
	wg.Wait()
	for _, code := range slices.Sorted(maps.Keys(ended)) {
		tr.add("rush", fmt.Sprintf("%v: %d", code, ended[code]))
	}
	if ended[codes.OK] != 30 || ended[codes.FailedPrecondition] != 10 {
		t.Errorf("of 40 orders for 30 pieces came %v", ended)
	}
}

// hasCached looks into Redis for what Check has asked for.
func hasCached(t *testing.T, url string) {
	t.Helper()
	opts, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(opts)
	defer client.Close()
	// Releasing an order forgets all levels, so that there is none left; but the commands have been counted.
	stats, err := client.Info(context.Background(), "commandstats").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"hget", "hset", "hdel", "del"} {
		if !contains(stats, "cmdstat_"+command+":") {
			t.Errorf("Redis was never asked to %s", command)
		}
	}
}

// content returns all rows, in an order.
func content(t *testing.T, url string) string {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var text string
	for _, query := range []string{
		`SELECT product || ': ' || available FROM levels ORDER BY product`,
		// Who was first in the rush, is a matter of luck.
		`SELECT regexp_replace(order_id, '^rush-.*', 'rush') || ' has ' || quantity || ' ' || product FROM reservations ORDER BY 1`,
	} {
		rows, err := db.QueryContext(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				t.Fatal(err)
			}
			text += line + "\n"
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return text
}
