package main

import (
	"net"

	"google.golang.org/grpc"

	"pb/plain"
)

func main() {
	//go:generate go tool cofaas-gen // want `go generate does not see this line`
	lis, _ := net.Listen("tcp", ":1")
	s := grpc.NewServer()
	plain.RegisterPlainServer(s, nil)
	s.Serve(lis)
}
