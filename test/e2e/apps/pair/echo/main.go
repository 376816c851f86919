// Command echo serves pair.v1.Echo.
package main

//go:generate go tool cofaas-gen

import (
	"cmp"
	"context"
	"log"
	"net"
	"os"

	"google.golang.org/grpc"

	"github.com/cofaas/cofaas/test/e2e/apps/pair/act"
	"github.com/cofaas/cofaas/test/e2e/apps/pair/pb"
)

func main() {
	lis, err := net.Listen("tcp", cmp.Or(os.Getenv("ADDRESS"), "127.0.0.1:50152"))
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	pb.RegisterEchoServer(server, echo{})
	log.Fatal(server.Serve(lis))
}

type echo struct{ pb.UnimplementedEchoServer }

func (echo) Echo(_ context.Context, in *pb.Everything) (*pb.Everything, error) { return in, nil }

func (echo) Act(ctx context.Context, o *pb.Order) (*pb.Report, error) { return act.Do(ctx, o) }
