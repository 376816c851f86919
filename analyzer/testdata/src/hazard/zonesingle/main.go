package main

//go:generate go tool cofaas-gen

import "net"
import "time" // zones
import "google.golang.org/grpc"
import "hazard/pb"

func main() {
	time.LoadLocation("Europe/Oslo") // want `time.LoadLocation takes time zones from files of the host`
	lis, _ := net.Listen("tcp", ":1")
	s := grpc.NewServer()
	pb.RegisterShopServer(s, nil)
	s.Serve(lis)
}
