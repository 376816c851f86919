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

//go:generate go run github.com/cofaas/cofaas/cmd/cofaas-gen@latest

func main() {
	lis, _ := net.Listen("tcp", ":1") // want `listener serves gRPC at main.go:22 and is used by http.Serve at main.go:23: the host serves gRPC in the guest's place`
	s := grpc.NewServer()
	greeter.RegisterGreeterServer(s, nil)
	greeter.RegisterGreeterServer(s, nil) // streams, which is fine
	s.Serve(lis)
	http.Serve(lis, nil)
	conn, _ := grpc.NewClient(os.Args[1])
	legacy.NewEchoClient(conn)
	conn.Invoke(context.Background(), os.Args[2], nil, nil) // want `call of a method that is not known`
}
