// Command consumer serves prodcon.ProducerConsumer.
//
// The environment variable ADDRESS is where it listens, ":50052" unless set.
package main

//go:generate go tool cofaas-gen

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/example/prodcon/protos/prodcon"
)

func main() {
	log.SetPrefix("consumer: ")
	if err := serve(cmp.Or(os.Getenv("ADDRESS"), ":50052")); err != nil {
		log.Fatal(err)
	}
}

// serve serves until the process is told to stop.
func serve(address string) error {
	lis, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("ADDRESS: %w", err)
	}
	server := grpc.NewServer()
	prodcon.RegisterProducerConsumerServer(server, consumer{})
	checks := health.NewServer()
	checks.SetServingStatus(prodcon.ProducerConsumer_ServiceDesc.ServiceName, healthpb.HealthCheckResponse_SERVING)
	healthpb.RegisterHealthServer(server, checks)
	reflection.Register(server)

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the process at once
		server.GracefulStop()
	}()
	log.Printf("listening on %v", lis.Addr())
	return server.Serve(lis)
}

// consumer implements prodcon.ProducerConsumer. Its work does not depend on the size of the payload, so that what
// one measures is the transfer.
type consumer struct {
	prodcon.UnimplementedProducerConsumerServer
}

func (consumer) ConsumeByte(_ context.Context, req *prodcon.ConsumeByteRequest) (*prodcon.ConsumeByteReply, error) {
	value := req.GetValue()
	if len(value) == 0 {
		return nil, status.Error(codes.InvalidArgument, "value is empty")
	}
	last := len(value) - 1
	return &prodcon.ConsumeByteReply{
		Value:  value[0] == 0 && value[last] == byte(last),
		Length: int32(len(value)),
	}, nil
}
