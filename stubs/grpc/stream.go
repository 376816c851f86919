package grpc

import (
	"context"

	"github.com/cofaas/cofaas/stubs/grpc/metadata"
)

// Stream is what [ClientStream] and [ServerStream] have in common.
//
// Deprecated: use those.
type Stream interface {
	Context() context.Context
	SendMsg(m any) error
	RecvMsg(m any) error
}

// ClientStream is a client's side of a streaming call. Errors have a status, except io.EOF.
type ClientStream interface {
	// Header returns the header of the reply, waiting for it.
	Header() (metadata.MD, error)
	// Trailer returns the trailer, once RecvMsg has returned an error.
	Trailer() metadata.MD
	// CloseSend says that no more messages will be sent.
	CloseSend() error
	// Context returns the context of the stream.
	Context() context.Context
	// SendMsg sends a message. io.EOF says that the stream is over, and that RecvMsg has the reason.
	SendMsg(m any) error
	// RecvMsg receives a message into m. io.EOF says that the stream ended with success.
	RecvMsg(m any) error
}

// ServerStream is a server's side of a streaming call. Errors have a status, except io.EOF.
type ServerStream interface {
	// SetHeader adds to the header, until it is sent: by SendHeader, the first message or the end of the handler.
	SetHeader(metadata.MD) error
	// SendHeader sends the header, once.
	SendHeader(metadata.MD) error
	// SetTrailer adds to the trailer, which is sent at the end of the handler.
	SetTrailer(metadata.MD)
	// Context returns the context of the stream.
	Context() context.Context
	// SendMsg sends a message.
	SendMsg(m any) error
	// RecvMsg receives a message into m. io.EOF says that the client has sent its last.
	RecvMsg(m any) error
}

// NewStream begins a streaming call. The stream is at an end when RecvMsg has returned an error, ctx is done or cc is closed: one of
// these must happen, or it stays open.
func (cc *ClientConn) NewStream(ctx context.Context, desc *StreamDesc, method string, opts ...CallOption) (ClientStream, error) {
	opts = combine(cc.opts.callOptions, opts)
	if cc.opts.streamInt != nil {
		return cc.opts.streamInt(ctx, desc, cc, method, newStream, opts...)
	}
	return newStream(ctx, desc, cc, method, opts...)
}

// newStream is the innermost [Streamer]. opts include the connection's.
func newStream(ctx context.Context, desc *StreamDesc, cc *ClientConn, method string, opts ...CallOption) (ClientStream, error) {
	s, err := cc.openStream(ctx, desc, method, opts)
	if err != nil {
		finishOptions(opts, err)
		return nil, err
	}
	return s, nil
}

// NewClientStream is cc.NewStream. Code of old generators calls it.
func NewClientStream(ctx context.Context, desc *StreamDesc, cc *ClientConn, method string, opts ...CallOption) (ClientStream, error) {
	return cc.NewStream(ctx, desc, method, opts...)
}

// MethodFromServerStream returns the full name of the method that is called.
func MethodFromServerStream(stream ServerStream) (string, bool) { return Method(stream.Context()) }
