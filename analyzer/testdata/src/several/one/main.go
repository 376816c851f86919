// Command one serves what another function serves too.
package main

//go:generate go tool cofaas-gen

import (
	"net"

	"google.golang.org/grpc"

	"pb/plain"
)

func main() {
	lis, err := net.Listen("tcp", ":1")
	if err != nil {
		panic(err)
	}
	s := grpc.NewServer()
	plain.RegisterPlainServer(s, nil)
	s.Serve(lis)
}
