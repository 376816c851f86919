package main

//go:generate go tool cofaas-gen -alow cache:1 // want `flag provided but not defined: -alow`

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
