package main

// go:generate go tool cofaas-gen // want `go generate does not see this line: it has to begin with //go:generate, without spaces`

import (
	"net"

	"google.golang.org/grpc"

	"pb/plain"
)

//	go:generate go run github.com/cofaas/cofaas/cmd/cofaas-gen@latest // want `go generate does not see this line`

func main() {
	lis, _ := net.Listen("tcp", ":1")
	s := grpc.NewServer()
	plain.RegisterPlainServer(s, nil)
	s.Serve(lis)
}
