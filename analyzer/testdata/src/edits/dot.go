package main

import . "net"
import "google.golang.org/grpc"

func dot() {
	lis, _ := Listen("tcp", ":1")
	grpc.NewServer().Serve(lis)
}
