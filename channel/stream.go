package channel

import "context"

// Stream is an end of a streaming call. One goroutine may send while another receives; beyond that it is not safe for concurrent use, but
// for Close, which may be called any time.
type Stream struct{}

// Send sends a message, which is not used any more when it returns. It waits while the peer does not keep up, and no longer than ctx.
// io.EOF says that the call is over: Result knows how it ended.
func (s *Stream) Send(ctx context.Context, message []byte) error { return ErrClosed }

// Recv receives a message, which is valid until the next Recv. io.EOF says that there are no more: the peer has said so, or the call has
// ended. Other errors are ctx's, ErrClosed, and a *SizeError.
func (s *Stream) Recv(ctx context.Context) ([]byte, error) { return nil, ErrClosed }

// CloseSend says that no more messages will be sent.
func (s *Stream) CloseSend() error { return ErrClosed }

// SendHeader sends the header of a server, once.
func (s *Stream) SendHeader(metadata []byte) error { return ErrClosed }

// Header waits for the server's header, and no longer than ctx. ok is false if the call has ended without one.
func (s *Stream) Header(ctx context.Context) (metadata []byte, ok bool, err error) {
	return nil, false, ErrClosed
}

// End ends the call, on the server's side. What was sent before can still be received.
func (s *Stream) End(status, trailer []byte) error { return ErrClosed }

// Result waits for how the server has ended the call, and no longer than ctx. What has been sent may still be received.
func (s *Stream) Result(ctx context.Context) (status, trailer []byte, err error) {
	return nil, nil, ErrClosed
}

// Close ends the use of a stream, on the client's side. A call that has not ended is cancelled.
func (s *Stream) Close() error { return nil }
