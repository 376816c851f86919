package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/example/shop/internal/bootstrap"
)

// metrics counts calls for Prometheus.
type metrics struct {
	registry *prometheus.Registry
	calls    *prometheus.CounterVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		calls:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "shipping_calls_total", Help: "Calls, by method and code."}, []string{"method", "code"}),
	}
	m.registry.MustRegister(m.calls)
	return m
}

func (m *metrics) serverOption() bootstrap.Option {
	return bootstrap.WithServerOptions(
		grpc.ChainUnaryInterceptor(func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
			resp, err := handler(ctx, req)
			m.count(info.FullMethod, err)
			return resp, err
		}),
		grpc.ChainStreamInterceptor(func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
			err := handler(srv, stream)
			m.count(info.FullMethod, err)
			return err
		}),
	)
}

func (m *metrics) count(method string, err error) {
	m.calls.WithLabelValues(method, status.Code(err).String()).Inc()
}

// serveAdmin serves HTTP until the server that it returns is shut down.
func serveAdmin(address string, m *metrics, log *slog.Logger) (*http.Server, error) {
	lis, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: adminHandler(m), ReadHeaderTimeout: 5 * time.Second}
	go func() {
		if err := server.Serve(lis); !errors.Is(err, http.ErrServerClosed) {
			log.Error("HTTP ended", "error", err)
		}
	}()
	log.Info("listening for HTTP", "address", lis.Addr().String())
	return server, nil
}

func adminHandler(m *metrics) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	return mux
}
