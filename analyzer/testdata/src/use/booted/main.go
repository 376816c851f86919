// Command booted serves with what package bootstrap makes.
package main

import (
	"net"
	"net/http"

	"google.golang.org/grpc"

	"pb/greeter"
	"use/bootstrap"
)

type server struct {
	*grpc.Server
	lis net.Listener
}

func main() {
	app := bootstrap.New("booted")
	greeter.RegisterGreeterServer(app.Server, nil) // want `register x.Greeter: .* with the server that field Server gets at bootstrap.go:18`
	app.Run(":1")                                  // want `listen :1 rpc: serves gRPC, called in bootstrap.App.Run at bootstrap.go:25`

	var runner interface{ Run(string) error } = app
	runner.Run(":11") // want `listen :11 rpc: serves gRPC, called in .*Run at bootstrap.go:25`

	own := bootstrap.NewServer()
	greeter.RegisterGreeterServer(own, nil) // want `register x.Greeter: .* with the server that bootstrap.NewServer makes at bootstrap.go:22`
	lis, _ := net.Listen("tcp", ":2")       // want `listen :2 rpc: only use is bootstrap.App.Serve at main.go:\d+`
	app.Serve(lis)
	both, _ := net.Listen("tcp", ":3") // want `listen :3 shared: bootstrap.Mux at main.go:\d+ serves gRPC and something else on it` `listener-shared: `
	bootstrap.Mux(own, both)

	s := &server{Server: grpc.NewServer()}         // want `server`
	greeter.RegisterGreeterServer(s, nil)          // want `register x.Greeter: .* with the server made at main.go:\d+`
	s.lis, _ = net.Listen("tcp", ":4")             // want `listen :4 rpc: only use is Serve`
	s.Serve(s.lis)                                 // want `serve with the server made at main.go:\d+`
	var registrar grpc.ServiceRegistrar = s.Server // an interface
	greeter.RegisterGreeterServer(registrar, nil)  // want `register x.Greeter: .* with the server made at main.go:\d+`
	bootstrap.Register(registrar)                  // registers there, not here // ok

	for _, lis := range listeners(":5", ":6") {
		go s.Serve(lis) // want `serve`
	}
	register := greeter.RegisterGreeterServer
	register(s, nil) // want `register x.Greeter: greeter.RegisterGreeterServer registers it with the server made at main.go:\d+`
	for _, f := range []func(grpc.ServiceRegistrar, greeter.GreeterServer){greeter.RegisterGreeterServer} {
		f(own, nil) // want `register x.Greeter: greeter.RegisterGreeterServer registers it with the server that bootstrap.NewServer`
	}
	inline(s.Server)

	// Not gRPC.
	web, _ := net.Listen("tcp", ":80") // want `listen :80 kept: used by http.Server.Serve`
	srv := &http.Server{}              // ok
	go srv.Serve(web)                  // ok
	debug := func() net.Listener {
		l, _ := net.Listen("tcp", ":81") // want `listen :81 kept: used by http.Serve`
		return l
	}
	http.Serve(debug(), nil) // ok
	var closers []interface{ Close() error }
	admin, _ := net.Listen("tcp", ":82") // want `listen :82 kept: nothing is served on it`
	closers = append(closers, admin)
	for _, c := range closers {
		c.Close() // ok
	}
}

func listeners(addresses ...string) []net.Listener {
	var list []net.Listener
	for _, address := range addresses {
		lis, err := net.Listen("tcp", address) // want `listen ":5" or ":6" rpc: only use is Serve`
		if err != nil {
			panic(err)
		}
		list = append(list, lis)
	}
	return list
}

func inline(s *grpc.Server) {
	greeter.RegisterGreeterServer(s, nil) // want `register x.Greeter: .* with the server made at main.go:\d+`
}
