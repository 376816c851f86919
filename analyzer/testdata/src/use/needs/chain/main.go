// Command chain connects by what it calls.
package main

import (
	"flag"
	"net"

	"use/needs/store"
)

var addr = flag.String("redis", "cache:6379", "")

func main() {
	store.New(store.Config{Redis: *addr, DSN: "postgres://db"}) // want `need tcp cache:6379 \(default of flag redis\) redis.NewClient via in store.New at store.go:20` `need tcp db:5432 pgxpool.New via in store.New at store.go:21`
	store.Fetch("rates")                                        // want `need tcp rates:8080 http.Get via in store.Fetch at store.go:26`
	store.Fixed()                                               // ok
	connect(store.Env("PEER", "peer:7"))                        // want `need tcp peer:7 \(default of environment variable PEER\) net.Dial via in main.connect at main.go:` `need environment variable PEER os.Getenv via in store.Env at store.go:30`
	store.Load[config]()                                        // want `need environment variable PEER env.ParseAs via in store.Load at store.go:` `need environment variable LEVEL env.ParseAs via in store.Load`
	load[config]()                                              // want `need environment variable PEER env.ParseAs via in main.load` `need environment variable LEVEL env.ParseAs via`
	store.Load[int]()                                           // want `need environment variable what the tags of a struct name env.ParseAs`
	for _, a := range []string{"x:1", "y:2"} {
		connect(a) // want `need tcp x:1 net.Dial via` `need tcp y:2 net.Dial via`
	}
}

type config struct {
	Peer  string `env:"PEER"`
	Level string `env:"LEVEL"`
}

func load[T any]() T {
	v, _ := store.Load[T]()
	return v
}

func connect(address string) { net.Dial("tcp", address) }
