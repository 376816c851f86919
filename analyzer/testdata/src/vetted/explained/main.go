package main // want "package vetted/explained is rewritten: is the function" "package pb/plain is rewritten: exchanges gRPC types by plain.RegisterPlainServer"

//go:generate go tool cofaas-gen

import (
	"net"

	"google.golang.org/grpc"

	"pb/plain"
)

func main() {
	lis, err := net.Listen("tcp", ":1") // want `listen is rewritten: only use is Serve at main.go:20`
	if err != nil {
		panic(err)
	}
	s := grpc.NewServer()
	plain.RegisterPlainServer(s, nil) // want `exports x.Plain: `
	s.Serve(lis)
}
