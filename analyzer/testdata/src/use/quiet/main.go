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
	s := new(grpc.Server)                // ok
	grpc.RegisterGreeterServer(s, nil)   // ok
	grpc.Dial("consumer:50051")          // ok
	conn{}.Invoke("/x.Greeter/SayHello") // ok
	lis, _ := net.Listen("tcp", ":80")   // ok
	http.Serve(lis, nil)                 // ok
}
