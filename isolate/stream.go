package isolate

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/cofaas/cofaas/channel"
	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/isolate/protocol"
)

// Stream is the client's side of a streaming call. One goroutine may send while another receives; beyond that it is not safe for
// concurrent use, but for Close.
type Stream struct {
	messages
	to callee
	st *guest.Status // of a call that could not begin
}

// Open begins a call under ctx, which it does not watch. It does not wait; whatever is wrong with the call is in the end of the stream. Of
// call, which may be nil, Deadline, Metadata, WaitForReady, Route and Options count. Whoever opens a stream closes it with Close.
func (m *Method) Open(ctx context.Context, call *guest.ClientCall) *Stream {
	depth, st := admit(ctx, call)
	if st != nil {
		return &Stream{st: st}
	}
	o := outgoings.Get().(*outgoing)
	defer o.free()
	h := o.set(m.fullMethod, call, depth)
	h.Flags |= protocol.WantsHeaders
	s := &Stream{to: m.callee(h.Route)}
	var err error
	if s.stream, err = s.to.conn.OpenStream(h); err != nil {
		s.st = s.to.failure(err)
	}
	return s
}

// Send sends a message, of which nothing is kept. It waits while the other side does not keep up, and no longer than ctx. The error is
// [guest.ErrOver], that of ctx, or has the status of a message that cannot be sent.
func (s *Stream) Send(ctx context.Context, m any) error {
	if s.st != nil {
		return guest.ErrOver
	}
	return s.send(ctx, m)
}

// Recv receives a message into m. It waits for one, and no longer than ctx. io.EOF says that the call has ended, as End tells. Other errors
// are that of ctx, and those of messages that cannot be received.
func (s *Stream) Recv(ctx context.Context, m any) error {
	if s.st != nil {
		return io.EOF
	}
	err := s.recv(ctx, m)
	if isLost(err) {
		return guest.StatusError(s.to.failure(err))
	}
	return err
}

// isLost reports whether the call, or the channel, has ended without saying how.
func isLost(err error) bool {
	return err != nil && (errors.Is(err, channel.ErrClosed) || errors.Is(err, channel.ErrAbandoned))
}

// CloseSend says that no more messages will be sent.
func (s *Stream) CloseSend() {
	if s.st == nil {
		s.stream.CloseSend()
	}
}

// Header waits for the header that the server sends, and no longer than ctx. It returns [guest.ErrOver] if the call has ended without one.
func (s *Stream) Header(ctx context.Context) ([]guest.Pair, error) {
	if s.st != nil {
		return nil, guest.ErrOver
	}
	meta, ok, err := s.stream.Header(ctx)
	switch {
	case isLost(err):
		return nil, guest.ErrOver // End says why
	case err != nil:
		return nil, err
	case !ok:
		return nil, guest.ErrOver
	}
	header, _, err := guest.ParsePairs(meta)
	if err != nil {
		return nil, guest.StatusError(&guest.Status{Code: codeInternal, Message: "grpc: " + err.Error()})
	}
	return header, nil
}

// End waits for the end of a call, and no longer than ctx. It returns nil for OK. What has been sent may still be received.
func (s *Stream) End(ctx context.Context) (*guest.Status, []guest.Pair, error) {
	if s.st != nil {
		return s.st, nil, nil
	}
	status, meta, err := s.stream.Result(ctx)
	switch {
	case isLost(err):
		return s.to.failure(err), nil, nil
	case err != nil:
		return nil, nil, err
	}
	_, trailer, err := guest.ParsePairs(meta)
	if err != nil {
		return &guest.Status{Code: codeInternal, Message: "grpc: " + err.Error()}, nil, nil
	}
	return decodeStatus(status), trailer, nil
}

// Close ends the use of a stream. If the call has not ended, it is cancelled. It may be called more than once.
func (s *Stream) Close() {
	if s.st == nil {
		s.stream.Close()
	}
}

