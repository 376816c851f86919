package grpc

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/stubs/grpc/internal/callctx"
	"github.com/cofaas/cofaas/stubs/grpc/internal/coop"
	"github.com/cofaas/cofaas/stubs/grpc/metadata"
)

// serverContext is the context of a handler. It stands for what grpc-go builds from a chain of contexts: deadline,
// cancellation when the handler returns, incoming metadata, peer, and the server's side of the stream.
//
// A handler may leave goroutines behind that hold the context, so it is never reused. To cost little it is small,
// comes from a slab, and keeps everything that most handlers never ask for in extra.
type serverContext struct {
	mu       sync.Mutex
	call     serverCall // nil once the handler has returned; guarded by mu
	method   *servedMethod
	deadline int64         // Unix nanoseconds, 0 for none
	depth    uint32        // of the call; 0 in a guest
	extra    *contextExtra // nil until needed; guarded by mu
}

// contextExtra is what a handler may ask of its context.
type contextExtra struct {
	err             error         // why the context is done
	done            chan struct{} // nil until asked for
	timer           *time.Timer   // runs when done exists and there is a deadline
	callbacks       []*callback
	incoming        metadata.MD // nil until asked for
	header, trailer []guest.Pair
	headerSent      bool
	// invalid is the outcome of a call with a header or a trailer that cannot be sent.
	invalid *guest.Status

	// Of the server's list.
	watched    bool
	prev, next *serverContext
}

// callback is a function to call when the context is done.
type callback struct{ f func() }

// contextSlab is the number of contexts that are allocated at once, a power of two.
const contextSlab = 16

// contextPool hands out contexts that were never used.
type contextPool struct {
	contextSupply
	supplies sync.Pool // of what goroutines that run at the same time use, one at a time
}

// contextSupply is a slab, and how many of it are used.
type contextSupply struct {
	slab *[contextSlab]serverContext
	used int
}

var contexts contextPool

func init() {
	callctx.IsAfterFuncer = func(ctx context.Context) bool {
		_, ok := ctx.(*serverContext)
		return ok
	}
}

func (p *contextPool) get() *serverContext {
	if coop.Single {
		return p.next()
	}
	return p.shared()
}

// shared is get for goroutines that run at the same time. It is apart so that get is inlined.
func (p *contextPool) shared() *serverContext {
	s, _ := p.supplies.Get().(*contextSupply)
	if s == nil {
		s = new(contextSupply)
	}
	c := s.next()
	p.supplies.Put(s)
	return c
}

// next is for whoever has the supply for himself.
func (p *contextSupply) next() *serverContext {
	i := p.used & (contextSlab - 1)
	if i == 0 {
		p.slab = new([contextSlab]serverContext)
	}
	p.used++
	return &p.slab[i]
}

func newServerContext(m *servedMethod, call serverCall, deadline int64) *serverContext {
	c := contexts.get()
	c.method, c.call, c.deadline = m, call, deadline
	if !coop.Single {
		c.depth = call.Depth()
	}
	call.OnCancel(c)
	return c
}

// finish ends the call: it passes header and trailer on and cancels the context. It returns a status if they cannot be sent.
func (c *serverContext) finish() *guest.Status {
	if coop.Single && c.extra == nil {
		c.call = nil
		return nil
	}
	return c.finishExtra()
}

// finishExtra is finish with all that a handler may have asked for. It is apart so that finish is inlined.
func (c *serverContext) finishExtra() (invalid *guest.Status) {
	c.mu.Lock()
	x := c.extra
	if x != nil && x.header != nil {
		c.call.SetHeader(x.header)
	}
	if x != nil && x.trailer != nil {
		c.call.SetTrailer(x.trailer)
	}
	c.call = nil
	c.mu.Unlock()
	if x != nil {
		c.cancel(context.Canceled)
		invalid = x.invalid
	}
	return invalid
}

// Cancel implements guest.Canceller: the client has gone, or does not wait any longer. For a call whose deadline has passed that is
// the reason.
func (c *serverContext) Cancel() {
	err := c.why()
	if err == nil {
		err = context.Canceled
	}
	c.cancel(err)
}

// cancel makes the context done, unless it is. It returns why the context is done.
func (c *serverContext) cancel(err error) error {
	c.mu.Lock()
	x := c.extraLocked()
	if x.err != nil {
		defer c.mu.Unlock()
		return x.err
	}
	x.err = err
	if x.watched {
		c.method.server.unwatch(c)
	}
	if x.done != nil {
		close(x.done)
	}
	if x.timer != nil {
		x.timer.Stop()
	}
	callbacks := x.callbacks
	x.callbacks = nil
	c.mu.Unlock()
	// Without the lock: callbacks ask for Err.
	for _, cb := range callbacks {
		cb.f()
	}
	return err
}

