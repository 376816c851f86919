package grpc

import (
	"runtime"

	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/stubs/grpc/codes"
)

// Natively a call that finds no server fails in its client, or waits there. Here it has come as far as the method's last server, since
// the host does not know of servers: it waits for the next one in the guest that is called.

// heldCall is a call that has waited. What the host says of a call it says of the one that has begun last.
type heldCall struct {
	serverCall
	deadline int64
	waits    bool
}

func (c heldCall) Deadline() int64     { return c.deadline }
func (c heldCall) WaitsForReady() bool { return c.waits }

// hold is for a call of a method whose server does not serve. It returns who does and the call, when it may be served, or how it fails.
func (m *servedMethod) hold(call serverCall) (binding, heldCall, *guest.Status) {
	held := heldCall{call, call.Deadline(), call.WaitsForReady()}
	if !held.waits && !m.server.stopped.Load() {
		// Between Listen and Serve connections are not refused, and the goroutine that calls Serve may not have run yet.
		runtime.Gosched()
	}
	// A context of its own: that of the server may have been cancelled with it.
	ctx := newServerContext(&servedMethod{server: new(Server), fullMethod: m.fullMethod}, call, held.deadline)
	defer ctx.finish()
	for {
		bound.mu.Lock()
		next := bound.methods[m.fullMethod]
		if bound.served == nil {
			bound.served = make(chan struct{})
		}
		served := bound.served
		bound.mu.Unlock()
		switch {
		case next.server != nil && next.server.serving.Load():
			return next, held, nil
		case !held.waits:
			if m.server.stopped.Load() {
				return next, held, errCutOff
			}
			return next, held, guestError(codes.Unavailable, "grpc: the server does not serve yet")
		}
		select {
		case <-served:
		case <-ctx.Done():
			return next, held, statusOf(ctx.Err())
		}
	}
}

// releaseHeld has calls that wait look for their server again.
func releaseHeld() {
	bound.mu.Lock()
	defer bound.mu.Unlock()
	if bound.served != nil {
		close(bound.served)
		bound.served = nil
	}
}
