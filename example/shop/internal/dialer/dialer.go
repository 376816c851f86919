// Package dialer makes the connections of the shop's functions to each other. They all have retries, traces and the metadata that
// goes along with a request.
package dialer

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	"github.com/cofaas/cofaas/example/shop/internal/interceptors"
	"github.com/cofaas/cofaas/example/shop/internal/telemetry"
)

// serviceConfig retries what a server has not begun to handle.
const serviceConfig = `{
	"loadBalancingConfig": [{"round_robin": {}}],
	"methodConfig": [{
		"name": [{}],
		"waitForReady": true,
		"timeout": "20s",
		"retryPolicy": {
			"maxAttempts": 4,
			"initialBackoff": "0.05s",
			"maxBackoff": "1s",
			"backoffMultiplier": 2,
			"retryableStatusCodes": ["UNAVAILABLE"]
		}
	}]
}`

// Option changes a connection.
type Option func(*settings)

type settings struct {
	dial  []grpc.DialOption
	unary []grpc.UnaryClientInterceptor
}

// WithToken sends a bearer token with each call.
func WithToken(token string) Option {
	return func(s *settings) { s.dial = append(s.dial, grpc.WithPerRPCCredentials(bearer(token))) }
}

// WithTimeout bounds unary calls that have no deadline of their own.
func WithTimeout(d time.Duration) Option {
	return func(s *settings) { s.unary = append(s.unary, timeout(d)) }
}

// WithDialOptions is for what has no option here, such as a dialer of tests.
func WithDialOptions(opts ...grpc.DialOption) Option {
	return func(s *settings) { s.dial = append(s.dial, opts...) }
}

// Dial returns a connection to a function of the shop. It connects with the first call.
func Dial(target string, opts ...Option) (*grpc.ClientConn, error) {
	s := settings{
		dial: []grpc.DialOption{
			grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithDefaultServiceConfig(serviceConfig),
			grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: time.Minute, Timeout: 10 * time.Second}),
			grpc.WithChainStreamInterceptor(interceptors.PropagateStream),
		},
		unary: []grpc.UnaryClientInterceptor{interceptors.Propagate},
	}
	if telemetry.Enabled() {
		s.dial = append(s.dial, grpc.WithStatsHandler(otelgrpc.NewClientHandler()))
	}
	for _, opt := range opts {
		opt(&s)
	}
	conn, err := grpc.NewClient(target, append(s.dial, grpc.WithChainUnaryInterceptor(s.unary...))...)
	if err != nil {
		return nil, fmt.Errorf("dial %q: %w", target, err)
	}
	return conn, nil
}

// Client dials, and returns a client on the connection, and what closes it.
func Client[T any](target string, newClient func(grpc.ClientConnInterface) T, opts ...Option) (client T, close func() error, err error) {
	conn, err := Dial(target, opts...)
	if err != nil {
		return client, nil, err
	}
	return newClient(conn), conn.Close, nil
}

func timeout(d time.Duration) grpc.UnaryClientInterceptor {
	return func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		if _, ok := ctx.Deadline(); !ok {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, d)
			defer cancel()
		}
		return invoker(ctx, method, req, reply, cc, opts...)
	}
}

// bearer is a token as credentials. The shop's network is its own, so it may go unencrypted.
type bearer string

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(b)}, nil
}

func (bearer) RequireTransportSecurity() bool { return false }
