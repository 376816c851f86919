package main

import (
	"context"

	rpc "google.golang.org/grpc"
)

type client struct{ cc rpc.ClientConnInterface }

func (c *client) Call(ctx context.Context, in any, opts ...rpc.CallOption) (any, error) {
	cOpts := append([]rpc.CallOption{rpc.StaticMethod()}, opts...)
	out := new(int)
	err := c.cc.Invoke(ctx, "/edits.Service/Call", in, out, cOpts...)
	return out, err
}

func (c *client) Stream(ctx context.Context, opts ...rpc.CallOption) (rpc.ClientStream, error) {
	cOpts := append([]rpc.CallOption{rpc.StaticMethod()}, opts...)
	return c.cc.NewStream(ctx, nil, "/edits.Service/Stream", cOpts...)
}

// Hand-written code keeps what it says.

func (c *client) Changes(ctx context.Context, in, out any, opts ...rpc.CallOption) error {
	cOpts := append([]rpc.CallOption{rpc.StaticMethod()}, opts...)
	cOpts[0] = nil
	return c.cc.Invoke(ctx, "/edits.Service/Call", in, out, cOpts...)
}

func (c *client) Twice(ctx context.Context, in, out any, opts ...rpc.CallOption) error {
	cOpts := append([]rpc.CallOption{rpc.StaticMethod(), rpc.StaticMethod()}, opts...)
	return c.cc.Invoke(ctx, "/edits.Service/Call", in, out, cOpts...)
}

func (c *client) Other(ctx context.Context, cc rpc.ClientConnInterface, in, out any, opts ...rpc.CallOption) error {
	cOpts := append([]rpc.CallOption{rpc.StaticMethod()}, opts...)
	return cc.Invoke(ctx, "/edits.Service/Call", in, out, cOpts...)
}

func (c *client) Lines(ctx context.Context, in, out any, opts ...rpc.CallOption) error {
	cOpts := append([]rpc.CallOption{rpc.StaticMethod()},
		opts...)
	return c.cc.Invoke(ctx, "/edits.Service/Call", in, out, cOpts...)
}

func (c *client) Shadowed(ctx context.Context, in, out any, opts ...rpc.CallOption) error {
	append := func(a []rpc.CallOption, _ ...rpc.CallOption) []rpc.CallOption { return a }
	cOpts := append([]rpc.CallOption{rpc.StaticMethod()}, opts...)
	return c.cc.Invoke(ctx, "/edits.Service/Call", in, out, cOpts...)
}
