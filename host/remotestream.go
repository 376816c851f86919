package host

import (
	"context"
	"errors"
	"io"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/host/internal/link"
)

// beyond is the server of a stream that is no guest: the counterpart of outside. Requests are sent by one goroutine, and replies received
// by another.
type beyond struct {
	stream *stream
	server clientStream
	// woken is for the goroutine that sends, room for the one that receives.
	bells
}

// goBeyond begins the call of a stream that a server answers which is no guest.
func (s *stream) goBeyond(r *remotes, server wireServer, cc *callContext) {
	b := &beyond{stream: s, bells: newBells()}
	s.isRemote, s.server = true, b
	ctx, cancel := cc.context(s.ctx)
	own := cc.own()
	r.calls.Go(func() {
		defer cancel()
		cs, st := server.open(ctx, s.method, &own)
		if st != nil {
			s.end(st, nil)
			return
		}
		defer cs.close()
		b.server = cs
		var sending sync.WaitGroup
		sending.Go(func() { b.sendAll(ctx) })
		b.receiveAll(ctx)
		cancel()
		sending.Wait()
	})
}

// sendAll sends requests until there are no more, or the call is over, of which receiveAll hears.
func (b *beyond) sendAll(ctx context.Context) {
	s := b.stream
	var batch [maxBatch]*parcel
	for {
		n, state := s.take(&s.up, batch[:], batchBytes)
		for _, m := range batch[:n] {
			if b.server.send(wireBytes(m.wire)) != nil {
				return
			}
		}
		switch state {
		case streamBlocked:
			select {
			case <-b.woken:
			case <-ctx.Done():
				return
			}
		case streamOver:
			b.server.closeSend()
			return
		case streamFailed:
			return
		}
	}
}

// receiveAll passes header, replies and the end of the call on.
func (b *beyond) receiveAll(ctx context.Context) {
	s := b.stream
	// A call that fails at once has no header.
	if header, ok := b.server.header(); ok {
		s.sendHeader(header)
	}
	for {
		in, err := b.server.recv()
		if err != nil {
			s.end(b.server.result())
			return
		}
		if err := b.pass(ctx, in); err != nil {
			s.end(status.FromContextError(err), nil)
			return
		}
	}
}

// pass passes one reply on, when there is room for it.
func (b *beyond) pass(ctx context.Context, in wireMessage) error {
	s := b.stream
	for {
		s.mu.Lock()
		state := s.mayPut(&s.down)
		s.mu.Unlock()
		switch state {
		case streamDone:
			// A copy: the buffers of whoever has received them are used again.
			wire := in.own()
			s.put(&s.down, &parcel{wire: wire, size: len(wire)})
			return nil
		case streamBlocked:
			select {
			case <-b.room:
			case <-ctx.Done():
				in.free()
				return ctx.Err()
			}
		default:
			in.free()
			return context.Canceled // the client has gone
		}
	}
}

// bidi describes a stream of any kind: on the wire there is but one, and the guest's stub knows what its method may do.
var bidi = &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}

// open implements wireServer.
func (r *remoteConn) open(ctx context.Context, m *method, cc *callContext) (clientStream, *status.Status) {
	cs, err := r.NewStream(cc.outgoing(ctx), bidi, m.FullMethod(), callOptions(cc.options)...)
	if err != nil {
		return nil, status.Convert(err)
	}
	return &remoteStream{ClientStream: cs}, nil
}

// remoteStream is a stream that leaves the host as its client uses it.
type remoteStream struct {
	grpc.ClientStream
	// ended is the error that recv has returned.
	ended error
}

func (r *remoteStream) send(m wireMessage) error {
	m = m.keep()
	return r.SendMsg(&m)
}

func (r *remoteStream) closeSend() { _ = r.CloseSend() } // its error is that of the call

func (r *remoteStream) header() (meta []byte, ok bool) {
	header, err := r.Header()
	if err != nil || header == nil {
		return nil, false
	}
	return appendMeta(nil, header, 0), true
}

func (r *remoteStream) recv() (m wireMessage, err error) {
	err = r.RecvMsg(&m)
	r.ended = err
	return m, err
}

func (r *remoteStream) result() (st *status.Status, trailer []byte) {
	if !errors.Is(r.ended, io.EOF) {
		st = status.Convert(r.ended)
	}
	return st, appendMeta(nil, r.Trailer(), metaTrailer)
}

// close does nothing: the stream ends with its context.
func (r *remoteStream) close() {}

// destination says who answers a call of a streaming method: an export, or what a connection leads to; or how the call fails. An
// error is the caller's fault.
func (i *instance) destination(e *edge, number uint32) (to *exportMethod, conn *remoteConn, st *status.Status, err error) {
	if number == 0 {
		to, conn, st = e.unrouted()
		return to, conn, st, nil
	}
	fn, conn, st, err := i.resolve(e, number)
	if fn != nil {
		to = fn.export(e.method)
	}
	return to, conn, st, err
}

// unrouted says who answers a call that has no route, or how it fails.
func (e *edge) unrouted() (*exportMethod, *remoteConn, *status.Status) {
	switch {
	case e.to != nil:
		return e.to, nil, nil
	case !e.calls.leaves():
		return nil, nil, e.calls.ambiguous(target{})
	}
	conn, st := e.calls.connect(&dialInfo{})
	return nil, conn, st
}

// resolve says who answers a call that has a route, or how it fails. An error is the caller's fault.
func (i *instance) resolve(e *edge, number uint32) (to *function, conn *remoteConn, st *status.Status, err error) {
	r := i.fn.routes.get(&i.routes, number)
	switch {
	case r == nil:
		return nil, nil, errConnClosing(), nil
	case r.calls != e.calls:
		return nil, nil, nil, errRoute
	}
	to, conn, st = r.resolve()
	return to, conn, st, nil
}

// errConnClosing is the end of a call whose connection was closed while it was on its way.
func errConnClosing() *status.Status {
	return status.New(codes.Canceled, "grpc: the client connection is closing")
}

// errRouteTaken is a number that is given back and was not given.
var errRouteTaken = &link.BadValueError{Problem: "a route is given back that the guest does not have"}

var errRoute = &link.BadValueError{Problem: "a call has a route that was not made for its method"}
