package grpc

import (
	"context"
	"fmt"
	"net"

	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/stubs/grpc/codes"
	"github.com/cofaas/cofaas/stubs/grpc/credentials"
	"github.com/cofaas/cofaas/stubs/grpc/credentials/insecure"
	"github.com/cofaas/cofaas/stubs/grpc/internal/callctx"
	"github.com/cofaas/cofaas/stubs/grpc/metadata"
	"github.com/cofaas/cofaas/stubs/grpc/peer"
	"github.com/cofaas/cofaas/stubs/grpc/status"
)

// ServerTransportStream is the server's side of a call as far as handlers reach it, by [SetHeader] and its siblings.
type ServerTransportStream interface {
	// Method returns "/package.service/method".
	Method() string
	SetHeader(md metadata.MD) error
	SendHeader(md metadata.MD) error
	SetTrailer(md metadata.MD) error
}

// NewContextWithServerTransportStream returns a context with another stream, by which middleware and tests see what a
// handler does.
func NewContextWithServerTransportStream(ctx context.Context, stream ServerTransportStream) context.Context {
	return context.WithValue(ctx, callctx.Stream{}, stream)
}

// ServerTransportStreamFromContext returns the stream of a handler's context, nil if ctx is none.
func ServerTransportStreamFromContext(ctx context.Context) ServerTransportStream {
	s, _ := ctx.Value(callctx.Stream{}).(ServerTransportStream)
	return s
}

// SetHeader adds to the header of the reply. ctx is the context of the handler. It fails once the header is sent.
func SetHeader(ctx context.Context, md metadata.MD) error {
	if md.Len() == 0 {
		return nil
	}
	stream := ServerTransportStreamFromContext(ctx)
	if stream == nil {
		return errNoStream(ctx)
	}
	return stream.SetHeader(md)
}

// SendHeader adds to the header of the reply and ends it: neither it nor [SetHeader] may be called again. In a guest the header of
// a unary call travels with the reply all the same.
func SendHeader(ctx context.Context, md metadata.MD) error {
	stream := ServerTransportStreamFromContext(ctx)
	if stream == nil {
		return errNoStream(ctx)
	}
	return toRPCError(stream.SendHeader(md))
}

// SetTrailer adds to the trailer of the reply. ctx is the context of the handler.
func SetTrailer(ctx context.Context, md metadata.MD) error {
	if md.Len() == 0 {
		return nil
	}
	stream := ServerTransportStreamFromContext(ctx)
	if stream == nil {
		return errNoStream(ctx)
	}
	return stream.SetTrailer(md)
}

// Method returns the full name of the method that is called, "/package.service/method". ctx is the context of the
// handler.
func Method(ctx context.Context) (string, bool) {
	stream := ServerTransportStreamFromContext(ctx)
	if stream == nil {
		return "", false
	}
	return stream.Method(), true
}

func errNoStream(ctx context.Context) error {
	return status.Errorf(codes.Internal, "grpc: failed to fetch the stream from the context %v", ctx)
}

// errHeaderSent is grpc-go's answer to a header that comes too late.
var errHeaderSent = status.Error(codes.Internal, "transport: SendHeader called multiple times")

// transportStream is the stream of a [serverContext].
type transportStream serverContext

func (s *transportStream) Method() string { return s.method.fullMethod }

func (s *transportStream) SetHeader(md metadata.MD) error { return s.addHeader(md, false) }

func (s *transportStream) SendHeader(md metadata.MD) error { return s.addHeader(md, true) }

func (s *transportStream) addHeader(md metadata.MD, send bool) error {
	if md.Len() == 0 && !send {
		return nil
	}
	s.mu.Lock()
	stream := (*serverContext)(s).streamLocked()
	x := (*serverContext)(s).extraLocked()
	switch {
	case send && (s.call == nil || stream != nil && stream.state.Load() == streamOver):
		err := (*serverContext)(s).errLocked()
		s.mu.Unlock()
		if err == nil {
			err = context.Canceled
		}
		return toRPCError(err)
	case s.call == nil, x.headerSent, stream != nil && stream.state.Load() != streamFresh:
		s.mu.Unlock()
		return errHeaderSent
	}
	x.header = x.appendSendable(x.header, md)
	header := x.header
	x.headerSent = send
	if send && stream != nil {
		stream.transport.SendHeader(header)
		stream.state.Store(streamOpen) // now messages may follow
	}
	s.mu.Unlock()
	if send && stream != nil {
		stream.sentHeader(header)
	}
	return nil
}

// streamLocked returns the stream of a streaming call, nil for a unary one and once the handler has returned.
func (c *serverContext) streamLocked() *serverStream {
	if call, ok := c.call.(*streamCall); ok {
		return call.stream
	}
	return nil
}

func (s *transportStream) SetTrailer(md metadata.MD) error {
	if md.Len() == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	stream := (*serverContext)(s).streamLocked()
	if s.call == nil || stream != nil && stream.state.Load() == streamOver {
		return errHeaderSent
	}
	x := (*serverContext)(s).extraLocked()
	x.trailer = x.appendSendable(x.trailer, md)
	return nil
}

// appendSendable is appendPairs for what a handler sets. As in grpc-go that is not checked here, and what HTTP/2 does not allow makes the
// call fail.
func (x *contextExtra) appendSendable(pairs []guest.Pair, md metadata.MD) []guest.Pair {
	n := len(pairs)
	pairs = appendPairs(pairs, md)
	for _, p := range pairs[n:] {
		if !isWireKey(p.Key) || !isWireValue(p.Key, p.Value) {
			x.invalid = guestError(codes.Internal, fmt.Sprintf("malformed header: %q", p.Key))
			return pairs[:n]
		}
	}
	return pairs
}

// localAddr is the address of both sides of a call between guests. It is no loopback address: calls that the host took
// from the network come through here too, and must not look as if they came from this machine.
type localAddr struct{}

func (localAddr) Network() string { return "cofaas" }
func (localAddr) String() string  { return "cofaas" }

var (
	_ net.Addr = localAddr{}

	// Who does not use credentials knows nothing of the other side. Clients always use some.
	anonymousPeer = &peer.Peer{Addr: localAddr{}, LocalAddr: localAddr{}}

	localPeer = &peer.Peer{Addr: localAddr{}, LocalAddr: localAddr{}, AuthInfo: noSecurity()}
)

// noSecurity is what a connection with insecure credentials has.
func noSecurity() credentials.AuthInfo {
	_, info, _ := insecure.NewCredentials().ServerHandshake(nil)
	return info
}
