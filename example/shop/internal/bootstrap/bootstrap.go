// Package bootstrap runs the gRPC server of a function, with what every function of the shop has: logs, traces, recovery from panics,
// health checks, reflection, and an end that lets calls end.
package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"

	"github.com/cofaas/cofaas/example/shop/internal/interceptors"
	"github.com/cofaas/cofaas/example/shop/internal/telemetry"
)

// drain is how long calls may take to end.
const drain = 10 * time.Second

// Option changes an App.
type Option func(*App)

// WithAuth has all calls authenticated.
func WithAuth(auth interceptors.Authenticate) Option { return func(a *App) { a.auth = auth } }

// WithServerOptions adds options of the server.
func WithServerOptions(opts ...grpc.ServerOption) Option {
	return func(a *App) { a.opts = append(a.opts, opts...) }
}

// App is a function: register services on Server, and Run it.
type App struct {
	Log    *slog.Logger
	Server *grpc.Server

	name     string
	auth     interceptors.Authenticate
	opts     []grpc.ServerOption
	health   *health.Server
	shutdown []func(context.Context) error
}

// New sets a function up.
func New(ctx context.Context, name string, opts ...Option) (*App, error) {
	log, err := telemetry.Logger(name)
	if err != nil {
		return nil, err
	}
	traces, err := telemetry.Setup(ctx, name)
	if err != nil {
		return nil, err
	}
	a := &App{Log: log, name: name, health: health.NewServer()}
	a.OnStop(traces)
	for _, opt := range opts {
		opt(a)
	}
	a.Server = grpc.NewServer(append(ServerOptions(log, a.auth), a.opts...)...)
	healthpb.RegisterHealthServer(a.Server, a.health)
	reflection.Register(a.Server)
	return a, nil
}

// ServerOptions are the options of every server of the shop.
func ServerOptions(log *slog.Logger, auth interceptors.Authenticate) []grpc.ServerOption {
	opts := []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(interceptors.Unary(log, auth)...),
		grpc.ChainStreamInterceptor(interceptors.Stream(log, auth)...),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 30 * time.Second, PermitWithoutStream: true}),
	}
	if telemetry.Enabled() {
		opts = append(opts, grpc.StatsHandler(otelgrpc.NewServerHandler()))
	}
	return opts
}

// OnStop has f called when the server has stopped: the last one first.
func (a *App) OnStop(f func(context.Context) error) { a.shutdown = append(a.shutdown, f) }

// Close is OnStop for what has a method Close.
func (a *App) Close(c interface{ Close() error }) {
	a.OnStop(func(context.Context) error { return c.Close() })
}

// Run listens, and serves until ctx is done or the process is told to stop.
func (a *App) Run(ctx context.Context, address string) error {
	lis, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("%s: %w", a.name, err)
	}
	return a.Serve(ctx, lis)
}

// Serve is Run with a listener, which it closes.
func (a *App) Serve(ctx context.Context, lis net.Listener) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	for name := range a.Server.GetServiceInfo() {
		a.health.SetServingStatus(name, healthpb.HealthCheckResponse_SERVING)
	}
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the process at once
		a.health.Shutdown()
		timer := time.AfterFunc(drain, a.Server.Stop)
		defer timer.Stop()
		a.Server.GracefulStop()
	}()
	a.Log.Info("listening", "address", lis.Addr().String())
	errs := []error{a.Server.Serve(lis)}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	for i := len(a.shutdown) - 1; i >= 0; i-- {
		errs = append(errs, a.shutdown[i](last))
	}
	return errors.Join(errs...)
}
