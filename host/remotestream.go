package host

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/host/internal/link"
)

// beyond is the server of a stream that leaves the host: the counterpart of outside. Requests are sent by one goroutine, and
// replies received by another.
type beyond struct {
	stream *stream
	// woken is for the goroutine that sends, room for the one that receives.
	bells
}

// bidi describes a stream of any kind: on the wire there is but one, and the guest's stub knows what its method may do.
var bidi = &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}

// goRemote begins the call of a stream that leaves the host.
func (s *stream) goRemote(conn *remoteConn, cc *callContext, opts []grpc.CallOption) {
	b := &beyond{stream: s, bells: newBells()}
	s.isRemote, s.server = true, b
	ctx, cancel := cc.context(s.ctx)
	conn.remotes.calls.Go(func() {
		defer cancel()
		cs, err := conn.NewStream(ctx, bidi, s.method.FullMethod(), opts...)
		if err != nil {
			s.end(status.Convert(err), nil)
			return
		}
		conn.remotes.calls.Go(func() { b.sendAll(ctx, cs) })
		b.receiveAll(ctx, cs)
	})
}

// sendAll sends requests until there are no more, or the call is over, of which receiveAll hears.
func (b *beyond) sendAll(ctx context.Context, cs grpc.ClientStream) {
	s := b.stream
	var batch [maxBatch]*parcel
	for {
		n, state := s.take(&s.up, batch[:], batchBytes)
		for _, m := range batch[:n] {
			if cs.SendMsg(&wireReply{m.wire}) != nil {
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
			_ = cs.CloseSend()
			return
		case streamFailed:
			return
		}
	}
}

// receiveAll passes header, replies and the end of the call on.
func (b *beyond) receiveAll(ctx context.Context, cs grpc.ClientStream) {
	s := b.stream
	// A call that fails at once has no header.
	if header, err := cs.Header(); err == nil && header != nil {
		s.sendHeader(appendMeta(nil, header, 0))
	}
	for {
		err := b.receive(ctx, cs)
		if err == nil {
			continue
		}
		var st *status.Status
		if !errors.Is(err, io.EOF) {
			st = status.Convert(err)
		}
		s.end(st, appendMeta(nil, cs.Trailer(), metaTrailer))
		return
	}
}

// receive passes one reply on, when there is room for it.
func (b *beyond) receive(ctx context.Context, cs grpc.ClientStream) error {
	var in wireRequest
	if err := cs.RecvMsg(&in); err != nil {
		return err
	}
	defer in.free()
	s := b.stream
	for {
		s.mu.Lock()
		state := s.mayPut(&s.down)
		s.mu.Unlock()
		switch state {
		case streamDone:
			// A copy, because grpc-go uses its buffers again.
			wire := append([]byte(nil), in.bytes()...)
			s.put(&s.down, &parcel{wire: wire, size: len(wire)})
			return nil
		case streamBlocked:
			select {
			case <-b.room:
			case <-ctx.Done():
				return status.FromContextError(ctx.Err()).Err()
			}
		default:
			return status.FromContextError(context.Canceled).Err() // the client has gone
		}
	}
}

// destination says who answers a call of a streaming method: an export, or what a connection leads to; or how the call fails. An
// error is the caller's fault.
func (i *instance) destination(e *edge, number uint32) (to *exportMethod, conn *remoteConn, st *status.Status, err error) {
	if number == 0 {
		switch {
		case e.to != nil:
			return e.to, nil, nil, nil
		case !e.calls.leaves():
			return nil, nil, e.calls.ambiguous(target{}), nil
		}
		conn, st = e.calls.connect(&dialInfo{})
		return nil, conn, st, nil
	}
	fn, conn, st, err := i.resolve(e, number)
	if fn != nil {
		to = fn.export(e.method)
	}
	return to, conn, st, err
}

// resolve says who answers a call that has a route, or how it fails. An error is the caller's fault.
func (i *instance) resolve(e *edge, number uint32) (to *function, conn *remoteConn, st *status.Status, err error) {
	r := i.fn.routes.get(i, number)
	switch {
	case r == nil:
		// The connection was closed while the call was on its way.
		return nil, nil, status.New(codes.Canceled, "grpc: the client connection is closing"), nil
	case r.calls != e.calls:
		return nil, nil, nil, errRoute
	}
	to, conn, st = r.resolve()
	return to, conn, st, nil
}

// errRouteTaken is a number that is given back and was not given.
var errRouteTaken = &link.BadValueError{Problem: "a route is given back that the guest does not have"}

var errRoute = &link.BadValueError{Problem: "a call has a route that was not made for its method"}
