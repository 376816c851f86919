package main // want `package hazard/store: store.go:29: variable Visits is written by RPC handlers: each instance of the function has its own; to have one, run the host with -max-instances elsewhere=1` `package hazard/store: store.go:39: os.ReadFile fails in a guest unless the host is started with -mount for what it reads: or embed that, or pass it in the environment`

//go:generate go tool cofaas-gen

import (
	"context"
	"net"

	"google.golang.org/grpc"

	"hazard/pb"
	"hazard/store"
)

var cache store.Cache

func main() {
	store.Load("x")
	lis, _ := net.Listen("tcp", ":1")
	s := grpc.NewServer()
	pb.RegisterShopServer(s, server{})
	s.Serve(lis)
}

type server struct{ pb.UnimplementedShopServer }

func (server) Put(ctx context.Context, in *pb.Item) (*pb.Item, error) {
	store.Visit()
	cache.Put(in.Name, 1) // want `variable cache is written`
	store.Visits = 2      // want `variable store.Visits is written`
	return in, nil
}
