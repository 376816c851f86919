// Command zones looks up time zones.
package main

//go:generate go tool cofaas-gen

import (
	"net"
	"os"
	"time"

	"google.golang.org/grpc"

	"hazard/pb"
)

func main() {
	time.LoadLocation("Europe/Oslo")   // want `time.LoadLocation takes time zones from files of the host, and fails where it has none: import _ "time/tzdata"`
	time.LoadLocation(os.Getenv("TZ")) // want `time.LoadLocation takes time zones from files of the host`
	lis, _ := net.Listen("tcp", ":1")
	s := grpc.NewServer()
	pb.RegisterShopServer(s, nil)
	s.Serve(lis)
}
