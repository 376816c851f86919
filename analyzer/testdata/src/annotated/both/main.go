package main

//go:generate go tool cofaas-gen

// go:generate go tool cofaas-gen

import (
	"net"

	"google.golang.org/grpc"

	"pb/plain"
)

func main() {
	lis, _ := net.Listen("tcp", ":1")
	s := grpc.NewServer()
	plain.RegisterPlainServer(s, nil)
	s.Serve(lis)
}
