package grpc

import (
	"bytes"
	"context"
	"sync"

	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/stubs/grpc/internal/callctx"
	"github.com/cofaas/cofaas/stubs/grpc/internal/coop"
)

// invokeUnder is the hot path of a guest that calls under a context with a deadline or metadata.
func (cc *ClientConn) invokeUnder(ctx context.Context, imp importedMethod, waits bool, args, reply any, opts []CallOption) error {
	deadline, err := deadlineOf(ctx)
	if err != nil {
		return toRPCError(err)
	}
	md, _ := ctx.Value(callctx.Outgoing{}).(*callctx.Metadata)
	if deadline == 0 && md == nil && !waits {
		if st := imp.Invoke(ctx, cc.closed, nil, args, reply); st != nil {
			return cc.failed(st, reply, opts)
		}
		return nil
	}
	call := contextCalls.get()
	call.Deadline, call.WaitForReady = deadline, waits
	if md != nil {
		call.Encoded, err = call.encode(md)
	}
	if err == nil {
		if st := imp.Invoke(ctx, cc.closed, &call.ClientCall, args, reply); st != nil {
			err = cc.failed(st, reply, opts)
		}
	}
	contextCalls.put(call)
	return err
}

// deadlineOf returns the deadline of calls under ctx in Unix nanoseconds, 0 for none, or why there are no such calls any more. That the
// deadline has passed may be left to the host, which looks at it before it goes on with a call: a clock costs it less.
func deadlineOf(ctx context.Context) (int64, error) {
	for inner := ctx; inner != nil; inner = callctx.Unwrap(ctx) {
		ctx = inner
	}
	if c, ok := ctx.(*serverContext); ok {
		poll()
		return c.deadline, c.ended()
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		return unixNano(deadline), nil
	}
	return 0, nil
}

// contextCall is the context of an outgoing call. It is reused.
type contextCall struct {
	guest.ClientCall
	next   *contextCall // in the list of idle ones
	buffer []byte
}

// keptBuffer is the size of the largest buffer that is kept for other calls.
const keptBuffer = 4 << 10

// encode returns metadata in the form in which it goes out.
//
// What is only ever sent once is encoded in a buffer. What is sent again may be so for long, and is kept.
func (c *contextCall) encode(m *callctx.Metadata) ([]byte, error) {
	if kept := m.Encoded.Load(); kept != nil {
		return *kept, nil
	}
	b := c.buffer[:0]
	fixed, err := eachOutgoing(m, func(k, v string) { b = guest.AppendPair(b, k, v) })
	if err != nil {
		return nil, err
	}
	if cap(b) <= keptBuffer {
		c.buffer = b
	}
	switch {
	case !fixed:
	case !m.Sent.Load():
		m.Sent.Store(true)
	default:
		kept := bytes.Clone(b)
		m.Encoded.Store(&kept)
	}
	return b, nil
}

// contextCallPool hands out calls that nobody uses.
type contextCallPool struct {
	idle   *contextCall // in a guest
	shared sync.Pool    // elsewhere
}

var contextCalls contextCallPool

func (p *contextCallPool) get() *contextCall {
	var c *contextCall
	if coop.Single {
		if c = p.idle; c != nil {
			p.idle = c.next
		}
	} else {
		c, _ = p.shared.Get().(*contextCall)
	}
	if c == nil {
		c = new(contextCall)
	}
	return c
}

func (p *contextCallPool) put(c *contextCall) {
	c.ClientCall.Metadata, c.Encoded, c.Route, c.Options = nil, nil, 0, nil
	if coop.Single {
		c.next = p.idle
		p.idle = c
	} else {
		p.shared.Put(c)
	}
}
