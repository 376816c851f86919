// Package shoptest connects clients to servers without a network, for tests of functions.
package shoptest

import (
	"context"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"

	"github.com/cofaas/cofaas/example/shop/internal/dialer"
	"github.com/cofaas/cofaas/example/shop/internal/interceptors"
)

// Serve serves what register registers until the test ends, and returns a connection like those of the shop to it.
func Serve(t testing.TB, register func(*grpc.Server), opts ...grpc.ServerOption) *grpc.ClientConn {
	t.Helper()
	return Listen(t, register, opts...)()
}

// Listen is Serve for several connections: what it returns makes one.
func Listen(t testing.TB, register func(*grpc.Server), opts ...grpc.ServerOption) (dial func(...dialer.Option) *grpc.ClientConn) {
	t.Helper()
	lis := bufconn.Listen(1 << 20)
	server := grpc.NewServer(opts...)
	register(server)
	go server.Serve(lis)
	t.Cleanup(server.Stop)
	network := dialer.WithDialOptions(
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }))
	return func(opts ...dialer.Option) *grpc.ClientConn {
		t.Helper()
		conn, err := dialer.Dial("passthrough:///bufconn", append(opts, network)...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
}

// As returns a context for calls on behalf of a user.
func As(t testing.TB, user string) context.Context {
	return metadata.AppendToOutgoingContext(t.Context(), interceptors.UserKey, user)
}

// Detail returns the detail of an error, which has to have just one.
func Detail[M proto.Message](t testing.TB, err error) M {
	t.Helper()
	details := status.Convert(err).Details()
	if len(details) == 1 {
		if m, ok := details[0].(M); ok {
			return m
		}
	}
	t.Fatalf("%v has details %v", err, details)
	panic("unreachable")
}
