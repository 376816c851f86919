// Package hidden mentions gRPC only where its users cannot get at it.
package hidden

import "google.golang.org/grpc"

type Option interface{ apply([]grpc.DialOption) }

type Client struct{ conn *grpc.ClientConn }

func New(opts ...Option) *Client { return nil }

func WithTarget(target string) Option { return nil }
