// Package otlptracegrpc has signatures of the library of this path.
package otlptracegrpc

import (
	"context"
	"google.golang.org/grpc"
)

type Exporter struct{}
type Option interface{}

func New(ctx context.Context, options ...Option) (*Exporter, error) { return nil, nil }
func WithEndpoint(endpoint string) Option                           { return nil }
func WithEndpointURL(u string) Option                               { return nil }
func WithInsecure() Option                                          { return nil }
func NewClient(opts ...Option) any                                  { return nil }
func WithGRPCConn(conn *grpc.ClientConn) Option                     { return nil }
