package main

import (
	"context"

	. "google.golang.org/grpc"
)

type dotClient struct{ cc ClientConnInterface }

func (c dotClient) Call(ctx context.Context, in, out any, more ...CallOption) error {
	cOpts := append([]CallOption{StaticMethod()}, more...)
	return c.cc.Invoke(ctx, "/edits.Service/Call", in, out, cOpts...)
}
