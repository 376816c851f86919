// Command quiet uses nothing of gRPC, though it looks like it.
package main

import (
	"net"
	"net/http"

	"local/grpc"
)

type conn struct{}

func (conn) Invoke(method string) {}

func main() {
	s := new(grpc.Server)
	grpc.RegisterGreeterServer(s, nil)
	grpc.Dial("consumer:50051")
	conn{}.Invoke("/x.Greeter/SayHello")
	lis, _ := net.Listen("tcp", ":80")
	http.Serve(lis, nil)
}
