package isolate

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/cofaas/cofaas/channel"
	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/isolate/protocol"
)

// Method is a method that the function calls. It is safe for concurrent use.
type Method struct {
	runtime    *Runtime
	fullMethod string
	service    *service
	isStream   bool
}

// FindMethod returns the unary method of that name, nil if the function calls no such method.
func (r *Runtime) FindMethod(fullMethod string) *Method { return r.find(fullMethod, false) }

// FindStream returns the streaming method of that name, nil if the function calls no such method.
func (r *Runtime) FindStream(fullMethod string) *Method { return r.find(fullMethod, true) }

func (r *Runtime) find(fullMethod string, isStream bool) *Method {
	if r == nil {
		return nil
	}
	if m := r.methods[fullMethod]; m != nil && m.isStream == isStream {
		return m
	}
	return nil
}

// admit returns the depth of a call that is made under ctx, or why there is none.
func admit(ctx context.Context, call *guest.ClientCall) (depth uint32, st *guest.Status) {
	depth = 1
	if ctx != context.Background() {
		if outer, ok := ctx.Value(guest.DepthKey{}).(uint32); ok {
			depth += outer
		}
	}
	if depth > protocol.MaxDepth {
		return 0, &guest.Status{Code: codeResourceExhausted, Message: fmt.Sprintf("calls between functions nest deeper than %d", protocol.MaxDepth)}
	}
	if call != nil {
		st = overdue(call.Deadline)
	}
	return depth, st
}

// DefaultMaxReply is the limit for messages that are received where the stub does not set another: grpc-go's.
const DefaultMaxReply = 4 << 20

// outgoing is what travels with a call. It is reused.
type outgoing struct {
	header            channel.Header
	metadata, options []byte
}

var outgoings = sync.Pool{New: func() any { return new(outgoing) }}

// largeMetadata is the size of metadata whose memory is not kept.
const largeMetadata = 16 << 10

// set makes the header that of a call. call may be nil.
func (o *outgoing) set(fullMethod string, call *guest.ClientCall, depth uint32) *channel.Header {
	h := &o.header
	*h = channel.Header{Method: fullMethod, Flags: depth << protocol.DepthShift}
	if call == nil {
		return h
	}
	h.Deadline, h.Route = call.Deadline, call.Route
	if h.Metadata = call.Encoded; h.Metadata == nil && len(call.Metadata) > 0 {
		o.metadata = guest.AppendPairs(o.metadata[:0], call.Metadata, false)
		h.Metadata = o.metadata
	}
	if call.Route != 0 && len(call.Options) > 0 {
		o.options = guest.AppendPairs(o.options[:0], call.Options, false)
		h.Options = o.options
	}
	if call.WantHeaders {
		h.Flags |= protocol.WantsHeaders
	}
	if call.WaitForReady {
		h.Flags |= protocol.WaitsForReady
	}
	return h
}

func (o *outgoing) free() {
	o.header = channel.Header{}
	if cap(o.metadata) <= largeMetadata && cap(o.options) <= largeMetadata {
		outgoings.Put(o)
	}
}

// Invoke calls the method with args and sets reply, both pointers to generated messages. It returns nil for OK. call may be nil: no
// deadline, no metadata, no interest in headers. The call ends when ctx does, or when closed is closed: its connection.
func (m *Method) Invoke(ctx context.Context, closed <-chan struct{}, call *guest.ClientCall, args, reply any) *guest.Status {
	depth, st := admit(ctx, call)
	if st != nil {
		return st
	}
	request, st := measure(args)
	if st != nil {
		return st
	}
	o := outgoings.Get().(*outgoing)
	defer o.free()
	h := o.set(m.fullMethod, call, depth)
	to := m.callee(h.Route)
	r, st, err := to.exchange(ctx, closed, h, request)
	if st != nil {
		return st
	}
	if err != nil {
		if isClosed(closed) {
			return guest.ClosingStatus()
		}
		return to.failure(err)
	}
	defer r.Free()
	return receive(r, call, reply)
}

// exchange sends a request and waits for the reply. It returns a status if the request cannot be encoded.
func (c callee) exchange(ctx context.Context, closed <-chan struct{}, h *channel.Header, request measured) (*channel.Reply, *guest.Status, error) {
	if !request.isLarge() {
		b, st := request.encode()
		if st != nil {
			return nil, st, nil
		}
		defer b.free()
		r, err := c.conn.Invoke(ctx, closed, h, b.bytes)
		return r, nil, err
	}
	pending, st, err := c.sendLarge(ctx, closed, h, request)
	if st != nil || err != nil {
		return nil, st, err
	}
	r, err := pending.Wait(ctx, closed)
	return r, nil, err
}

// sendLarge is for a request of which few are to be in memory at a time: it is encoded when it is its turn to be sent.
func (c callee) sendLarge(ctx context.Context, closed <-chan struct{}, h *channel.Header, request measured) (*channel.Pending, *guest.Status, error) {
	if !c.turns.take(ctx, closed) {
		if isClosed(closed) {
			return nil, nil, channel.ErrAbandoned
		}
		return nil, nil, ctx.Err()
	}
	defer c.turns.give()
	b, st := request.encode()
	if st != nil {
		return nil, st, nil
	}
	defer b.free()
	pending, err := c.conn.Start(ctx, closed, h, b.bytes)
	return pending, nil, err
}

func isClosed(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}

// receive makes of a reply what the caller gets.
func receive(r *channel.Reply, call *guest.ClientCall, reply any) *guest.Status {
	limit := DefaultMaxReply
	if call != nil {
		if call.WantHeaders {
			header, trailer, err := guest.ParsePairs(r.Metadata)
			if err != nil {
				return &guest.Status{Code: codeInternal, Message: "grpc: " + err.Error()}
			}
			call.Header, call.Trailer = header, trailer
		}
		if call.MaxReply != 0 {
			limit = call.MaxReply
		}
	}
	if st := decodeStatus(r.Status); st != nil {
		return st
	}
	large := len(r.Payload) > limit
	if large && limit != DefaultMaxReply {
		return tooLarge(len(r.Payload), limit)
	}
	st := decode(r.Payload, reply)
	if large && st == nil && guest.CheckReply != nil {
		st = guest.CheckReply(call, reply) // which knows whether a higher limit is set
	}
	return st
}

// callee is who answers a call.
type callee struct {
	conn  *channel.Conn
	turns turns
	peer  *peer // nil for the host
	of    *service
}

func (m *Method) callee(route uint32) callee {
	if route == 0 {
		if p := m.service.peer.Load(); p != nil {
			return callee{p.conn, p.turns, p, m.service}
		}
	}
	return callee{conn: m.runtime.host, turns: m.runtime.turns}
}

// failure returns the status of a call that was not carried out.
func (c callee) failure(err error) *guest.Status {
	if c.peer == nil {
		return failure(err, "the host")
	}
	if errors.Is(err, channel.ErrClosed) {
		c.of.peer.CompareAndSwap(c.peer, nil)
	}
	return failure(err, "function "+c.peer.name)
}
