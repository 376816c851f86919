package main

import (
	"context"
	"net"
	"net/http"
	"os"

	"google.golang.org/grpc"

	"pb/greeter"
	"pb/legacy"
)

//go:generate echo cofaas-gen

func main() {
	lis, _ := net.Listen("tcp", ":1")
	s := grpc.NewServer()
	greeter.RegisterGreeterServer(s, nil)
	greeter.RegisterGreeterServer(s, nil) // reported once
	s.Serve(lis)
	http.Serve(lis, nil)
	conn, _ := grpc.NewClient(os.Args[1])
	legacy.NewEchoClient(conn)
	conn.Invoke(context.Background(), os.Args[2], nil, nil)
}
