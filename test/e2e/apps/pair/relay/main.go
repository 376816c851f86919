// Command relay serves pair.v1.Relay by calling pair.v1.Echo.
package main

//go:generate go tool cofaas-gen

import (
	"cmp"
	"context"
	"log"
	"net"
	"os"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/cofaas/cofaas/test/e2e/apps/pair/act"
	"github.com/cofaas/cofaas/test/e2e/apps/pair/pb"
)

func main() {
	conn, err := grpc.NewClient(cmp.Or(os.Getenv("ECHO_ADDRESS"), "127.0.0.1:50152"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	lis, err := net.Listen("tcp", cmp.Or(os.Getenv("ADDRESS"), "127.0.0.1:50151"))
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	pb.RegisterRelayServer(server, &relay{echo: pb.NewEchoClient(conn)})
	log.Fatal(server.Serve(lis))
}

type relay struct {
	pb.UnimplementedRelayServer
	echo pb.EchoClient
}

func (r *relay) Echo(ctx context.Context, in *pb.Everything) (*pb.Everything, error) {
	return r.echo.Echo(ctx, in)
}

func (r *relay) Act(ctx context.Context, o *pb.Order) (*pb.Report, error) {
	if !o.Forward {
		return act.Do(ctx, o)
	}
	// As a proxy does: what is ours goes on, in both directions.
	out := metadata.MD{}
	in, _ := metadata.FromIncomingContext(ctx)
	for k, v := range in {
		if strings.HasPrefix(k, "x-") {
			out[k] = v
		}
	}
	var header, trailer metadata.MD
	report, err := r.echo.Act(metadata.NewOutgoingContext(ctx, out), o, grpc.Header(&header), grpc.Trailer(&trailer))
	back := metadata.MD{}
	for k, v := range header {
		if strings.HasPrefix(k, "x-") {
			back[k] = v
		}
	}
	if err := grpc.SetHeader(ctx, back); err != nil {
		return nil, err
	}
	if err != nil {
		if err := grpc.SetTrailer(ctx, metadata.Pairs("x-echo-trailer", strings.Join(act.List(trailer), " "))); err != nil {
			return nil, err
		}
		return nil, err
	}
	report.Header, report.Trailer = act.List(header), act.List(trailer)
	return report, nil
}
