package main

//go:generate go tool cofaas-gen -allow cache,b:6379 -listen x -place mail=remote -place here -place remote -place mail=wasm // want `"cache": it has no port` `"x": "x" is no port from 0 to 65535` `-place here: "here" is no place for a function: want wasm, native or remote` `-place remote: flags is the root of the host that this makes, and a host runs its root: say -place flags=remote for hosts that are to do without it` `-place mail=wasm: it is said twice where mail runs`

import (
	"net"

	"google.golang.org/grpc"

	"hazard/pb"
)

func main() {
	lis, _ := net.Listen("tcp", ":1")
	s := grpc.NewServer()
	pb.RegisterShopServer(s, nil)
	s.Serve(lis)
}
