// Command c is the last function of the contract suite: it calls nobody.
package main

//go:generate go tool cofaas-gen

import (
	"cmp"
	"log"
	"net"
	"os"

	"github.com/cofaas/cofaas/test/contract/backend"
	"github.com/cofaas/cofaas/test/contract/pb"
)

type service struct {
	pb.UnsafeBackendCServer
	*backend.Service
}

func main() {
	lis, err := net.Listen("tcp", cmp.Or(os.Getenv("ADDRESS"), "127.0.0.1:50163"))
	if err != nil {
		log.Fatal(err)
	}
	server, does := backend.NewServer()
	pb.RegisterBackendCServer(server, service{Service: does})
	log.Fatal(server.Serve(lis))
}
