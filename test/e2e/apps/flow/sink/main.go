// Command sink serves flow.v1.Sink.
package main

//go:generate go tool cofaas-gen

import (
	"cmp"
	"errors"
	"io"
	"log"
	"net"
	"os"
	"time"

	"google.golang.org/grpc"

	"github.com/cofaas/cofaas/test/e2e/apps/flow/pb"
)

func main() {
	lis, err := net.Listen("tcp", cmp.Or(os.Getenv("ADDRESS"), "127.0.0.1:50154"))
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	pb.RegisterSinkServer(server, sink{})
	log.Fatal(server.Serve(lis))
}

type sink struct{ pb.UnimplementedSinkServer }

func (sink) Collect(stream grpc.ClientStreamingServer[pb.Item, pb.Sum]) error {
	d := pb.NewDigest()
	for {
		item, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return stream.SendAndClose(d.Sum())
		}
		if err == nil && item.Text == "stop" {
			return stream.SendAndClose(d.Sum())
		}
		if err == nil {
			err = d.Add(item)
		}
		if err != nil {
			return err
		}
	}
}

func (sink) Emit(o *pb.Order, stream grpc.ServerStreamingServer[pb.Item]) error {
	for id := int64(0); o.Endless || id < o.Count; id++ {
		if o.PauseMs > 0 && id == o.Count-1 {
			pb.Compute(time.Duration(o.PauseMs) * time.Millisecond)
		}
		if err := stream.Send(pb.NewItem(id, int(o.Size))); err != nil {
			return err
		}
	}
	return nil
}

func (sink) Echo(stream grpc.BidiStreamingServer[pb.Item, pb.Item]) error {
	for {
		item, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.Send(item); err != nil {
			return err
		}
	}
}
