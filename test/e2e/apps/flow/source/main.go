// Command source serves flow.v1.Source by streaming to and from flow.v1.Sink.
package main

//go:generate go tool cofaas-gen

import (
	"cmp"
	"context"
	"log"
	"net"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/test/e2e/apps/flow/pb"
)

func main() {
	conn, err := grpc.NewClient(cmp.Or(os.Getenv("SINK_ADDRESS"), "127.0.0.1:50154"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	lis, err := net.Listen("tcp", cmp.Or(os.Getenv("ADDRESS"), "127.0.0.1:50153"))
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	pb.RegisterSourceServer(server, &source{sink: pb.NewSinkClient(conn)})
	log.Fatal(server.Serve(lis))
}

type source struct {
	pb.UnimplementedSourceServer
	sink pb.SinkClient
}

// Run does a job and says in lines what it has seen.
func (s *source) Run(ctx context.Context, job *pb.Job) (*pb.Lines, error) {
	run := jobs[job.Name]
	if run == nil {
		return nil, status.Errorf(codes.InvalidArgument, "there is no job %q", job.Name)
	}
	r := &record{source: s, ctx: ctx}
	if err := run(r); err != nil {
		return nil, err
	}
	return &pb.Lines{Lines: r.lines}, nil
}
