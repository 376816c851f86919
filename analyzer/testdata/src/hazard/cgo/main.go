package main // want `package hazard/cgodep is built for guests without cgo, and so without with.go` `package hazard/cgoonly does not compile for guests, since all its files use cgo: use a package in Go, or run the function natively, with -place native` `package hazard/cgotwo is built for guests without cgo, and so without with.go`

//go:generate go tool cofaas-gen

import (
	"net"
	_ "net/http" // has cgo too, and does without
	_ "os/user"

	"google.golang.org/grpc"

	"hazard/cgodep"
	"hazard/cgoonly"
	"hazard/cgotwo"
	"hazard/pb"
)

func main() {
	cgodep.Two()
	cgoonly.Three()
	cgotwo.Four()
	lis, _ := net.Listen("tcp", ":1")
	s := grpc.NewServer()
	pb.RegisterShopServer(s, nil)
	s.Serve(lis)
}
