package grpc

import (
	"context"
	"net"

	"github.com/cofaas/cofaas/stubs/grpc/codes"
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

// SendHeader adds to the header of the reply and ends it: neither it nor [SetHeader] may be called again. In a guest the
// header travels with the reply all the same.
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

// serverStream is the stream of a [serverContext].
type serverStream serverContext

func (s *serverStream) Method() string { return s.method.fullMethod }

func (s *serverStream) SetHeader(md metadata.MD) error { return s.addHeader(md, false) }

func (s *serverStream) SendHeader(md metadata.MD) error { return s.addHeader(md, true) }

func (s *serverStream) addHeader(md metadata.MD, send bool) error {
	if md.Len() == 0 && !send {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	x := (*serverContext)(s).extraLocked()
	if s.call == nil || x.headerSent {
		return errHeaderSent
	}
	x.header = appendPairs(x.header, md)
	x.headerSent = send
	return nil
}

func (s *serverStream) SetTrailer(md metadata.MD) error {
	if md.Len() == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.call == nil {
		return errHeaderSent
	}
	x := (*serverContext)(s).extraLocked()
	x.trailer = appendPairs(x.trailer, md)
	return nil
}

// localAddr is the address of both sides of a call between guests. It is no loopback address: calls that the host took
// from the network come through here too, and must not look as if they came from this machine.
type localAddr struct{}

func (localAddr) Network() string { return "cofaas" }
func (localAddr) String() string  { return "cofaas" }

var (
	_ net.Addr = localAddr{}

	localPeer = &peer.Peer{Addr: localAddr{}, LocalAddr: localAddr{}}
)
