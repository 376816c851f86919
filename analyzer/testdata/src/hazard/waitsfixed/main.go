// Command waitsfixed has loops that can be made to let others run.
package main

//go:generate go tool cofaas-gen

import (
	"net"
	"sync/atomic"

	"google.golang.org/grpc"

	"hazard/pb"
)

var (
	ready   atomic.Bool
	results = make(chan int)
)

func main() {
	for !ready.Load() { // want `loop that waits`
	}
	lis, _ := net.Listen("tcp", ":1")
	s := grpc.NewServer()
	pb.RegisterShopServer(s, nil)
	go wait()
	s.Serve(lis)
}

func wait() {
	for { // want `loop that waits`
		select {
		case <-results:
			return
		default:
		}
	}
}
