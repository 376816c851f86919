package channel

import (
	"context"
	"os"
)

// pipe moves frames to the peer and from it. What it receives it hands to Conn.receive, from one goroutine at a time.
type pipe interface {
	// send sends a frame with what it takes from g, and waits for room until ctx ends or closed is closed.
	send(ctx context.Context, closed <-chan struct{}, h header, g *gather) error
	// post sends a body without waiting; what there is no room for is kept until there is.
	post(h header, g *gather)
	// call is send for a frame after which the sender awaits w, and await if the frame was sent, as sent says.
	call(ctx context.Context, closed <-chan struct{}, h header, g *gather, w *waiter) (sent bool, err error)
	// reply is try for a frame after which a worker will probably look for more to do.
	reply(h header, g *gather) bool
	// await waits until w is fired. The error is ctx's, ErrAbandoned if closed was closed, or ErrClosed.
	await(ctx context.Context, closed <-chan struct{}, w *waiter) error
	// nudge is called when a waiter was fired that the pipe sleeps for.
	nudge()
	// attend waits until there may be calls to serve, and returns false if this worker is not needed any more. served says that it has
	// served something.
	attend(served bool) bool
	// leave is called by a worker that is about to serve a call, if no other worker is on its way.
	leave()
	// settle waits until what was sent and posted has left this process.
	settle(ctx context.Context) error
	// sendFiles sends a frame of files.
	sendFiles(tag []byte, files []*os.File) error
	// start begins to receive.
	start()
	// stop is called once, after the connection's done was closed. It frees what the pipe has when nobody uses it any more.
	stop()
}

// next is the header of the next frame of a body of which left bytes are left; first is false for all but the first.
func (h header) next(left int, first bool) header {
	if !first {
		h.kind = kindMore
	}
	h.total = uint32(left)
	h.size = uint32(min(left, maxFrame))
	return h
}
