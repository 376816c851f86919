// Package hand is written by hand, and looks in places like what it is not.
package hand

import (
	"context"

	"google.golang.org/grpc"
	"pb/greeter"
)

// Attach registers a service that another package describes.
func Attach(name string, s grpc.ServiceRegistrar) { // want Attach:"registers x.Greeter"
	s.RegisterService(&greeter.Greeter_ServiceDesc, nil)
}

const prefix = "/hand."

type Client struct{ Conn grpc.ClientConnInterface }

func (c Client) Do(ctx context.Context) error {
	return c.Conn.Invoke(ctx, prefix+"Worker/Do", nil, nil)
}

func Open(cc grpc.ClientConnInterface) (Client, error) { // want Open:"client of hand.Worker"
	return Client{cc}, nil
}

// The rest is not about services.

// Wrapped is a connection, not a client: it has no method of its own to call.
type Wrapped struct{ grpc.ClientConnInterface }

func (w Wrapped) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	return w.ClientConnInterface.Invoke(ctx, method, args, reply, opts...)
}

func Wrap(cc grpc.ClientConnInterface) Wrapped { return Wrapped{cc} } // ok

// Both calls two services, so it is a client of neither.
type Both struct{ cc grpc.ClientConnInterface }

func (b *Both) Call(ctx context.Context) {
	b.cc.Invoke(ctx, "/a.A/M", nil, nil)
	b.cc.Invoke(ctx, "/b.B/M", nil, nil)
}

func NewBoth(cc grpc.ClientConnInterface) *Both { return &Both{cc} } // ok

type bus struct{}

func (bus) Invoke(ctx context.Context, method string, args ...any) {}

func (bus) RegisterService(desc *grpc.ServiceDesc, impl any) {}

type busClient struct{ bus bus }

func (c *busClient) Do(ctx context.Context) { c.bus.Invoke(ctx, "/x.Greeter/SayHello") }

func NewBusClient(b bus) *busClient { return &busClient{b} } // ok

func RegisterOnBus(b bus) { b.RegisterService(&greeter.Greeter_ServiceDesc, nil) } // ok

// Global registers with a server of its own: a use, not a way to register.
func Global() { grpc.NewServer().RegisterService(&greeter.Greeter_ServiceDesc, nil) } // ok

// A description without a constant name is none.
func name() string { return "x.Late" }

var Late = grpc.ServiceDesc{ServiceName: name()} // ok
