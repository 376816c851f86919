package main

import "net"
import `google.golang.org/grpc`

func single() {
	lis, _ := net.Listen("tcp", ":1")
	var _ net.Addr = lis.Addr()
	grpc.NewServer().Serve(lis)
}
