// Command producer serves helloworld.Greeter, and for each greeting sends data to a consumer.
//
// It is configured by environment variables, all of them optional:
//
//	ADDRESS              where it listens (":50051")
//	CONSUMER_ADDRESS     the gRPC target of the consumer ("localhost:50052")
//	TRANSFER_SIZE_KB     size of one transfer in units of 1024 bytes; fractions are allowed ("1")
//	TRANSFER_SIZE_BYTES  the same in bytes; set at most one of the two
//	REPEATS              transfers per greeting ("1")
//	DIAL                 "once": one connection for all requests (the default); "request": one for each
package main

//go:generate go tool cofaas-gen

import (
	"context"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"

	"github.com/cofaas/cofaas/example/prodcon/protos/helloworld"
)

func main() {
	log.SetPrefix("producer: ")
	cfg, err := loadConfig(os.Getenv)
	if err != nil {
		log.Fatal(err)
	}
	if err := serve(cfg); err != nil {
		log.Fatal(err)
	}
}

// serve serves until the process is told to stop.
func serve(cfg config) error {
	dial := func() (*grpc.ClientConn, error) {
		return grpc.NewClient(cfg.consumer, grpc.WithTransportCredentials(insecure.NewCredentials()))
	}
	consumers := perRequest(dial)
	if cfg.dialOnce {
		conn, err := dial()
		if err != nil {
			return fmt.Errorf("CONSUMER_ADDRESS: %w", err)
		}
		defer conn.Close()
		consumers = shared(conn)
	}

	lis, err := net.Listen("tcp", cfg.address)
	if err != nil {
		return fmt.Errorf("ADDRESS: %w", err)
	}
	server := grpc.NewServer()
	helloworld.RegisterGreeterServer(server, newGreeter(consumers, cfg.size, cfg.repeats))
	checks := health.NewServer()
	checks.SetServingStatus(helloworld.Greeter_ServiceDesc.ServiceName, healthpb.HealthCheckResponse_SERVING)
	healthpb.RegisterHealthServer(server, checks)
	reflection.Register(server)

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the process at once
		server.GracefulStop()
	}()
	log.Printf("listening on %v, sending %d x %d bytes to %s", lis.Addr(), cfg.repeats, cfg.size, cfg.consumer)
	return server.Serve(lis)
}
