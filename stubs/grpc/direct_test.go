package grpc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/stubs/grpc/codes"
	"github.com/cofaas/cofaas/stubs/grpc/stats"
	"github.com/cofaas/cofaas/stubs/grpc/status"
)

// directServer is a service in the shape of generated code.
type directServer interface{ Call() error }

func generatedHandler(srv any, _ context.Context, dec func(any) error, interceptor UnaryServerInterceptor) (any, error) {
	if err := dec(new(int)); err != nil {
		return nil, err
	}
	if interceptor == nil {
		return new(int), srv.(directServer).Call()
	}
	return interceptor(context.Background(), nil, nil, func(context.Context, any) (any, error) {
		return new(int), srv.(directServer).Call()
	})
}

// directImpl implements directServer and counts its calls, all of them and those of the direct handler.
type directImpl struct {
	all, direct int
	err         error
}

func (s *directImpl) Call() error { s.all++; return s.err }

// directCall is the bindings' part.
type directCall struct{ server *directImpl }

func (d directCall) Serve(ctx context.Context, c *guest.ServerCall) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	d.server.direct++
	if err := d.server.Call(); err != nil {
		return err
	}
	c.Reply(nil)
	return nil
}

func ofInt(m any) error {
	if _, ok := m.(*int); !ok {
		return guest.ErrType
	}
	return nil
}

var services atomic.Int64

// newService returns a name that no other export has, nor one of the same test when it runs again: exports are for ever.
func newService() string { return fmt.Sprintf("test.Direct%d", services.Add(1)) }

// useGuestExports binds methods as in a guest for the duration of a test.
func useGuestExports(t *testing.T) {
	oldMethods, oldBind := bound.methods, bindExport
	t.Cleanup(func() { bound.methods, bindExport = oldMethods, oldBind })
	bindExport = bindToGuest
}

// directExport declares an export with a direct handler for generatedHandler.
func directExport(t *testing.T, service string) *guest.Export {
	useGuestExports(t)
	return guest.NewExport("/"+service+"/"+methodName, 16, 32, 8,
		func(_ guest.Record, m any) error { return ofInt(m) },
		func(_ *guest.Scratch, _ guest.Record, m any) error { return ofInt(m) },
	).WithDirect(functionName(generatedHandler), func(impl any) guest.DirectHandler {
		if s, ok := impl.(*directImpl); ok {
			return directCall{s}
		}
		return nil
	})
}

// served calls an export and returns the code of its status.
func served(e *guest.Export) codes.Code {
	r := e.Enter().Serve()
	if r.U8(0) == 0 {
		return codes.OK
	}
	return codes.Code(r.U32(8))
}

func directDesc(service string) *ServiceDesc {
	return &ServiceDesc{
		ServiceName: service,
		HandlerType: (*directServer)(nil),
		Methods:     []MethodDesc{{MethodName: methodName, Handler: generatedHandler}},
	}
}

func wrapped(h MethodHandler) MethodHandler {
	return func(srv any, ctx context.Context, dec func(any) error, i UnaryServerInterceptor) (any, error) {
		return h(srv, ctx, dec, i)
	}
}

func TestDirect(t *testing.T) {
	intercept := func(ctx context.Context, req any, _ *UnaryServerInfo, h UnaryHandler) (any, error) {
		return h(ctx, req)
	}
	for _, tt := range []struct {
		name   string
		opts   []ServerOption
		change func(*ServiceDesc)
		direct bool
	}{
		{name: "as generated", direct: true},
		{name: "interceptor", opts: []ServerOption{UnaryInterceptor(intercept)}},
		{name: "stats handler", opts: []ServerOption{StatsHandler(nopStats{})}},
		{name: "handler replaced", change: func(d *ServiceDesc) { d.Methods[0].Handler = wrapped(d.Methods[0].Handler) }},
		{name: "description copied", change: func(d *ServiceDesc) { d.Methods = slices.Clone(d.Methods) }, direct: true},
		{name: "description copied with another handler", change: func(d *ServiceDesc) {
			d.Methods = []MethodDesc{{MethodName: methodName, Handler: wrapped(generatedHandler)}}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			service := newService()
			e, desc := directExport(t, service), directDesc(service)
			if tt.change != nil {
				tt.change(desc)
			}
			impl := new(directImpl)
			s := newServing(tt.opts...)
			s.RegisterService(desc, impl)
			if got := served(e); got != codes.OK || impl.all != 1 || (impl.direct == 1) != tt.direct {
				t.Errorf("%v with %d calls, %d of them direct", got, impl.all, impl.direct)
			}
			impl.err = status.Error(codes.NotFound, "no")
			if got := served(e); got != codes.NotFound {
				t.Errorf("a status: got %v", got)
			}
			impl.err = errors.New("no")
			if got := served(e); got != codes.Unknown {
				t.Errorf("an error: got %v", got)
			}
			impl.err = nil
			if got := served(e); got != codes.OK {
				t.Errorf("afterwards: got %v", got)
			}
			s.Stop()
			if got := served(e); got != codes.Unavailable || impl.all != 4 {
				t.Errorf("after Stop: got %v, %d calls", got, impl.all)
			}
			if got := s.active.Load(); got != 0 {
				t.Errorf("%d handlers are said to run", got)
			}
		})
	}
}

