// Command chain connects by what it calls.
package main

import (
	"flag"
	"net"

	"use/needs/store"
)

var addr = flag.String("redis", "cache:6379", "")

func main() {
	store.New(store.Config{Redis: *addr, DSN: "postgres://db"}) // want `need tcp cache:6379 \(default of flag redis\) redis.NewClient via in store.New at store.go:19` `need tcp db:5432 pgxpool.New via in store.New at store.go:20`
	store.Fetch("rates")                                        // want `need tcp rates:8080 http.Get via in store.Fetch at store.go:25`
	store.Fixed()                                               // ok
	connect(store.Env("PEER", "peer:7"))                        // want `need tcp peer:7 \(default of environment variable PEER\) net.Dial via in main.connect at main.go:` `need environment variable PEER os.Getenv via in store.Env at store.go:29`
	for _, a := range []string{"x:1", "y:2"} {
		connect(a) // want `need tcp x:1 net.Dial via` `need tcp y:2 net.Dial via`
	}
}

func connect(address string) { net.Dial("tcp", address) }
