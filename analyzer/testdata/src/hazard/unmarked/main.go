// Command unmarked is no function.
package main

import (
	"context"
	"net"
	"os"
	"os/exec"

	"google.golang.org/grpc"

	"hazard/pb"
)

var hits int

func main() {
	os.ReadFile("x")        // ok
	exec.Command("x").Run() // ok
	lis, _ := net.Listen("tcp", ":1")
	s := grpc.NewServer()
	pb.RegisterShopServer(s, server{})
	s.Serve(lis)
}

type server struct{ pb.UnimplementedShopServer }

func (server) Get(ctx context.Context, in *pb.Item) (*pb.Item, error) {
	hits++ // ok
	for {  // ok
	}
}
