package main

import (
	"context"
	"net"

	"google.golang.org/grpc"
)

func config(c context.Context) {
	lis, _ := new(net.ListenConfig).Listen(c, "tcp", ":1")
	grpc.NewServer().Serve(lis)
}
