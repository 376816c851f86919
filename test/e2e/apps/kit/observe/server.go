package observe

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	grpc_middleware "github.com/grpc-ecosystem/go-grpc-middleware"
	grpc_recovery "github.com/grpc-ecosystem/go-grpc-middleware/recovery"
	grpc_ctxtags "github.com/grpc-ecosystem/go-grpc-middleware/tags"
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors"
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/auth"
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/logging"
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/ratelimit"
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/realip"
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/recovery"
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/selector"
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/validator"
	otgrpc "github.com/opentracing-contrib/go-grpc"
	"go.opencensus.io/plugin/ocgrpc"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"
)

// Token is what callers have to know.
const Token = "open sesame"

type userKey struct{}

// authenticate puts the user into the context.
func authenticate(ctx context.Context) (context.Context, error) {
	token, err := auth.AuthFromMD(ctx, "bearer")
	if err != nil {
		return nil, err
	}
	if token != Token {
		return nil, status.Error(codes.Unauthenticated, "who is there?")
	}
	return context.WithValue(ctx, userKey{}, "ali"), nil
}

// User returns what authenticate has found out.
func User(ctx context.Context) string {
	user, _ := ctx.Value(userKey{}).(string)
	return user
}

// limiter limits those who ask for it.
type limiter struct{}

func (limiter) Limit(ctx context.Context) error {
	if v := metadata.ValueFromIncomingContext(ctx, "x-limit"); len(v) > 0 {
		return fmt.Errorf("%s is the limit", v[0])
	}
	return nil
}

// recovered says what a handler panicked with.
func recovered(p any) error { return status.Errorf(codes.Internal, "recovered: %v", p) }

// NewServer returns a server with all its middleware, and with health checks and reflection.
func (o *Observer) NewServer() *grpc.Server {
	secured := selector.MatchFunc(func(_ context.Context, c interceptors.CallMeta) bool {
		return c.Service != healthpb.Health_ServiceDesc.ServiceName
	})
	local := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	server := grpc.NewServer(
		grpc.StatsHandler(otelgrpc.NewServerHandler(
			otelgrpc.WithTracerProvider(o.provider), otelgrpc.WithPropagators(propagator),
			otelgrpc.WithMessageEvents(otelgrpc.ReceivedEvents, otelgrpc.SentEvents))),
		grpc.StatsHandler(&ocgrpc.ServerHandler{}),
		grpc.StatsHandler(&o.inProgress),
		grpc.ChainUnaryInterceptor(
			otgrpc.OpenTracingServerInterceptor(o.opentracing),
			o.serverMetrics.UnaryServerInterceptor(),
			o.serverProm.UnaryServerInterceptor(),
			logging.UnaryServerInterceptor(logging.LoggerFunc(o.Log)),
			selector.UnaryServerInterceptor(auth.UnaryServerInterceptor(authenticate), secured),
			ratelimit.UnaryServerInterceptor(limiter{}),
			realip.UnaryServerInterceptorOpts(realip.WithTrustedPeers(local), realip.WithHeaders([]string{realip.XForwardedFor})),
			validator.UnaryServerInterceptor(),
			recovery.UnaryServerInterceptor(recovery.WithRecoveryHandler(recovered)),
			grpc_middleware.ChainUnaryServer(
				grpc_ctxtags.UnaryServerInterceptor(),
				grpc_recovery.UnaryServerInterceptor(grpc_recovery.WithRecoveryHandler(func(p any) error {
					if p == "twice" {
						panic("twice as bad")
					}
					return recovered(p)
				})),
			),
		),
		grpc.ChainStreamInterceptor(
			otgrpc.OpenTracingStreamServerInterceptor(o.opentracing),
			o.serverMetrics.StreamServerInterceptor(),
			o.serverProm.StreamServerInterceptor(),
			logging.StreamServerInterceptor(logging.LoggerFunc(o.Log)),
			selector.StreamServerInterceptor(auth.StreamServerInterceptor(authenticate), secured),
			ratelimit.StreamServerInterceptor(limiter{}),
			validator.StreamServerInterceptor(),
			recovery.StreamServerInterceptor(recovery.WithRecoveryHandler(recovered)),
		),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: time.Minute}),
		grpc.MaxConcurrentStreams(100),
	)
	healthpb.RegisterHealthServer(server, health.NewServer())
	reflection.Register(server)
	return server
}
