package main

import (
	"cmp"
	"context"
	"flag"
	"os"

	"google.golang.org/grpc"

	"pb/greeter"
	"pb/hand"
	"pb/legacy"
	"use/library"
)

const target = "consumer:" + port

const port = "50051"

var addr = flag.String("addr", "localhost:1", "where")

var backend string

type config struct{ echo string }

type app struct{ conn *grpc.ClientConn }

func main() {
	flag.StringVar(&backend, "backend", "localhost:2", "where")
	s := grpc.NewServer()                                // want `server`
	greeter.RegisterGreeterServer(s, nil)                // want `register x.Greeter: greeter.RegisterGreeterServer registers it with the server made at main.go:31`
	hand.Attach("x", newServer())                        // want `register x.Greeter: hand.Attach registers it with the server made at main.go:\d+`
	s.RegisterService(&greeter.Greeter_ServiceDesc, nil) // want `register x.Greeter: RegisterService is called with the server made at main.go:31`
	desc := grpc.ServiceDesc{ServiceName: "x.Dynamic"}
	s.RegisterService(&desc, nil) // want `register unknown: ` `service-unknown: registration of a service that is not known`
	with(s)
	later(legacy.RegisterEchoServer) // want `register Echo: legacy.RegisterEchoServer is used as a value`

	conn, err := grpc.Dial(target) // want `dial "consumer:50051"`
	if err != nil {
		return
	}
	greeter.NewGreeterClient(conn) // want `client x.Greeter: dialled at main.go:40, target is "consumer:50051"`

	byFlag, _ := grpc.NewClient(*addr)                   // want `dial not constant: flag addr \(default localhost:1\)`
	greeter.NewGreeterClient(byFlag)                     // want `client x.Greeter: .*flag addr`
	byVar, _ := library.Dial(nil, backend)               // want `dial not constant: flag backend \(default dns:///localhost:2\), dialled in library.Dial at library.go:16` `dial not constant: flag backend \(default localhost:2\), dialled`
	greeter.NewGreeterClient(byVar)                      // want `client x.Greeter: .*flag backend`
	byEnv, _ := grpc.DialContext(nil, os.Getenv("ECHO")) // want `dial not constant: environment variable ECHO`
	legacy.NewEchoClient(byEnv)                          // want `client Echo: .*environment variable ECHO`

	a := must("a:1")            // want `dial "a:1"`
	b := must("b:1")            // want `dial "b:1"`
	greeter.NewGreeterClient(a) // want `client x.Greeter: .*"a:1"`
	greeter.NewGreeterClient(b) // want `client x.Greeter: .*"b:1"`

	cfg := load()
	field := &app{conn: must(cfg.echo)} // want `dial not constant: environment variable ECHO_ADDR \(default echo:1\)`
	field.use()

	fixed, _ := library.Fixed("x")
	greeter.NewGreeterClient(fixed) // want `client x.Greeter: target is "fixed:1"`

	either := must("c:1") // want `dial "c:1"`
	if *addr == "" {
		either = must("d:1") // want `dial "d:1"`
	}
	greeter.NewGreeterClient(either) // want `client x.Greeter: target is not constant: "c:1" or "d:1"`
	hand.Open(lazy())                // want `client hand.Worker: dialled at main.go:\d+, target is "lazy:1"`

	conn.Invoke(context.Background(), "/x.Raw/M", nil, nil) // want `client x.Raw: dialled at main.go:40, target is "consumer:50051", called without a generated client`
	conn.Invoke(context.Background(), os.Args[1], nil, nil) // want `unroutable: call of a method that is not known`
}

func load() config {
	return config{echo: cmp.Or(os.Getenv("ECHO_ADDR"), "echo:1")}
}

func newServer() *grpc.Server {
	s := grpc.NewServer() // want `server`
	return s
}

func with(s *grpc.Server) {
	greeter.RegisterGreeterServer(s, nil) // want `register x.Greeter: .* server made at main.go:31`
}

func later(f func(*grpc.Server, legacy.EchoServer)) {}

func must(addr string) *grpc.ClientConn {
	conn, err := grpc.NewClient(addr)
	if err != nil {
		panic(err)
	}
	return conn
}

func lazy() grpc.ClientConnInterface {
	dial := func() (*grpc.ClientConn, error) {
		return grpc.NewClient("lazy:1") // want `dial "lazy:1"`
	}
	conn, _ := dial()
	return conn
}

func (a *app) use() {
	legacy.NewEchoClient(a.conn) // want `client Echo: .*environment variable ECHO_ADDR`
}
