package main

import (
	"net"; "google.golang.org/grpc"
)

func collide(cofaasnet int) {
	cofaasnet2 := (net.Listen)
	_ = cofaasnet2
	lis, _ := (net.Listen)("tcp", ":1")
	grpc.NewServer().Serve(lis)
}
