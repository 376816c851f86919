package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"

	"google.golang.org/grpc"

	"thirdparty/cmux"
	"use/library"
)

type servers struct {
	grpc *grpc.Server
	lis  net.Listener
}

func main() {
	s := grpc.NewServer() // want `server`

	lis, err := net.Listen("tcp", ":1") // want `listen :1 rpc: only use is Serve at main.go:29`
	if err != nil {
		panic(err)
	}
	fmt.Println(lis.Addr(), lis)
	s.Serve(lis) // want `serve with the server made at main.go:22`

	field := &servers{grpc: s}
	field.lis, _ = net.Listen("tcp", ":2") // want `listen :2 rpc: only use is Serve`
	go func() {
		defer field.lis.Close()
		field.grpc.Serve(field.lis) // want `serve`
	}()

	closure, _ := net.Listen("tcp", ":3") // want `listen :3 rpc: only use is Serve`
	func(l net.Listener) {
		s.Serve(l) // want `serve`
	}(closure)

	s.Serve(listen(":4")) // want `serve`
	s.Serve(listen(":4")) // want `serve`

	wrapped, _ := net.Listen("tcp", ":5")  // want `listen :5 rpc: only use is Serve`
	s.Serve(tls.NewListener(wrapped, nil)) // want `serve`

	elsewhere, _ := net.Listen("tcp", ":6") // want `listen :6 rpc: only use is library.Run`
	library.Run(s, elsewhere)

	var lc net.ListenConfig
	config, _ := lc.Listen(context.Background(), "tcp", ":7") // want `listen :7 rpc: only use is Serve`
	s.Serve(config)                                           // want `serve`

	// What follows does not serve gRPC, or not only.

	web, _ := net.Listen("tcp", ":80") // want `listen :80 kept: used by http.Serve`
	http.Serve(web, nil)               // ok

	raw, _ := net.Listen("tcp", ":81") // want `listen :81 kept: used by its method Accept`
	raw.Accept()                       // ok

	idle, _ := net.Listen("tcp", ":82") // want `listen :82 kept: nothing is served on it`
	idle.Close()                        // ok

	both, _ := net.Listen("tcp", ":83") // want `listen :83 shared: serves gRPC at main.go:68 and is used by http.Serve at main.go:69` `listener-shared: listener serves gRPC at`
	s.Serve(both)                       // want `serve`
	http.Serve(both, nil)

	lost, _ := net.Listen("tcp", ":84") // want `listen :84 kept: nothing is served on it`
	_ = []net.Listener{lost}

	half, _ := net.Listen("tcp", ":85") // want `listen :85 unknown: serves gRPC at main.go:75, and perhaps something else: it is stored in a way that could not be followed at main.go:76`
	s.Serve(half)                       // want `serve`
	make(chan net.Listener, 1) <- half

	shared, _ := net.Listen("tcp", ":86") // want `listen :86 shared: cmux.New at main.go:79 serves gRPC and something else on it` `listener-shared: `
	m := cmux.New(shared)
	s.Serve(m.Match()) // want `serve`

	var i interface{ Serve(net.Listener) error } = s
	iface, _ := net.Listen("tcp", ":87") // want `listen :87 rpc: only use is Serve at main.go:84`
	i.Serve(iface)

	fake{}.Listen("tcp", ":88") // ok
	fake{}.Serve(nil)           // ok
}

func listen(addr string) net.Listener {
	lis, err := net.Listen("tcp", addr) // want `listen :4 rpc: all 2 uses serve gRPC`
	if err != nil {
		panic(err)
	}
	return lis
}

type fake struct{}

func (fake) Listen(network, addr string) (net.Listener, error) { return nil, nil } // ok
func (fake) Serve(net.Listener) error                          { return nil }      // ok
