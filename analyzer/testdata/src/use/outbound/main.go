// Command outbound makes connections for gRPC and for other things.
package main

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"google.golang.org/grpc"

	"use/openers"
)

func main() {
	opts := []grpc.DialOption{
		grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) {
			return net.Dial("unix", addr) // want `outbound net.Dial to .* rpc: it is called by the dialer that gRPC gets at main.go:17`
		}),
	}
	grpc.NewClient("a:1", opts...)                                           // want `dial "a:1", with a dialer of its own at main.go:17`
	grpc.NewClient("b:1", append(plain(), grpc.WithContextDialer(named))...) // want `dial "b:1", with a dialer of its own at main.go:22`
	grpc.NewClient("c:1", plain()...)                                        // want `dial "c:1"$`

	// Not gRPC.
	net.Dial("tcp", "redis:6379")                          // want `outbound net.Dial to redis:6379 kept: no dialer of gRPC calls it`
	net.DialTimeout("tcp", "memcached:11211", time.Second) // want `outbound net.DialTimeout to memcached:11211 kept`
	var d net.Dialer
	d.DialContext(context.Background(), "tcp", "pg:5432") // want `outbound net.Dialer.DialContext to pg:5432 kept`
	tls.Dial("tcp", "smtp:465", nil)                      // want `outbound tls.Dial to smtp:465 kept`
	openers.Connect("x:1")                                // ok
	fake{}.Dial("tcp", "y:1")                             // ok
}

func named(ctx context.Context, addr string) (net.Conn, error) {
	return (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", addr) // want `outbound net.Dialer.DialContext to parameter addr of named rpc: `
}

func plain() []grpc.DialOption { return nil }

type fake struct{}

func (fake) Dial(network, address string) {}