// SendHeader is for servers.
func (s *Stream) SendHeader([]guest.Pair) {}

// ServerStream is the server's side of a streaming call. One goroutine may send while another receives. What a handler has left behind may
// still use it when the handler has returned: then the call is over.
type ServerStream struct {
	messages
	sending sync.Mutex
	over    atomic.Bool // set under sending
}

// Send is [Stream.Send].
func (s *ServerStream) Send(ctx context.Context, m any) error {
	s.sending.Lock()
	defer s.sending.Unlock()
	if s.over.Load() {
		return guest.ErrOver
	}
	return s.send(ctx, m)
}

// Recv receives a message into m. It waits for one, and no longer than ctx. io.EOF says that the client sends no more. Other errors are that
// of ctx, and those of messages that cannot be received.
//
// It takes no lock, which would cost a seventh of what a stream of small messages costs its receiver: unlocking waits until what was
// decoded is in the cache. The end of a call ends the wait of whoever receives still.
func (s *ServerStream) Recv(ctx context.Context, m any) error {
	if s.over.Load() {
		return io.EOF
	}
	err := s.recv(ctx, m)
	ended := isLost(err) || err == io.EOF && s.over.Load() // by other than the client's CloseSend
	if !ended {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return context.Canceled
}

// SendHeader sends the header, once.
func (s *ServerStream) SendHeader(header []guest.Pair) {
	s.sending.Lock()
	defer s.sending.Unlock()
	if !s.over.Load() {
		s.stream.SendHeader(guest.AppendPairs(nil, header, false))
	}
}

// end ends the call, when nobody sends any more.
func (s *ServerStream) end(st *guest.Status, trailer []guest.Pair) {
	s.sending.Lock()
	s.over.Store(true)
	s.sending.Unlock()
	err := s.stream.End(encodeStatus(st), guest.AppendPairs(nil, trailer, true))
	if err == channel.ErrMetadata {
		s.stream.End(encodeStatus(failure(err, "")), nil)
	}
}

// CloseSend, Header, End and Close are for clients.
func (*ServerStream) CloseSend()                                   {}
func (*ServerStream) Header(context.Context) ([]guest.Pair, error) { return nil, guest.ErrOver }
func (*ServerStream) Close()                                       {}
func (*ServerStream) End(context.Context) (*guest.Status, []guest.Pair, error) {
	return nil, nil, guest.ErrOver
}

// serveStream serves a streaming call.
func serveStream(call *channel.ServerCall, serve StreamHandler) {
	c, s := &ServerCall{call: call}, &ServerStream{}
	s.stream = call.Stream
	defer c.end()
	s.end(serve(c, s), c.trailer)
}

// messages are what both sides of a stream do with messages.
type messages struct {
	stream *channel.Stream
	large  bool
}

// IsLarge is whether the message that was received last is so large that a limit of megabytes may matter.
func (s *messages) IsLarge() *bool { return &s.large }

func (s *messages) send(ctx context.Context, m any) error {
	b, st := encode(m)
	if st != nil {
		return guest.StatusError(st)
	}
	defer b.free()
	err := s.stream.Send(ctx, b.bytes)
	if err == nil {
		return nil
	}
	var size *channel.SizeError
	switch {
	case isLost(err):
		return guest.ErrOver // receiving tells why
	case errors.As(err, &size):
		return guest.StatusError(tooLarge(size.Size, size.Max))
	}
	return err
}

func (s *messages) recv(ctx context.Context, m any) error {
	b, err := s.stream.Recv(ctx)
	if err != nil {
		var size *channel.SizeError
		if errors.As(err, &size) {
			return guest.StatusError(tooLarge(size.Size, size.Max))
		}
		return err
	}
	s.large = len(b) > DefaultMaxReply
	if st := decode(b, m); st != nil {
		return guest.StatusError(st)
	}
	return nil
}
