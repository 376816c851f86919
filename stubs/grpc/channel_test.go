//go:build !wasip1

package grpc

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cofaas/cofaas/channel"
	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/isolate"
	"github.com/cofaas/cofaas/isolate/isolatetest"
	"github.com/cofaas/cofaas/isolate/protocol"
)

func init() {
	stubKits = append(stubKits,
		namedKit{"a channel", stubKit(func(t *testing.T) { useChannel(t, relayed) })},
		namedKit{"a direct channel", stubKit(func(t *testing.T) { useChannel(t, direct) })})
}

// How a test's calls go.
const (
	relayed = iota // by a host, which makes them again
	direct         // straight from one end of a channel to the other
)

// suiteMethods are those of the suites' services.
func suiteMethods() map[string]protocol.Import {
	methods := map[string]protocol.Import{fullName: {}, "/" + streamService + "/Unary": {}}
	for _, m := range streamMethods {
		methods["/"+streamService+"/"+m.name] = protocol.Import{ClientStreams: m.client, ServerStreams: m.server}
	}
	return methods
}

// useChannel puts a native isolate behind the border for the duration of a test: one that calls itself.
func useChannel(t testing.TB, how int) *isolatetest.Host {
	t.Helper()
	return useChannelFor(t, how, suiteMethods(), serviceName, streamService)
}

// useChannelFor is useChannel for some methods of some services.
func useChannelFor(t testing.TB, how int, methods map[string]protocol.Import, services ...string) *isolatetest.Host {
	t.Helper()
	keepBorder(t)
	h := &isolatetest.Host{
		Welcome: protocol.Welcome{Function: "echo", Imports: methods},
		Route:   func(service string, _ guest.Routing) uint32 { return routeToEcho(service) },
	}
	for m := range methods {
		h.Welcome.Exports = append(h.Welcome.Exports, m)
	}
	if how == direct {
		h.Calls = func(c *channel.ServerCall) {
			t.Errorf("%s is called by way of the host", c.Method)
			isolatetest.Relay(h.Conn(), c)
		}
	}
	calls := new(callOrder)
	t.Cleanup(calls.end)
	rt := h.Start(t, channel.Best())
	if how == direct {
		isolatetest.Connect(t, channel.Best(), h, h, services...)
	}
	findImport = func(m string) importedMethod {
		if imp := importOf(rt, m); imp != nil {
			return orderedImport{imp, calls}
		}
		return nil
	}
	findStreamImport = func(m string) opener {
		if open := streamImportOf(rt, m); open != nil {
			return func(ctx context.Context, call *guest.ClientCall) transport {
				return orderedTransport{open(ctx, call), calls}
			}
		}
		return nil
	}
	bindExport = func(m string, method *boundMethod) bool {
		return rt.BindUnary(m, func(c *isolate.ServerCall) (reply any, st *guest.Status) {
			st = calls.serve(func() (st *guest.Status) { reply, st = method.serve(c); return st })
			return reply, st
		})
	}
	bindStreamExport = func(m string, method *boundStream) bool {
		return rt.BindStream(m, func(c *isolate.ServerCall, s *isolate.ServerStream) *guest.Status {
			return calls.serve(func() *guest.Status { return method.serve(c, orderedTransport{s, calls}) })
		})
	}
	findRoute = func(service string, describe func() guest.Routing) uint32 { return routeOf(rt, service, describe) }
	giveRoute = func(n uint32) { giveRouteOf(rt, n) }
	ready = func(network, addr string) { readyOn(rt, network, addr) }
	return h
}

// callOrder has the race detector know that the two ends of a call wait for each other, which it does not see of memory that processes
// share. And it keeps calls that come late from being served by the next test's server, or from being under way when it begins.
type callOrder struct {
	order atomic.Int64
	calls sync.RWMutex
	over  bool
}

func (o *callOrder) touch() { o.order.Add(1) }

func (o *callOrder) end() {
	o.calls.Lock()
	defer o.calls.Unlock()
	o.over = true
}

// serve runs a handler.
func (o *callOrder) serve(f func() *guest.Status) *guest.Status {
	o.calls.RLock()
	defer o.calls.RUnlock()
	if o.over {
		return errCutOff
	}
	o.touch()
	defer o.touch()
	return f()
}

type orderedImport struct {
	importedMethod
	*callOrder
}

func (i orderedImport) Invoke(ctx context.Context, closed <-chan struct{}, call *guest.ClientCall, args, reply any) *guest.Status {
	i.touch()
	defer i.touch()
	return i.importedMethod.Invoke(ctx, closed, call, args, reply)
}

type orderedTransport struct {
	transport
	*callOrder
}

func (o orderedTransport) IsLarge() *bool { return mayBeLarge(o.transport) }

func (o orderedTransport) Send(ctx context.Context, m any) error {
	o.touch()
	return o.transport.Send(ctx, m)
}

func (o orderedTransport) Recv(ctx context.Context, m any) error {
	defer o.touch()
	return o.transport.Recv(ctx, m)
}
