package grpc

import (
	"context"
	"fmt"
	"io"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/cofaas/cofaas/guest"
)

// streamServer serves a streaming call.
type streamServer func(c serverCall, t transport) *guest.Status

// fakeWindow is how many messages may be under way, in one direction.
const fakeWindow = 64

// fakeStream is a streaming call between two sides of this process, as the host has it.
type fakeStream struct {
	call *fakeCall

	mu       sync.Mutex
	changed  chan struct{} // closed at the next change
	requests fakeQueue
	replies  fakeQueue
	header   []guest.Pair
	started  bool // there is a header
	over     bool
	st       *guest.Status
	trailer  []guest.Pair
}

// fakeQueue is one direction of a stream.
type fakeQueue struct {
	messages [][]byte
	closed   bool
}

// openFake begins a call.
func openFake(h *fakeHost, serve streamServer, call *guest.ClientCall) transport {
	s := &fakeStream{call: &fakeCall{}, changed: make(chan struct{})}
	if call != nil {
		s.call.deadline, s.call.metadata, s.call.waits = call.Deadline, call.Metadata, call.WaitForReady
	}
	h.calls.Go(func() {
		defer s.call.end()
		st := serve(s.call, fakeServer{s})
		s.update(func() {
			if !s.over {
				s.over, s.st, s.trailer = true, st, s.call.trailer
			}
			s.replies.closed = true
		})
	})
	return fakeClient{s}
}

func (s *fakeStream) update(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	close(s.changed)
	s.changed = make(chan struct{})
}

// until waits until ready, which is called with the lock, or until ctx is done.
func (s *fakeStream) until(ctx context.Context, ready func() bool) error {
	for {
		s.mu.Lock()
		ok, changed := ready(), s.changed
		s.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *fakeStream) send(ctx context.Context, q *fakeQueue, m any) error {
	msg, ok := m.(proto.Message)
	if !ok {
		return errorFromGuest(&guest.Status{Code: 13, Message: fmt.Sprintf("grpc: error while marshaling: a %T", m)})
	}
	b, err := proto.Marshal(msg)
	if err != nil {
		return errorFromGuest(&guest.Status{Code: 13, Message: "grpc: error while marshaling: " + err.Error()})
	}
	over := false
	err = s.until(ctx, func() bool {
		over = s.over
		return over || len(q.messages) < fakeWindow
	})
	if err != nil {
		return err
	}
	if over {
		return guest.ErrOver
	}
	s.update(func() {
		q.messages = append(q.messages, b)
		s.started = s.started || q == &s.replies
	})
	return nil
}

func (s *fakeStream) recv(ctx context.Context, q *fakeQueue, m any) error {
	var b []byte
	end := false
	err := s.until(ctx, func() bool {
		if len(q.messages) > 0 {
			b, q.messages = q.messages[0], q.messages[1:]
			return true
		}
		end = q.closed || s.over
		return end
	})
	if err != nil {
		return err
	}
	if end {
		return io.EOF
	}
	s.update(func() {})
	if err := proto.Unmarshal(b, m.(proto.Message)); err != nil {
		return errorFromGuest(&guest.Status{Code: 13, Message: "grpc: failed to unmarshal the received message: " + err.Error()})
	}
	return nil
}

// fakeClient is the client's side.
type fakeClient struct{ *fakeStream }

func (c fakeClient) Send(ctx context.Context, m any) error { return c.send(ctx, &c.requests, m) }
func (c fakeClient) Recv(ctx context.Context, m any) error { return c.recv(ctx, &c.replies, m) }
func (c fakeClient) CloseSend()                            { c.update(func() { c.requests.closed = true }) }
func (fakeClient) SendHeader([]guest.Pair)                 { panic("a client sends no header") }

func (c fakeClient) Header(ctx context.Context) ([]guest.Pair, error) {
	err := c.until(ctx, func() bool { return c.started || c.over })
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil && !c.started {
		err = guest.ErrOver
	}
	return c.header, err
}

func (c fakeClient) End(ctx context.Context) (*guest.Status, []guest.Pair, error) {
	err := c.until(ctx, func() bool { return c.over })
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.st, c.trailer, err
}

func (c fakeClient) Close() {
	cancel := false
	c.update(func() { cancel, c.over = !c.over, true })
	if cancel {
		c.call.cancel()
	}
}

// fakeServer is the server's side.
type fakeServer struct{ *fakeStream }

func (s fakeServer) Send(ctx context.Context, m any) error {
	s.call.check()
	return s.send(ctx, &s.replies, m)
}

func (s fakeServer) Recv(ctx context.Context, m any) error {
	s.call.check()
	return s.recv(ctx, &s.requests, m)
}

func (s fakeServer) SendHeader(p []guest.Pair) {
	s.call.check()
	s.update(func() { s.header, s.started = p, true })
}

func (fakeServer) CloseSend()                                               { panic("for clients") }
func (fakeServer) Header(context.Context) ([]guest.Pair, error)             { panic("for clients") }
func (fakeServer) End(context.Context) (*guest.Status, []guest.Pair, error) { panic("for clients") }
func (fakeServer) Close()                                                   { panic("for clients") }