func (c *serverContext) extraLocked() *contextExtra {
	if c.extra == nil {
		c.extra = new(contextExtra)
	}
	return c.extra
}

// Deadline implements context.Context.
func (c *serverContext) Deadline() (time.Time, bool) {
	if c.deadline == 0 {
		return time.Time{}, false
	}
	return time.Unix(0, c.deadline), true
}

// Done implements context.Context. The channel, and a timer for the deadline, exist from the first call on.
func (c *serverContext) Done() <-chan struct{} {
	c.mu.Lock()
	x := c.extraLocked()
	if x.done == nil {
		x.done = make(chan struct{})
		if x.err != nil {
			close(x.done)
		}
	}
	err := c.watchLocked()
	c.mu.Unlock()
	if err != nil {
		c.cancel(err)
	}
	return x.done
}

// Err implements context.Context. A deadline that passed is noticed here, timer or not, and so is that the client has gone, which a
// guest that computes would not hear of otherwise.
func (c *serverContext) Err() error {
	poll()
	if err := c.why(); err != nil {
		return c.cancel(err)
	}
	return nil
}

// why is Err that does not ask the host.
func (c *serverContext) why() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.errLocked()
}

// errLocked returns why the context is done or about to be, nil if it is not.
func (c *serverContext) errLocked() error {
	switch err := c.endedLocked(); {
	case err != nil:
		return err
	case c.deadline != 0 && time.Now().UnixNano() >= c.deadline:
		return context.DeadlineExceeded
	}
	return nil
}

// endedLocked is errLocked without a look at the clock.
func (c *serverContext) endedLocked() error {
	switch {
	case c.extra != nil && c.extra.err != nil:
		return c.extra.err
	case c.call == nil, c.method.server.cut.Load():
		return context.Canceled
	}
	return nil
}

func (c *serverContext) ended() error {
	if !coop.Single {
		c.mu.Lock()
		defer c.mu.Unlock()
	}
	return c.endedLocked()
}

// watchLocked is errLocked for somebody who will not ask again: Stop will tell the context, and a timer for the deadline.
func (c *serverContext) watchLocked() error {
	x := c.extraLocked()
	if !x.watched && x.err == nil && c.call != nil {
		c.method.server.watch(c) // before the look at whether it has been stopped
	}
	err := c.errLocked()
	if err == nil && c.deadline != 0 && x.timer == nil {
		x.timer = time.AfterFunc(time.Until(time.Unix(0, c.deadline)), func() {
			c.cancel(context.DeadlineExceeded)
		})
	}
	return err
}

// AfterFunc is what package context looks for in a parent, so that derived contexts need no goroutine each. f must not
// block, which holds for package context: it starts goroutines for functions of applications. It calls AfterFunc with a
// lock held that f takes, though, so f is never called from here.
func (c *serverContext) AfterFunc(f func()) (stop func() bool) {
	cb := &callback{f}
	c.mu.Lock()
	err := c.watchLocked()
	x := c.extra
	if err == nil {
		x.callbacks = append(x.callbacks, cb)
	}
	c.mu.Unlock()
	if err != nil {
		go func() {
			c.cancel(err)
			f()
		}()
	}
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		i := slices.Index(x.callbacks, cb)
		if i < 0 {
			return false
		}
		x.callbacks = slices.Delete(x.callbacks, i, i+1)
		return true
	}
}

// Value implements context.Context.
func (c *serverContext) Value(key any) any {
	switch key.(type) {
	case callctx.Incoming:
		return c.incoming()
	case callctx.Peer:
		if c.method.server.opts.hasCreds {
			return localPeer
		}
		return anonymousPeer
	case callctx.Stream:
		return (*transportStream)(c)
	case guest.DepthKey:
		return c.depth
	}
	return nil
}

// String is for logs and for the errors that quote a context.
func (c *serverContext) String() string { return "grpc.serverContext(" + c.method.fullMethod + ")" }

// incoming returns the metadata that came with the call. It is fetched once, and only while the handler runs.
func (c *serverContext) incoming() metadata.MD {
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.extraLocked()
	if x.incoming != nil {
		return x.incoming
	}
	if c.call != nil && c.call.HasMetadata() {
		x.incoming = mdFromPairs(c.call.Metadata())
	} else {
		x.incoming = make(metadata.MD, 1)
	}
	if _, ok := x.incoming["content-type"]; !ok {
		x.incoming["content-type"] = grpcContentType
	}
	return x.incoming
}

// grpcContentType is what every gRPC call has. It is shared, which is safe since accessors copy.
var grpcContentType = []string{"application/grpc"}
