// Command front calls what two functions serve.
package main

//go:generate go tool cofaas-gen

import (
	"net"
	"os"

	"google.golang.org/grpc"

	"pb/greeter"
	"pb/plain"
)

func main() {
	plain.NewPlainClient(dial("one:80"))
	plain.NewPlainClient(dial("localhost:2"))
	plain.NewPlainClient(dial("three:3"))
	plain.NewPlainClient(dial(os.Getenv("PLAIN")))
	lis, err := net.Listen("tcp", ":3")
	if err != nil {
		panic(err)
	}
	s := grpc.NewServer()
	greeter.RegisterGreeterServer(s, nil)
	s.Serve(lis)
}

func dial(target string) *grpc.ClientConn {
	conn, err := grpc.NewClient(target)
	if err != nil {
		panic(err)
	}
	return conn
}
