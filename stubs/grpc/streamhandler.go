package grpc

import (
	"time"

	"github.com/cofaas/cofaas/guest"
	istatus "github.com/cofaas/cofaas/stubs/grpc/internal/status"
	"github.com/cofaas/cofaas/stubs/grpc/stats"
	"github.com/cofaas/cofaas/stubs/grpc/status"
)

// boundStream is a streaming method that is bound to an export.
type boundStream struct {
	servedMethod
	desc        *StreamDesc
	interceptor StreamServerInterceptor // nil if there is none
	rare        bool                    // there is something to do with messages beside passing them on
}

// ServeStream implements guest.StreamHandler.
func (m *boundStream) ServeStream(c *guest.ServerCall, s *guest.Stream) *guest.Status {
	return m.serve(c, s)
}

// serve calls the handler and returns the status that the client gets.
func (m *boundStream) serve(call serverCall, t transport) *guest.Status {
	if !m.server.enter() {
		next, held, st := m.hold(call)
		if st != nil {
			return st
		}
		return next.stream.serve(held, t)
	}
	s := &serverStream{method: m, transport: t, isLarge: mayBeLarge(t)}
	s.call = streamCall{call, s}
	s.sctx = newServerContext(&m.servedMethod, &s.call, call.Deadline())
	s.ctx = s.sctx
	var st *guest.Status
	if m.stats == nil {
		st, _ = m.handle(s)
	} else {
		st = m.handleWithStats(s)
	}
	invalid := s.sctx.finish()
	switch {
	case m.server.leaveAnswering(call):
		return errCutOff
	case invalid != nil:
		return invalid
	}
	return st
}

// handle calls the handler, through the interceptors. It returns the status that the client gets and the handler's error.
func (m *boundStream) handle(s *serverStream) (st *guest.Status, err error) {
	if m.interceptor == nil {
		err = m.desc.Handler(m.impl, s)
	} else {
		err = m.interceptor(m.impl, s, &StreamServerInfo{
			FullMethod:     m.fullMethod,
			IsClientStream: m.desc.ClientStreams,
			IsServerStream: m.desc.ServerStreams,
		}, m.desc.Handler)
	}
	st = s.close(nil)
	if err != nil {
		app, ok := status.FromError(err)
		if !ok {
			app = status.FromContextError(err)
			err = app.Err()
		}
		if st == nil {
			st = istatus.ToGuest(app)
		}
	}
	if over := s.sctx.why(); over != nil && st == nil {
		st = statusOf(over) // too late for success
	}
	return st, err
}

// handleWithStats is handle that tells the stats handlers, in the order of grpc-go's server. The stream tells the rest.
func (m *boundStream) handleWithStats(s *serverStream) *guest.Status {
	s.ctx = m.stats.tag(s.sctx, &stats.RPCTagInfo{FullMethodName: m.fullMethod})
	m.stats.handle(s.ctx, &stats.InHeader{
		Header:     s.sctx.incoming().Copy(),
		FullMethod: m.fullMethod,
		RemoteAddr: localPeer.Addr,
		LocalAddr:  localPeer.LocalAddr,
	})
	begin := &stats.Begin{
		BeginTime:      time.Now(),
		IsClientStream: m.desc.ClientStreams,
		IsServerStream: m.desc.ServerStreams,
	}
	m.stats.handle(s.ctx, begin)

	st, err := m.handle(s)
	m.stats.handle(s.ctx, &stats.End{BeginTime: begin.BeginTime, EndTime: time.Now(), Error: err})
	return st
}
