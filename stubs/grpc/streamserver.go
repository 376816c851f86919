package grpc

import (
	"context"
	"io"

	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/stubs/grpc/codes"
	"github.com/cofaas/cofaas/stubs/grpc/internal/coop"
	istatus "github.com/cofaas/cofaas/stubs/grpc/internal/status"
	"github.com/cofaas/cofaas/stubs/grpc/metadata"
	"github.com/cofaas/cofaas/stubs/grpc/stats"
	"github.com/cofaas/cofaas/stubs/grpc/status"
)

// serverStream is the [ServerStream] of a call.
type serverStream struct {
	method    *boundStream
	transport transport // not to be used when the state is streamOver
	call      streamCall
	sctx      *serverContext
	ctx       context.Context // sctx, and what stats handlers made of it

	state    coop.Int32    // written under the lock of sctx
	failed   *guest.Status // with which the call has ended before the handler returned; guarded by the lock of sctx
	isLarge  *bool         // of the transport, about the message that was received last
	received bool          // the one message of a call that has no more
}

// The states of a serverStream.
const (
	streamFresh int32 = iota // the header has not been sent
	streamOpen
	streamOver
)

// streamCall is what the context of a streaming call knows the call by.
type streamCall struct {
	serverCall
	stream *serverStream
}

// SetHeader does nothing: the stream sends the header when it is due.
func (*streamCall) SetHeader([]guest.Pair) {}

// Context implements ServerStream.
func (s *serverStream) Context() context.Context { return s.ctx }

// SetHeader implements ServerStream.
func (s *serverStream) SetHeader(md metadata.MD) error {
	if err := validateMD(md); err != nil {
		return err
	}
	return (*transportStream)(s.sctx).SetHeader(md)
}

// SendHeader implements ServerStream.
func (s *serverStream) SendHeader(md metadata.MD) error {
	if err := validateMD(md); err != nil {
		return err
	}
	return (*transportStream)(s.sctx).SendHeader(md)
}

// SetTrailer implements ServerStream.
func (s *serverStream) SetTrailer(md metadata.MD) {
	if err := validateMD(md); err != nil {
		logger.Errorf("stream: failed to validate md when setting trailer, err: %v", err)
	}
	(*transportStream)(s.sctx).SetTrailer(md)
}

// SendMsg implements ServerStream.
func (s *serverStream) SendMsg(m any) error {
	if s.method.rare || m == nil {
		return s.sendRare(m)
	}
	return s.send(m)
}

func (s *serverStream) send(m any) error {
	if s.state.Load() != streamOpen {
		if err := s.open(); err != nil {
			return err
		}
	}
	if err := s.transport.Send(s.sctx, m); err != nil {
		return s.fail(err)
	}
	return nil
}

// sendRare is SendMsg with all that there may be to do.
func (s *serverStream) sendRare(m any) error {
	sent, err := s.method.exchange.out(m, s.method.messages(true))
	if err != nil {
		return s.fail(err)
	}
	if err := s.send(sent); err != nil {
		return err
	}
	if s.method.stats != nil {
		s.method.stats.handle(s.ctx, outPayload(false, m))
	}
	return nil
}

// plain implements plainStream.
func (s *serverStream) plain() *guest.Stream { return plainTransport(s.transport, s.method.rare) }

// RecvMsg implements ServerStream.
func (s *serverStream) RecvMsg(m any) error {
	if s.state.Load() == streamOver {
		return s.overError()
	}
	if err := s.recv(m); err != nil {
		return s.noMessage(err)
	}
	if s.method.desc.ClientStreams {
		return nil
	}
	// It must be the only one.
	s.received = true
	switch err := s.transport.Recv(s.sctx, m); err {
	case nil:
		return s.fail(status.Error(codes.Internal, "cardinality violation: received multiple request messages for non-client-streaming RPC"))
	case io.EOF:
		return nil
	default:
		return s.fail(err)
	}
}

func (s *serverStream) recv(m any) error {
	if !s.method.rare {
		return s.take(m)
	}
	err := s.method.exchange.in(m, s.method.messages(false), s.take)
	if err == nil && s.method.stats != nil {
		s.method.stats.handle(s.ctx, inPayload(false, m))
	}
	return err
}

// take receives a message that is not too large.
func (s *serverStream) take(m any) error {
	if err := s.transport.Recv(s.sctx, m); err != nil || !*s.isLarge || isLow(s.method.server.opts.maxRecv) {
		return err
	}
	return checkReceived(encodedSize(m), s.method.server.opts.maxRecv)
}

// noMessage returns the error of RecvMsg for that of the transport.
func (s *serverStream) noMessage(err error) error {
	if err != io.EOF {
		return s.fail(err)
	}
	// For the transport, a client that has gone is one that sends no more.
	if err := s.sctx.Err(); err != nil {
		return s.fail(err)
	}
	if !s.received && !s.method.desc.ClientStreams {
		return s.fail(status.Error(codes.Internal, "cardinality violation: received no request message from non-client-streaming RPC"))
	}
	return io.EOF
}

// open sends the header, which the first message follows.
func (s *serverStream) open() error {
	s.sctx.mu.Lock()
	if s.state.Load() != streamFresh {
		over := s.state.Load() == streamOver
		s.sctx.mu.Unlock()
		if over {
			return s.overError()
		}
		return nil
	}
	var header []guest.Pair
	if s.sctx.extra != nil {
		header = s.sctx.extra.header
	}
	if header != nil {
		s.transport.SendHeader(header) // and without one the first message says as much
	}
	s.state.Store(streamOpen)
	s.sctx.mu.Unlock()
	s.sentHeader(header)
	return nil
}

// sentHeader tells the stats handlers.
func (s *serverStream) sentHeader(header []guest.Pair) {
	if s.method.stats != nil {
		s.method.stats.handle(s.ctx, &stats.OutHeader{Header: mdFromPairs(header)})
	}
}

// fail ends the call because of an error of the transport, and returns the error for the handler. As in grpc-go, that error is what
// becomes of the call, and not what the handler returns later. The client learns of it only then, though.
func (s *serverStream) fail(err error) error {
	if err == guest.ErrOver {
		return s.overError()
	}
	err = toRPCError(err)
	s.close(istatus.ToGuest(status.Convert(err)))
	s.sctx.cancel(context.Canceled)
	return err
}

// overError is the error of using a stream when the call is over.
func (s *serverStream) overError() error {
	err := s.sctx.Err()
	if err == nil {
		err = context.Canceled
	}
	return toRPCError(err)
}

// close ends the use of the transport, once, after sending a header that was set. It returns the status that it was first called with.
func (s *serverStream) close(st *guest.Status) *guest.Status {
	s.sctx.mu.Lock()
	state := s.state.Load()
	if state == streamOver {
		defer s.sctx.mu.Unlock()
		return s.failed
	}
	s.state.Store(streamOver)
	if direct := s.plain(); direct != nil {
		direct.Seal()
	}
	s.failed = st
	var header, trailer []guest.Pair
	if x := s.sctx.extra; x != nil {
		trailer = x.trailer
		if state == streamFresh && x.header != nil {
			header = x.header
			s.transport.SendHeader(header)
		}
	}
	s.sctx.mu.Unlock()
	if s.method.stats != nil {
		if header != nil {
			s.sentHeader(header)
		}
		s.method.stats.handle(s.ctx, &stats.OutTrailer{Trailer: mdFromPairs(trailer)})
	}
	return st
}
