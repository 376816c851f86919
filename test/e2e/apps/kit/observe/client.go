package observe

import (
	"context"
	"time"

	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/logging"
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/retry"
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/timeout"
	otgrpc "github.com/opentracing-contrib/go-grpc"
	"go.opencensus.io/plugin/ocgrpc"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/balancer/roundrobin"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/keepalive"

	"github.com/cofaas/cofaas/test/e2e/apps/kit/pb"
)

// Dial returns a connection with all its middleware.
func (o *Observer) Dial(target string) (*grpc.ClientConn, error) {
	return grpc.NewClient(target,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithPerRPCCredentials(bearer(Token)),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig": [{"`+roundrobin.Name+`": {}}]}`),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: time.Minute}),
		grpc.WithDefaultCallOptions(grpc.UseCompressor(gzip.Name), grpc.WaitForReady(true)),
		grpc.WithStatsHandler(otelgrpc.NewClientHandler(
			otelgrpc.WithTracerProvider(o.provider), otelgrpc.WithPropagators(propagator),
			otelgrpc.WithMessageEvents(otelgrpc.ReceivedEvents, otelgrpc.SentEvents))),
		grpc.WithStatsHandler(&ocgrpc.ClientHandler{}),
		grpc.WithChainUnaryInterceptor(
			otgrpc.OpenTracingClientInterceptor(o.opentracing),
			o.clientMetrics.UnaryClientInterceptor(),
			o.clientProm.UnaryClientInterceptor(),
			logging.UnaryClientInterceptor(logging.LoggerFunc(o.Log)),
			retry.UnaryClientInterceptor(
				retry.WithMax(4), retry.WithCodes(codes.Unavailable), retry.WithBackoff(retry.BackoffLinear(time.Millisecond))),
			unaryTimeout,
		),
		grpc.WithChainStreamInterceptor(
			otgrpc.OpenTracingStreamClientInterceptor(o.opentracing),
			o.clientMetrics.StreamClientInterceptor(),
			o.clientProm.StreamClientInterceptor(),
			logging.StreamClientInterceptor(logging.LoggerFunc(o.Log)),
			retry.StreamClientInterceptor(),
		),
	)
}

var waits, others = timeout.UnaryClientInterceptor(waitTimeout), timeout.UnaryClientInterceptor(timeoutElse)

// unaryTimeout has only those calls end soon that are to wait in vain.
func unaryTimeout(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	if task, ok := req.(*pb.Task); ok && task.What == "wait" {
		return waits(ctx, method, req, reply, cc, invoker, opts...)
	}
	return others(ctx, method, req, reply, cc, invoker, opts...)
}

// bearer is a token as per-call credentials.
type bearer string

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "bearer " + string(b)}, nil
}

func (bearer) RequireTransportSecurity() bool { return false }
