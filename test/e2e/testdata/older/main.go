// Command older serves helloworld.Greeter with interceptors that OpenTelemetry has replaced by stats handlers since.
package main

//go:generate go tool cofaas-gen

import (
	"cmp"
	"context"
	"log"
	"net"
	"os"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/cofaas/cofaas/example/prodcon/protos/helloworld"
)

func main() {
	lis, err := net.Listen("tcp", cmp.Or(os.Getenv("ADDRESS"), "127.0.0.1:50451"))
	if err != nil {
		log.Fatal(err)
	}
	traces := otelgrpc.WithPropagators(propagation.TraceContext{})
	conn, err := grpc.NewClient("localhost:1",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithUnaryInterceptor(otelgrpc.UnaryClientInterceptor(traces)),
		grpc.WithStreamInterceptor(otelgrpc.StreamClientInterceptor(traces)))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	server := grpc.NewServer(
		grpc.UnaryInterceptor(otelgrpc.UnaryServerInterceptor(traces)),
		grpc.StreamInterceptor(otelgrpc.StreamServerInterceptor(traces)))
	helloworld.RegisterGreeterServer(server, greeter{})
	log.Fatal(server.Serve(lis))
}

type greeter struct {
	helloworld.UnimplementedGreeterServer
}

// SayHello answers with the trace that the call belongs to.
func (greeter) SayHello(ctx context.Context, _ *helloworld.HelloRequest) (*helloworld.HelloReply, error) {
	return &helloworld.HelloReply{Message: trace.SpanContextFromContext(ctx).TraceID().String()}, nil
}
