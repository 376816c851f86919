package grpc

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/stubs/grpc/codes"
)

// fakeHost connects the imports of this process to its exports, as the host does between guests.
type fakeHost struct {
	mu       sync.Mutex
	exports  map[string]unaryHandler
	streams  map[string]streamServer
	served   []string          // addresses
	exported func(string) bool // nil for every method
	calls    sync.WaitGroup    // streams that are served
}

// useFakeHost puts a fake host behind the border for the duration of a test.
func useFakeHost(t testing.TB) *fakeHost {
	h := &fakeHost{exports: map[string]unaryHandler{}, streams: map[string]streamServer{}}
	keepBorder(t)
	t.Cleanup(h.calls.Wait) // none is to be served by the next test's server
	findImport = func(m string) importedMethod {
		if handler := h.exports[m]; handler != nil {
			return fakeImport(handler)
		}
		return nil
	}
	bindExport = func(m string, method *boundMethod) bool {
		if h.exported != nil && !h.exported(m) {
			return false
		}
		h.exports[m] = method.serve
		return true
	}
	findStreamImport = func(m string) opener {
		if serve := h.streams[m]; serve != nil {
			return func(_ context.Context, call *guest.ClientCall) transport { return openFake(h, serve, call) }
		}
		return nil
	}
	bindStreamExport = func(m string, method *boundStream) bool {
		if h.exported != nil && !h.exported(m) {
			return false
		}
		h.streams[m] = method.serve
		return true
	}
	ready = func(network, addr string) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.served = append(h.served, network+" "+addr)
	}
	return h
}

// keepBorder has a test begin without methods, and the border be as it is when the test is over.
func keepBorder(t testing.TB) {
	oldFind, oldBind, oldReady, oldBound := findImport, bindExport, ready, bound.methods
	oldFindStream, oldBindStream, oldRoute, oldGive := findStreamImport, bindStreamExport, findRoute, giveRoute
	t.Cleanup(func() {
		findImport, bindExport, ready = oldFind, oldBind, oldReady
		bound.mu.Lock() // streams may be left
		bound.methods = oldBound
		bound.mu.Unlock()
		findStreamImport, bindStreamExport, findRoute, giveRoute = oldFindStream, oldBindStream, oldRoute, oldGive
	})
	bound.mu.Lock()
	bound.methods = nil
	bound.mu.Unlock()
}

// newServing returns a server that serves, without a listener.
func newServing(opts ...ServerOption) *Server {
	s := NewServer(opts...)
	s.serving.Store(true)
	return s
}

// fakeImport calls a handler and copies the messages.
type fakeImport unaryHandler

// unaryHandler serves a call.
type unaryHandler func(serverCall) (reply any, st *guest.Status)

func (f fakeImport) Invoke(_ context.Context, _ <-chan struct{}, call *guest.ClientCall, args, reply any) *guest.Status {
	request, ok := args.(proto.Message)
	if !ok {
		return guestError(codes.Internal, fmt.Sprintf("grpc: error while marshaling: proto: failed to marshal, message is %T, want proto.Message", args))
	}
	sc := &fakeCall{request: request}
	if call != nil {
		sc.waits = call.WaitForReady
		sc.deadline, sc.metadata = call.Deadline, call.Pairs()
	}
	defer sc.end()
	out, st := f(sc)
	sc.over = true
	if call != nil && call.WantHeaders {
		call.Header, call.Trailer = sc.header, sc.trailer
	}
	if st != nil {
		return st
	}
	m, ok := reply.(proto.Message)
	if !ok {
		return guestError(codes.Internal, fmt.Sprintf("grpc: failed to unmarshal the received message: failed to unmarshal, message is %T, want proto.Message", reply))
	}
	proto.Reset(m)
	proto.Merge(m, out.(proto.Message))
	return guest.CheckReply(call, m)
}

// fakeCall is a call to a handler. Like the real one it must not be used once the handler has returned.
type fakeCall struct {
	request         proto.Message
	deadline        int64
	metadata        []guest.Pair
	header, trailer []guest.Pair
	fetched         int
	over, waits     bool
	canceller       atomic.Pointer[guest.Canceller]
	answered        guest.AnswerWatcher
}

// end is called when the caller has the outcome.
func (c *fakeCall) end() {
	if c.answered != nil {
		c.answered.Answered()
	}
}

// cancel is what the host does when nobody waits for the call.
func (c *fakeCall) cancel() {
	if ctx := c.canceller.Load(); ctx != nil {
		(*ctx).Cancel()
	}
}

func (c *fakeCall) check() {
	if c.over {
		panic("the call is over")
	}
}

func (c *fakeCall) Decoder() func(any) error {
	c.check()
	return func(m any) error {
		c.check()
		proto.Merge(m.(proto.Message), c.request)
		return nil
	}
}

func (c *fakeCall) Deadline() int64          { c.check(); return c.deadline }
func (c *fakeCall) HasMetadata() bool        { c.check(); return len(c.metadata) > 0 }
func (c *fakeCall) Metadata() []guest.Pair   { c.check(); c.fetched++; return c.metadata }
func (c *fakeCall) SetHeader(p []guest.Pair) { c.check(); c.header = p }

// OnAnswer has GracefulStop wait for the reply to be copied.
func (c *fakeCall) OnAnswer(w guest.AnswerWatcher) bool { c.check(); c.answered = w; return true }

func (c *fakeCall) OnCancel(ctx guest.Canceller) { c.check(); c.canceller.Store(&ctx) }
func (c *fakeCall) SetTrailer(p []guest.Pair)    { c.check(); c.trailer = p }
func (c *fakeCall) WaitsForReady() bool          { c.check(); return c.waits }
func (c *fakeCall) IsLarge() bool                { c.check(); return true }
func (c *fakeCall) Depth() uint32                { c.check(); return 0 }
