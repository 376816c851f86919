package host

import (
	"context"
	"encoding/binary"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/host/internal/link"
)

// pendingCall is a call that goes on although the callee's export has been left: the callee waits for something. Its caller goes on
// too, and takes the result when it is told that the call is over.
type pendingCall struct {
	method *exportMethod
	callee *instance // guarded by mu until the call is in it
	id     uint32    // the callee's number, guarded by mu
	// caller is the instance that has made the call, and callerID its number. A caller from outside waits for done instead.
	caller   *instance
	callerID uint32
	// wantHeaders says that the caller wants to see header and trailer.
	wantHeaders bool
	done        chan struct{}
	// stream is the callee's end of a streaming call, whose end nobody takes.
	stream *streamEnd
	// front says that the reply is wanted as wire bytes.
	front bool

	// cancel ends the context that the callee can ask for while it computes. It may be nil.
	cancel context.CancelFunc
	// span is what the profile has of the call.
	span span

	mu        sync.Mutex
	isOver    bool
	abandoned bool

	// The result, when the call is over: a status, or wire bytes, or what buf has at an address.
	st   *status.Status
	wire []byte
	buf  link.Buffer
	at   uint32
	meta []byte
}

// over says that the result is there.
func (c *pendingCall) over() {
	c.mu.Lock()
	first, abandoned := !c.isOver, c.abandoned
	c.isOver = true
	if first && c.abandoned && c.callee != nil {
		c.callee.overdue.end()
	}
	c.mu.Unlock()
	if c.cancel != nil {
		c.cancel()
	}
	if first && c.caller != nil {
		c.caller.fn.host.profile.over(c)
	}
	switch {
	case !first:
	case c.stream != nil:
		c.stream.stream.end(c.st, c.meta)
	case c.caller != nil && abandoned: // and the caller has forgotten the call
	case c.caller != nil:
		c.caller.fn.pool.post(c.caller, event{eventReply, c.callerID})
	default:
		close(c.done)
	}
}

// abandon says that nobody waits for the call any more.
func (c *pendingCall) abandon() {
	c.mu.Lock()
	running := !c.isOver && !c.abandoned
	c.abandoned = true
	callee, id := c.callee, c.id
	if running && callee != nil {
		callee.overdue.begin()
	}
	c.mu.Unlock()
	if !running {
		return
	}
	if c.cancel != nil {
		c.cancel()
	}
	if id != 0 {
		callee.fn.pool.post(callee, event{eventCancel, id})
	}
}

// setCallee says which instance serves a call that was waiting for one.
func (c *pendingCall) setCallee(callee *instance) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.callee = callee; c.abandoned {
		callee.overdue.begin()
	}
}

// fail ends a call whose callee is gone.
func (c *pendingCall) fail(st *status.Status) {
	c.st = st
	c.over()
}

// goesOn makes a pending call of one whose export has been left.
func (i *instance) goesOn(m *exportMethod, left uint32) *pendingCall {
	c := &pendingCall{method: m, callee: i}
	c.leave(left)
	return c
}

// leave takes note that the callee's export has been left, with the callee's number of the call.
func (c *pendingCall) leave(left uint32) {
	if c.callee.served == nil {
		c.callee.served = map[uint32]*pendingCall{}
	}
	c.callee.served[left] = c
	c.mu.Lock()
	c.id = left
	abandoned := c.abandoned
	c.mu.Unlock()
	if abandoned {
		// It was not known to whom to say it.
		c.callee.fn.pool.post(c.callee, event{eventCancel, left})
	}
}

// finishCall takes the result of a call whose export was left from the callee, which is about to forget it.
func (i *instance) finishCall(id, addr uint32) error {
	c := i.served[id]
	if c == nil {
		return &link.BadValueError{Problem: "a call ends that is not in progress"}
	}
	delete(i.served, id)
	err := c.take(addr)
	if err != nil {
		c.st = callError(i.fn.name, err)
	}
	c.over()
	return err
}

// take reads the result at an address of the callee. An error is the callee's fault.
func (c *pendingCall) take(addr uint32) error {
	i, m, limit := c.callee, c.method, c.callee.fn.host.opts.MaxMessage
	if b := i.block(i.Bytes()); b != nil {
		var bad bool
		if c.meta, bad = b.takeMeta(controlReplyMeta, i.Bytes(), nil); bad {
			return errReplyMeta
		}
	}
	var err error
	if c.stream != nil {
		i.shut(c.stream)
		c.st, err = m.readEnd(i, addr)
	} else if c.front {
		c.wire, c.st, err = m.lift(i, addr, limit)
	} else {
		c.at, err = link.NewRecord(m.result, i, addr, &c.buf, limit)
		if err == nil && isFailedOK(c.buf.Bytes(), c.at, m.payload) {
			return errFailedOK
		}
	}
	if link.FaultOf(err) == link.ValueFault {
		c.st, err = callError(i.fn.name, err), nil
	}
	return err
}

var errReplyMeta = &link.BadValueError{Problem: "the metadata of a reply is out of bounds or malformed"}

// isFailedOK says whether a result is a failure whose status is OK. A caller would take it for its own failure when it passes it on.
func isFailedOK(mem []byte, at, payload uint32) bool {
	return mem[at] != 0 && binary.LittleEndian.Uint32(mem[at+payload:]) == uint32(codes.OK)
}

// wait waits for the end of a call from outside. It returns a status if there is no result because the client does not wait.
func (c *pendingCall) wait(ctx context.Context) *status.Status {
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
		c.abandon()
		return status.FromContextError(ctx.Err())
	}
}

// newCall registers an outgoing call under a number.
func (i *instance) newCall(c *pendingCall) uint32 {
	if i.calls == nil {
		i.calls = map[uint32]*pendingCall{}
	}
	for {
		i.lastCall++
		if i.lastCall != 0 && i.calls[i.lastCall] == nil {
			break
		}
	}
	i.calls[i.lastCall] = c
	return i.lastCall
}

// goesOnWith tells the guest, which is in an import, that the call goes on that it has made.
func (i *instance) goesOnWith(c *pendingCall) {
	c.caller, c.callerID = i, i.newCall(c)
	c.span, i.span = i.span, span{}
	i.block(i.Bytes()).putU32(controlPending, c.callerID)
}

// takeCall stores the result of an outgoing call that is over at an address of the caller. An error is the caller's fault.
func (i *instance) takeCall(id, result uint32) error {
	c := i.calls[id]
	if c == nil {
		return &link.BadValueError{Problem: "the result of a call is taken that was not made"}
	}
	c.mu.Lock()
	over := c.isOver
	c.mu.Unlock()
	if !over {
		return &link.BadValueError{Problem: "the result of a call is taken that is not over"}
	}
	delete(i.calls, id)
	return c.giveTo(i, result)
}

// giveTo stores the result at an address of the caller.
func (c *pendingCall) giveTo(caller *instance, result uint32) error {
	if c.wantHeaders && len(c.meta) > 0 {
		if err := caller.putReplyMeta(c.meta); err != nil {
			return err
		}
	}
	if c.st != nil {
		return c.method.putStatus(caller, result, c.st)
	}
	return link.Record(c.method.result, &c.buf, c.at, caller, result, caller.fn.host.opts.MaxMessage)
}

// abandonCall says that the caller does not wait for an outgoing call any more.
func (i *instance) abandonCall(id uint32) error {
	c := i.calls[id]
	if c == nil {
		return &link.BadValueError{Problem: "a call is abandoned that was not made"}
	}
	delete(i.calls, id)
	c.abandon()
	i.fn.pool.retract(i, event{eventReply, id})
	return nil
}
