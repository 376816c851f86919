package host

import (
	"context"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/host/internal/link"
)

// A call from one function to another runs on the caller's thread, which costs least, and holds up all that the caller's instance
// could do meanwhile. So calls that take long, as a sample of them shows, get a thread of their own.

const (
	// longCall is what a call takes on average before calls like it get their own threads, and shortCall when they no longer do: a
	// thread costs more than a small call.
	longCall  = 200 * time.Microsecond
	shortCall = 50 * time.Microsecond
	// One in sampled calls is timed.
	sampled = 16
)

// pace is how long the calls of an edge take. It is safe for concurrent use.
type pace struct {
	average atomic.Int64 // in ns, over some 8 samples
	isLong  atomic.Bool
}

// add takes note of a call.
func (p *pace) add(d time.Duration) {
	old := p.average.Load()
	// It begins low: the first calls of a guest take longer than all others.
	average := old + (int64(d)-old)/8
	p.average.Store(max(average, 1))
	switch isLong := p.isLong.Load(); {
	case !isLong && average > int64(longCall):
		p.isLong.Store(true)
	case isLong && average < int64(shortCall):
		p.isLong.Store(false)
	}
}

// shouldTime says whether the caller should time its next call.
func (p *pace) shouldTime(caller *instance) bool {
	caller.made++
	return caller.made%sampled == 0 || p.average.Load() == 0
}

// dispatch has the callee serve a call, whose request it has, on a thread of its own. The caller is told when the call is over.
func (e *edge) dispatch(caller, callee *instance, cc *callContext) {
	c, ctx := e.newPending(caller, cc)
	c.callee = callee
	fn, sent := e.to.fn, cc.own()
	callee.meta, callee.root, callee.depth, callee.bound = sent.meta, ctx, 0, false
	fn.pool.runs.Add(1)
	go func() {
		defer fn.pool.runs.Done()
		begin := time.Now()
		c.serve(callee, &sent)
		e.pace.add(time.Since(begin))
	}()
}

// newPending returns a call that the caller is going to be told of, and a context that ends with it.
func (e *edge) newPending(caller *instance, cc *callContext) (*pendingCall, context.Context) {
	c := &pendingCall{method: e.to, wantHeaders: cc.wantHeaders}
	caller.goesOnWith(c)
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	return c, ctx
}

// queue has a call wait for an instance of the callee. A status is for the caller; an error is its fault.
func (e *edge) queue(caller *instance, from link.Memory, args []uint64, cc *callContext) (*status.Status, error) {
	limit := caller.fn.host.opts.MaxMessage
	// The caller's memory is its own again when the import returns.
	var buf link.Buffer
	copied := make([]uint64, len(args))
	switch err := e.copyRequest(from, args, &buf, copied, limit); link.FaultOf(err) {
	case link.NoFault:
	case link.ValueFault:
		return callError(e.to.fn.name, err), nil
	default:
		return nil, err
	}
	c, ctx := e.newPending(caller, cc)
	fn, sent := e.to.fn, cc.own()
	fn.pool.runs.Add(1)
	go func() {
		defer fn.pool.runs.Done()
		callee, err := fn.pool.get(ctx, 0)
		if err != nil {
			c.fail(callError(fn.name, err))
			return
		}
		c.setCallee(callee)
		callee.meta, callee.root, callee.bound = sent.meta, ctx, false
		if err := e.copyRequest(&buf, copied, callee, callee.stack, limit); err != nil {
			c.fail(fn.died(callee, err))
			return
		}
		c.serve(callee, &sent)
	}()
	return nil, nil
}

// serve runs the callee until the call is over, or waits.
func (c *pendingCall) serve(callee *instance, cc *callContext) {
	fn := c.method.fn
	var addr, left uint32
	err := fn.host.watch.run(callee, func() (err error) {
		addr, left, err = callee.serve(c.method, cc)
		return err
	})
	switch {
	case err != nil:
		c.fail(fn.died(callee, err))
	case left != 0:
		c.leave(left)
		fn.release(callee)
	default:
		err := c.take(addr)
		var st *status.Status
		if link.FaultOf(err) == link.NoFault {
			st = fn.finish(callee, c.method, addr, &callContext{})
		} else {
			st = fn.died(callee, err)
		}
		if st != nil {
			c.st = st
		}
		c.over()
	}
}
