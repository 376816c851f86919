package scale

// sharedPackages are those that functions share, by file.
var sharedPackages = map[string]string{
	"shared/dialer/dialer.go": `// Package dialer makes connections as all functions do.
package dialer

import (
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/cofaas/cofaas/test/shared/tracing"
)

// Dial connects to a target.
func Dial(target string, opts ...grpc.DialOption) (*grpc.ClientConn, error) {
	opts = append([]grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials()), tracing.DialOption()}, opts...)
	return grpc.NewClient(target, opts...)
}
`,
	"shared/tracing/tracing.go": `// Package tracing traces calls.
package tracing

import (
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"google.golang.org/grpc"
)

// DialOption traces the calls of a connection.
func DialOption() grpc.DialOption { return grpc.WithStatsHandler(otelgrpc.NewClientHandler()) }

// ServerOption traces the calls of a server.
func ServerOption() grpc.ServerOption { return grpc.StatsHandler(otelgrpc.NewServerHandler()) }
`,
	"shared/interceptors/interceptors.go": `// Package interceptors has what all servers do.
package interceptors

import (
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/recovery"
	"google.golang.org/grpc"

	"github.com/cofaas/cofaas/test/shared/errs"
	"github.com/cofaas/cofaas/test/shared/tracing"
)

// Options are those of all servers.
func Options() []grpc.ServerOption {
	return []grpc.ServerOption{
		tracing.ServerOption(),
		grpc.ChainUnaryInterceptor(recovery.UnaryServerInterceptor(), errs.Unary),
	}
}
`,
	"shared/errs/errs.go": `// Package errs turns errors into statuses.
package errs

import (
	"context"
	"errors"
	"io/fs"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Unary is an interceptor.
func Unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	out, err := handler(ctx, req)
	if errors.Is(err, fs.ErrNotExist) {
		err = status.Error(codes.NotFound, err.Error())
	}
	return out, err
}
`,
	"shared/config/config.go": `// Package config reads the environment.
package config

import (
	"cmp"
	"os"
)

// String is a variable of the environment, or a default.
func String(name, otherwise string) string { return cmp.Or(os.Getenv(name), otherwise) }
`,
	"shared/metrics/metrics.go": `// Package metrics counts.
package metrics

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Handler serves what was counted.
func Handler() http.Handler { return promhttp.Handler() }
`,
}
