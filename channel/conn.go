package channel

import (
	"context"
	"errors"
	"os"
)

// ErrClosed is the error of calls on a channel that was closed, here or by the peer, whose process may have ended. A call that was in
// progress may have been carried out.
var ErrClosed = errors.New("channel: closed")

// Waiting says how an end waits for the other.
type Waiting int

const (
	// Adaptive waits by looking for a while, if that has paid before, and then by sleeping.
	Adaptive Waiting = iota
	// Sleeping waits by sleeping only.
	Sleeping
)

// Config is for New. The zero value is usable, and refuses all calls of the peer.
type Config struct {
	// Serve serves a call of the peer. It runs on a goroutine that it may keep as long as it likes; when it returns the call is over.
	Serve func(*ServerCall)
	// Files is given what the peer has sent with SendFiles. It owns the files. Calls of it do not overlap.
	Files func(tag []byte, files []*os.File)
	// MaxMessage bounds the messages of the peer in bytes; 0 means 64 MiB. A call whose message is larger fails with a [*SizeError].
	MaxMessage int
	Waiting    Waiting
}

// SizeError is about a message that is larger than the one who is to get it allows.
type SizeError struct{ Size, Max int }

func (e *SizeError) Error() string { return "channel: message too large" }

// Conn is an end of a channel. It is safe for concurrent use.
type Conn struct{}

// New makes a link usable, and owns it.
func New(link *Link, cfg Config) *Conn { return &Conn{} }

// Close ends all calls in both directions with ErrClosed, and waits for nothing.
func (c *Conn) Close() error { return nil }

// Done is closed when the channel is closed, by either end or because the peer's process has ended.
func (c *Conn) Done() <-chan struct{} { return nil }

// SendFiles sends files to the peer, with a tag that says what they are. The caller keeps its own.
func (c *Conn) SendFiles(tag []byte, files ...*os.File) error { return errors.ErrUnsupported }

// Header is what travels beside the messages of a call.
type Header struct {
	// Method is "/package.Service/Method".
	Method string
	// Deadline is in Unix nanoseconds, 0 for none. Both ends keep it; the channel does not.
	Deadline int64
	// Metadata and Options are for both ends to agree upon, as are Route and Flags.
	Metadata, Options []byte
	Route, Flags      uint32
}

// Reply is the outcome of a unary call.
type Reply struct {
	// Status is what the server gave, empty for success.
	Status []byte
	// Metadata has header and trailer, as the server has encoded them.
	Metadata []byte
	// Payload is the reply message. It is valid until Free.
	Payload []byte
}

// Free gives the memory of a reply back. It need not be called.
func (r *Reply) Free() {}

// Invoke makes a unary call and waits for its end, for ctx, or for closed, which may be nil. The error is ctx's, ErrClosed, a *SizeError,
// or ErrAbandoned if closed was closed; a status of the server's is no error. The request is not used any more when it returns.
func (c *Conn) Invoke(ctx context.Context, closed <-chan struct{}, h *Header, request []byte) (*Reply, error) {
	return nil, ErrClosed
}

// ErrAbandoned is the error of a call that was given up.
var ErrAbandoned = errors.New("channel: call abandoned")

// OpenStream begins a streaming call. Whoever opens a stream closes it.
func (c *Conn) OpenStream(h *Header) (*Stream, error) { return nil, ErrClosed }

// ServerCall is a call of the peer.
type ServerCall struct {
	// Header is valid until Serve returns, and so is Request, the message of a unary call.
	Header
	Request []byte
	// Stream is nil for a unary call.
	Stream *Stream
}

// OnCancel has f called, once, when the caller does not wait for the call any more, or the channel is closed; at once if that is so
// already, and never after the call is over. f must not block. A second OnCancel replaces the first.
func (c *ServerCall) OnCancel(f func()) {}

// Reply ends a unary call, once. Status is empty for success. Nothing of what it is given is used when it has returned. Serve need not
// return at once.
func (c *ServerCall) Reply(status, metadata, payload []byte) error { return ErrClosed }
