// Command worker serves compute.v1.Worker.
package main

//go:generate go tool cofaas-gen -place wasm,native

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/bench/compute/kernels"
	"github.com/cofaas/cofaas/bench/compute/pb"
)

func main() {
	lis, err := net.Listen("tcp", cmp.Or(os.Getenv("ADDRESS"), "127.0.0.1:50262"))
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	pb.RegisterWorkerServer(server, worker{})
	log.SetFlags(0)
	log.Printf("worker: listening on %s", lis.Addr())
	log.Fatal(server.Serve(lis))
}

type worker struct{ pb.UnimplementedWorkerServer }

func (worker) Do(_ context.Context, in *pb.Work) (*pb.Done, error) {
	if in.GetKernel() == "" {
		return &pb.Done{Sum: uint64(len(in.GetData()))}, nil
	}
	begin := time.Now()
	sum, err := kernels.Run(in.GetKernel(), int(in.GetN()))
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	return &pb.Done{Nanoseconds: time.Since(begin).Nanoseconds(), Sum: sum}, nil
}

func (worker) Take(stream grpc.ClientStreamingServer[pb.Work, pb.Done]) error {
	var sum uint64
	for {
		in, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return stream.SendAndClose(&pb.Done{Sum: sum})
		}
		if err != nil {
			return err
		}
		sum += uint64(len(in.GetData()))
	}
}
