package host

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// front makes the profile of the calls from outside to a method.
func (p *profile) front(m *exportMethod) {
	if p != nil && m.profile == nil {
		m.profile = p.edge(nil, m.fn, m.method)
	}
}

// serve returns the handler of a unary method that clients of the host call.
func (p *profile) serve(m *exportMethod) grpc.MethodHandler {
	if p == nil {
		return m.handle
	}
	return func(srv any, ctx context.Context, dec func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
		e := m.profile
		e.calls.add()
		begin := p.clock()
		out, err := m.handle(srv, ctx, func(in any) error {
			err := dec(in)
			if request, ok := in.(*wireMessage); ok {
				e.requests.add(request.data.Len())
			}
			return err
		}, interceptor)
		e.time.add(p.clock()-begin, 1)
		if reply, ok := out.(*wireMessage); ok {
			e.replies.add(reply.data.Len())
		}
		if err != nil {
			e.failed.Add(1)
		}
		return out, err
	}
}

// wireCall is a unary call in wire bytes. Without a profile it is empty. All are timed, as all from outside are: they take long, and what
// isolates compute is a difference of such times.
type wireCall struct {
	profile *profile
	edge    *edgeProfile
	begin   int64
}

// call begins a call of an isolate at an edge.
func (p *profile) call(e *edgeProfile) wireCall {
	if p == nil || e == nil {
		return wireCall{}
	}
	e.calls.add()
	return wireCall{p, e, p.clock()}
}

// end takes note of the end of the call.
func (c *wireCall) end(request []byte, reply *wireMessage, st *status.Status) {
	if c.profile == nil {
		return
	}
	c.edge.time.add(c.profile.clock()-c.begin, 1)
	c.edge.requests.add(len(request))
	if st != nil {
		c.edge.failed.Add(1)
		return
	}
	c.edge.replies.add(reply.data.Len())
}

// profileTo returns the profile of the calls that an export answers, or, if it is nil, of those that leave the host.
func (e *edge) profileTo(to *exportMethod) *edgeProfile {
	if to == nil || e.profile == nil {
		return e.profile
	}
	return e.candidate(to.fn).profile
}

// stream begins to profile a stream, unless there is no profile of its edge.
func (e *edgeProfile) stream(p *profile) streamProfile {
	if e == nil {
		return streamProfile{}
	}
	e.calls.add()
	return streamProfile{e, p, p.clock()}
}

// streamProfile is that of one stream.
type streamProfile struct {
	edge    *edgeProfile
	profile *profile
	begin   int64
}

// put takes note of messages in a direction.
func (s *streamProfile) put(isRequest bool, p *parcel) {
	if s.edge == nil {
		return
	}
	to := &s.edge.replies
	if isRequest {
		to = &s.edge.requests
	}
	n := uint64(p.len())
	to.count.Add(n)
	to.sized.Add(n)
	to.bytes.Add(uint64(p.size))
	if p.records.Len() > 0 {
		to.isABI.Store(true)
	}
}

// end takes note of the end of the stream.
func (s *streamProfile) end(st *status.Status) {
	if s.edge == nil {
		return
	}
	s.edge.time.add(s.profile.clock()-s.begin, 1)
	if st.Code() != codes.OK {
		s.edge.failed.Add(1)
	}
}

// wire returns a stream whose messages are counted.
func (s streamProfile) wire(client serverStream) serverStream {
	if s.edge == nil {
		return client
	}
	return &profiledStream{client, s}
}

// profiledStream is a streaming call in wire bytes.
type profiledStream struct {
	serverStream
	profile streamProfile
}

func (s *profiledStream) recv() (wireMessage, error) {
	m, err := s.serverStream.recv()
	if err == nil {
		s.profile.count(&s.profile.edge.requests, m)
	}
	return m, err
}

func (s *profiledStream) send(m wireMessage) error {
	s.profile.count(&s.profile.edge.replies, m)
	return s.serverStream.send(m)
}

func (s *profiledStream) end(st *status.Status, trailer []byte) {
	s.profile.end(st)
	s.serverStream.end(st, trailer)
}

func (s *streamProfile) count(to *messageProfile, m wireMessage) {
	to.count.Add(1)
	to.add(m.data.Len())
}
