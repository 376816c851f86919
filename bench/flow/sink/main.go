// Command sink serves flow.v1.Sink.
package main

//go:generate go tool cofaas-gen

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"os"

	"google.golang.org/grpc"

	"github.com/cofaas/cofaas/bench/flow/pb"
)

func main() {
	lis, err := net.Listen("tcp", cmp.Or(os.Getenv("ADDRESS"), "127.0.0.1:50252"))
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	pb.RegisterSinkServer(server, sink{})
	log.SetFlags(0)
	log.Printf("sink: listening on %s", lis.Addr())
	log.Fatal(server.Serve(lis))
}

type sink struct{ pb.UnimplementedSinkServer }

func (sink) Take(_ context.Context, in *pb.Chunk) (*pb.Sum, error) {
	return &pb.Sum{Chunks: 1, Bytes: int64(len(in.Data))}, nil
}

func (sink) Collect(stream grpc.ClientStreamingServer[pb.Chunk, pb.Sum]) error {
	sum := &pb.Sum{}
	for {
		in, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return stream.SendAndClose(sum)
		}
		if err != nil {
			return err
		}
		sum.Chunks++
		sum.Bytes += int64(len(in.Data))
	}
}

func (sink) Emit(o *pb.Order, stream grpc.ServerStreamingServer[pb.Chunk]) error {
	out := &pb.Chunk{Data: make([]byte, o.Bytes)}
	for range o.Chunks {
		if err := stream.Send(out); err != nil {
			return err
		}
	}
	return nil
}

func (sink) Echo(stream grpc.BidiStreamingServer[pb.Chunk, pb.Chunk]) error {
	for {
		in, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.Send(in); err != nil {
			return err
		}
	}
}
