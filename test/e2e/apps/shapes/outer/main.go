// Command outer serves shapes.v1.Outer by calling shapes.v1.Inner.
package main

//go:generate go tool cofaas-gen

import (
	"cmp"
	"context"
	"log"
	"net"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/cofaas/cofaas/test/e2e/apps/shapes/pb"
)

func main() {
	conn, err := grpc.NewClient(cmp.Or(os.Getenv("INNER_ADDRESS"), "127.0.0.1:50162"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	lis, err := net.Listen("tcp", cmp.Or(os.Getenv("ADDRESS"), "127.0.0.1:50161"))
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	pb.RegisterOuterServer(server, &outer{inner: pb.NewInnerClient(conn)})
	log.Fatal(server.Serve(lis))
}

type outer struct {
	pb.UnimplementedOuterServer
	inner pb.InnerClient
}

func (o *outer) Echo(ctx context.Context, in *pb.Modern) (*pb.Modern, error) {
	if in.Fault == pb.Fault_FAULT_REQUEST {
		in.Next = &pb.Modern{Names: []string{"not UTF-8: \xff"}}
	}
	return o.inner.Echo(ctx, in)
}

func (o *outer) EchoLegacy(ctx context.Context, in *pb.Legacy) (*pb.Legacy, error) {
	if in.GetFault() == pb.Fault_FAULT_REQUEST {
		in.Id = nil
	}
	return o.inner.EchoLegacy(ctx, in)
}

func (o *outer) Describe(ctx context.Context, in *pb.Legacy) (*pb.Description, error) {
	return o.inner.Describe(ctx, in)
}

func (o *outer) Count(ctx context.Context, in *pb.Modern) (*pb.Description, error) {
	return o.inner.Count(ctx, in)
}
