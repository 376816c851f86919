package grpc

import (
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/cofaas/cofaas/guest"
)

// fakeHost connects the imports of this process to its exports, as the host does between guests.
type fakeHost struct {
	mu       sync.Mutex
	exports  map[string]unaryHandler
	served   []string          // addresses
	exported func(string) bool // nil for every method
}

// useFakeHost puts a fake host behind the border for the duration of a test.
func useFakeHost(t testing.TB) *fakeHost {
	h := &fakeHost{exports: map[string]unaryHandler{}}
	oldFind, oldBind, oldReady, oldBound := findImport, bindExport, ready, bound.methods
	t.Cleanup(func() { findImport, bindExport, ready, bound.methods = oldFind, oldBind, oldReady, oldBound })
	bound.methods = nil
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
	ready = func(network, addr string) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.served = append(h.served, network+" "+addr)
	}
	return h
}

// fakeImport calls a handler and copies the messages.
type fakeImport unaryHandler

// unaryHandler serves a call.
type unaryHandler func(serverCall) (reply any, st *guest.Status)

func (f fakeImport) Invoke(call *guest.ClientCall, args, reply any) *guest.Status {
	sc := &fakeCall{request: args.(proto.Message)}
	if call != nil {
		sc.deadline, sc.metadata = call.Deadline, call.Metadata
	}
	out, st := f(sc)
	sc.over = true
	if call != nil && call.WantHeaders {
		call.Header, call.Trailer = sc.header, sc.trailer
	}
	if st != nil {
		return st
	}
	proto.Reset(reply.(proto.Message))
	proto.Merge(reply.(proto.Message), out.(proto.Message))
	return nil
}

// fakeCall is a call to a handler. Like the real one it must not be used once the handler has returned.
type fakeCall struct {
	request         proto.Message
	deadline        int64
	metadata        []guest.Pair
	header, trailer []guest.Pair
	fetched         int
	over            bool
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

func (c *fakeCall) Deadline() int64           { c.check(); return c.deadline }
func (c *fakeCall) HasMetadata() bool         { c.check(); return len(c.metadata) > 0 }
func (c *fakeCall) Metadata() []guest.Pair    { c.check(); c.fetched++; return c.metadata }
func (c *fakeCall) SetHeader(p []guest.Pair)  { c.check(); c.header = p }
func (c *fakeCall) SetTrailer(p []guest.Pair) { c.check(); c.trailer = p }
