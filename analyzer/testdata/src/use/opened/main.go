// Command opened serves on what package openers makes.
package main

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"

	"google.golang.org/grpc"

	"use/openers"
)

func main() {
	s := grpc.NewServer()      // want `server`
	a, _ := openers.Open(":2") // want `listen :2 rpc: only use is Serve at main.go:\d+, made in openers.Open at openers.go:10`
	s.Serve(a)                 // want `serve`
	s.Serve(openers.Must("3")) // want `listen localhost:3 rpc: .*made in openers.Must` `serve`
	stop, b := openers.Fixed() // want `listen :1 rpc: .*made in openers.Fixed`
	defer stop()
	s.Serve(b)                           // want `serve`
	c, _ := net.Listen("tcp", ":4")      // want `listen :4 rpc: only use is Serve`
	s.Serve(openers.Wrap(c))             // want `serve`
	d, _ := tls.Listen("tcp", ":5", nil) // want `listen :5 rpc: only use is Serve`
	s.Serve(d)                           // want `serve`
	f := s.Serve                         // a method value
	e, _ := net.Listen("unix", "/run/s") // want `listen /run/s rpc: only use is Serve`
	f(e)
	tcp, _ := net.ListenTCP("tcp", nil) // want `listener-unsupported: net.ListenTCP makes a listener of the guest's own`
	s.Serve(tcp)                        // want `serve`

	// Not gRPC.
	g, _ := openers.Open(":80")                  // want `listen :80 kept: used by openers.Serve`
	openers.Serve(g)                             // ok
	http.Serve(openers.Must("81"), nil)          // want `listen localhost:81 kept: used by http.Serve`
	h, _ := net.Listen("tcp", ":82")             // want `listen :82 kept: .*`
	openers.Close(h)                             // ok
	raw, _ := net.ListenTCP("tcp", nil)          // ok
	raw.Accept()                                 // ok
	packets, _ := net.ListenPacket("udp", ":83") // ok
	packets.Close()                              // ok
	var lc net.ListenConfig
	i, _ := lc.Listen(context.Background(), "tcp", ":84") // want `listen :84 kept: used by http.Serve`
	http.Serve(i, nil)
}
