package network

import (
	"strings"
	"testing"
	"time"

	"github.com/cofaas/cofaas/internal/freeport"
)

func allowStore(addresses ...string) setup {
	return setup{allow: map[string][]string{"store": addresses}}
}

func TestRedis(t *testing.T) {
	address := redisServer(t, 0)
	both(t, allowStore(address), func(t *testing.T, sys *system) {
		sys.want(sys.do("store", "redis", address),
			`get: "hei", <nil>`,
			"get of nothing: redis: nil, is nil: true",
			"get of 1 MiB: equal: true, <nil>",
			"pipeline: 500 replies, the last incrby counter 499: 124750",
			"transaction: get counter: 124751, <nil>",
			"script: 124756, <nil>",
			`wrong type: "WRONGTYPE Operation against a key holding the wrong kind of value" is []`,
			"scan: 300 members",
			"message: news first",
		)
		sys.want(sys.do("store", "redis pool", address), "40 goroutines: <nil>, at most 10 connections: true")
		sys.want(sys.do("store", "redis block", address),
			"nothing comes: redis: nil",
			`something comes: ["list" "a"], <nil>`,
			"given up: is [os.ErrDeadlineExceeded] timeout=true op=read net=tcp",
		)
	})
}

// TestRedisIdle has the server close connections of the client's pool while no call is in progress.
func TestRedisIdle(t *testing.T) {
	address := redisServer(t, 1)
	both(t, allowStore(address), func(t *testing.T, sys *system) {
		for range 2 {
			sys.want(sys.do("store", "redis idle", address), "incr: no error")
			time.Sleep(3 * time.Second)
		}
		sys.want(sys.do("store", "redis idle", address), "incr: no error")
	})
}

func TestRedis_Errors(t *testing.T) {
	refused, silent := freeport.Address(t), silentServer(t)
	both(t, allowStore(refused, silent), func(t *testing.T, sys *system) {
		sys.want(sys.do("store", "redis fail", refused),
			`get: "dial tcp `+refused+`: connect: connection refused" is [ECONNREFUSED] timeout=false op=dial net=tcp`)
		sys.want(sys.do("store", "redis fail", silent, "kind"), "get: is [os.ErrDeadlineExceeded] timeout=true")
	})
}

func TestPostgres(t *testing.T) {
	ca := newAuthority(t)
	db := postgresServer(t, ca)
	s := setup{
		allow:  map[string][]string{"store": {db.address, "localhost:" + db.port, "unix:" + db.socket()}},
		mounts: map[string][]string{"store": {ca.file}},
		env:    map[string][]string{"store": {"PGSSLROOTCERT=", "HOME=/"}},
	}
	both(t, s, func(t *testing.T, sys *system) {
		tls := strings.Replace(db.url("sslmode=verify-full&sslrootcert="+ca.file), "127.0.0.1", "localhost", 1)
		for _, url := range []string{
			db.url("sslmode=disable"), tls, "postgres:///postgres?user=postgres&host=" + db.dir + "&port=" + db.port,
		} {
			sys.want(sys.do("store", "pgx", url),
				"copy: 5000, <nil>",
				"batch: <nil>",
				`item: 48 "item 48!" 1970-01-01T00:00:48Z`,
				`item: 49 "item 49!" 1970-01-01T00:00:49Z`,
				`item: 50 "item 50" 1970-01-01T00:00:50Z`,
				`item: 51 "item 51" 1970-01-01T00:00:51Z`,
				"query: <nil>",
				"all: 737500 bytes, <nil>",
				`twice: ERROR: duplicate key value violates unique constraint "items_pkey" (SQLSTATE 23505), code 23505`,
				"rolled back: stop, 5000 left",
				"no row: no rows in result set",
			)
			sys.want(sys.do("store", "pgx pool", url), "30 goroutines: sum 5700, <nil>, at most 8 connections: true")
			sys.want(sys.do("store", "pgx notify", url),
				"nothing: is [context.DeadlineExceeded] timeout=true, closed: false", "notification: news first, <nil>")
			sys.want(sys.do("store", "pgx cancel", url), "given up: is [context.DeadlineExceeded] timeout=true, soon: true", "afterwards: 1, <nil>")
		}
		sys.want(sys.do("store", "sql", db.url("sslmode=disable")),
			"40 transactions: <nil>",
			`too much: "ERROR: new row for relation \"accounts\" violates check constraint \"accounts_cents_check\" (SQLSTATE 23514)" is []`,
			"account 0: 920", "account 1: 920", "account 2: 920", "account 3: 920", "account 4: 920",
			"account 5: 1080", "account 6: 1080", "account 7: 1080", "account 8: 1080", "account 9: 1080",
			"nobody: true",
			"given up: is [context.DeadlineExceeded] timeout=true",
		)
	})
}

func TestPostgres_Errors(t *testing.T) {
	ca := newAuthority(t)
	db, refused, reset := postgresServer(t, ca), freeport.Address(t), resetServer(t)
	both(t, allowStore(db.address, refused, reset), func(t *testing.T, sys *system) {
		for _, url := range []string{
			strings.Replace(db.url("sslmode=disable"), "correct", "wrong", 1),
			db.url("sslmode=verify-full"), // by an authority that is not trusted
			"postgres://app@" + refused + "/postgres?sslmode=disable",
			"postgres://app@" + reset + "/postgres?sslmode=disable",
		} {
			got := sys.do("store", "pgx fail", url)
			if len(got) != 1 || strings.Contains(got[0], "no error") {
				t.Errorf("%s: %q", url, got)
			}
		}
	})
}

func TestMemcache(t *testing.T) {
	address, refused, silent := memcachedServer(t), freeport.Address(t), silentServer(t)
	both(t, allowStore(address, refused, silent), func(t *testing.T, sys *system) {
		sys.want(sys.do("store", "memcache", address),
			`get: "hei", flags 7`,
			"miss: memcache: cache miss",
			"add: memcache: item not stored",
			"compare and swap: <nil>",
			"compare and swap again: memcache: compare-and-swap conflict",
			"increment: 42, <nil>",
			"large: <nil>",
			"many: <nil>",
			"multi: 4 items, <nil>",
			"delete: <nil>, memcache: cache miss",
		)
		sys.want(sys.do("store", "memcache fail", refused),
			`get: "dial tcp `+refused+`: connect: connection refused" is [ECONNREFUSED] timeout=false op=dial net=tcp`)
		sys.want(sys.do("store", "memcache fail", silent),
			`get: "read tcp 127.0.0.1:PORT->`+silent+`: i/o timeout" is [os.ErrDeadlineExceeded] timeout=true op=read net=tcp`)
	})
}

func TestMongo(t *testing.T) {
	address, refused := mongoServer(t), freeport.Address(t)
	both(t, allowStore(address, refused), func(t *testing.T, sys *system) {
		sys.want(sys.do("store", "mongo", address), "ping: <nil>", "echo: hei, <nil>")
		sys.want(sys.do("store", "mongo unreachable", refused),
			"timeout: true, cause: dial tcp "+refused+": connect: connection refused")
	})
}
