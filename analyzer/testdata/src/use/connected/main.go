// Command connected uses what package conns makes.
package main

import (
	"context"

	"google.golang.org/grpc"

	"pb/greeter"
	"pb/legacy"
	"pb/plain"
	"use/conns"
)

func main() {
	c := conns.New()
	greeter.NewGreeterClient(c.Greeter)                   // want `client x.Greeter: target is "greeter:1"`
	greeter.NewGreeterClient(c.Any(1))                    // want `client x.Greeter: target is not constant: "greeter:1" or environment variable ECHO`
	greeter.NewGreeterClient(conns.Dial("direct:1"))      // want `dial "direct:1", dialled in conns.Dial at conns.go:29` `client x.Greeter: dialled at main.go:\d+, target is "direct:1"`
	legacy.NewEchoClient(conns.Env("ECHO_TARGET"))        // want `dial not constant: environment variable ECHO_TARGET` `client Echo: .*environment variable ECHO_TARGET`
	conns.Greeter("helper:1")                             // want `dial "helper:1"` `client x.Greeter: .*"helper:1", made in conns.Greeter at conns.go:\d+`
	conns.Echo()                                          // no site: it is in conns, and depends on nothing here // ok
	conns.On(conns.Deps{Conn: conns.Dial("deps:1")})      // want `dial "deps:1"` `client x.Greeter: .*"deps:1", made in conns.On`
	conns.Client("any:1", plain.NewPlainClient)           // want `dial "any:1"` `client x.Plain: .*"any:1", made in conns.Client`
	conn, _ := conns.Config{Target: "config:1"}.Dial(nil) // want `dial "config:1"`
	greeter.NewGreeterClient(conn)                        // want `client x.Greeter: .*"config:1"`
	cfg := conns.Config{}
	cfg.Target = "assigned:1"
	again, _ := cfg.Dial(context.Background()) // want `dial "assigned:1"`
	greeter.NewGreeterClient(again)            // want `client x.Greeter: .*"assigned:1"`
	var stored *grpc.ClientConn
	conns.Set(&stored, "stored:1")   // want `dial "stored:1"`
	greeter.NewGreeterClient(stored) // want `client x.Greeter: .*"stored:1"`
	twice("twice:1", "twice:2")      // want `dial "twice:1"` `dial "twice:2"` `client x.Greeter: .*"twice:1"` `client Echo: .*"twice:2"`
	twice("twice:3", "twice:4")      // want `dial "twice:3"` `dial "twice:4"` `client x.Greeter: .*"twice:3"` `client Echo: .*"twice:4"`
	run(conns.Greeter)               // a value: what it is called with is not known // ok
	newPlain := plain.NewPlainClient
	newPlain(conns.Dial("late:1")) // want `dial "late:1"` `client x.Plain: .*"late:1"`
	hand(legacy.NewEchoClient)     // want `client Echo: its connection is not known: it is not known, since legacy.NewEchoClient is used as a value`
}

func twice(a, b string) {
	greeter.NewGreeterClient(conns.Dial(a))
	legacy.NewEchoClient(conns.Dial(b))
}

func run(f func(string) greeter.GreeterClient) {}

func hand(f any) {}