type nopStats struct{}

func (nopStats) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context   { return ctx }
func (nopStats) HandleRPC(context.Context, stats.RPCStats)                         {}
func (nopStats) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (nopStats) HandleConn(context.Context, stats.ConnStats)                       {}

// otherImpl implements directServer with a type that the bindings do not know.
type otherImpl struct{ calls int }

func (o *otherImpl) Call() error { o.calls++; return nil }

func TestDirect_OtherImplementation(t *testing.T) {
	service := newService()
	e := directExport(t, service)
	impl := new(otherImpl)
	newServing().RegisterService(directDesc(service), impl)
	if got := served(e); got != codes.OK || impl.calls != 1 {
		t.Errorf("got %v with %d calls", got, impl.calls)
	}
}

// The first server serves until it stops; then another may, with an implementation and options of its own.
func TestDirect_RegisteredTwice(t *testing.T) {
	service := newService()
	e := directExport(t, service)
	first, second := new(directImpl), new(directImpl)
	s := newServing()
	s.RegisterService(directDesc(service), first)
	newServing().RegisterService(directDesc(service), second)
	served(e)
	if first.direct != 1 || second.all != 0 {
		t.Errorf("calls of the first %d, of the second %d", first.direct, second.all)
	}
	s.Stop()
	newServing(StatsHandler(nopStats{})).RegisterService(directDesc(service), second)
	if got := served(e); got != codes.OK || first.all != 1 || second.all != 1 || second.direct != 0 {
		t.Errorf("%v; calls of the first %d, of the second %d", got, first.all, second.all)
	}
}

// failingCall is the bindings' part for a request that cannot be lifted, or a reply that cannot be lowered.
type failingCall struct{ lift, lower error }

func (f failingCall) Serve(_ context.Context, c *guest.ServerCall) error {
	if f.lift != nil {
		return c.NotLifted(f.lift)
	}
	return c.NotLowered(f.lower)
}

// Messages that cannot be lifted or lowered end calls with the status that they do in grpc-go, of which handlers see the error.
func TestFailingMessages(t *testing.T) {
	useGuestExports(t)
	bad := errors.New("bad")
	for _, tt := range []struct {
		name string
		failingCall
		seen string
	}{
		{"request", failingCall{lift: bad}, "grpc: failed to unmarshal the received message: bad"},
		{"reply", failingCall{lower: bad}, ""},
	} {
		for _, direct := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s,direct=%t", tt.name, direct), func(t *testing.T) {
				service := newService()
				e := guest.NewExport("/"+service+"/"+methodName, 16, 32, 8,
					func(guest.Record, any) error { return tt.lift },
					func(*guest.Scratch, guest.Record, any) error { return tt.lower },
				).WithDirect(functionName(generatedHandler), func(any) guest.DirectHandler { return tt.failingCall })
				desc := directDesc(service)
				seen := ""
				if !direct {
					desc.Methods[0].Handler = func(srv any, ctx context.Context, dec func(any) error, i UnaryServerInterceptor) (any, error) {
						reply, err := generatedHandler(srv, ctx, dec, i)
						if err != nil && status.Code(err) == codes.Internal {
							seen = status.Convert(err).Message()
						}
						return reply, err
					}
				}
				newServing().RegisterService(desc, new(directImpl))
				if got := served(e); got != codes.Internal {
					t.Errorf("got %v", got)
				}
				if !direct && seen != tt.seen {
					t.Errorf("the handler sees %q, want %q", seen, tt.seen)
				}
			})
		}
	}
}
