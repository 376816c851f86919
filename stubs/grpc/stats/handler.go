// Package stats stands in for google.golang.org/grpc/stats in a guest: handlers that are told about each call, by
// which tracing and metrics libraries work. handler.go has the handlers, stats.go the events.
//
// A handler sees the events of grpc-go in the order of grpc-go, without those of connections: there are none. Sizes of
// payloads are those of the protobuf encoding, although a local call does not encode; sizes of headers are 0.
package stats

import (
	"context"
	"net"

	"github.com/cofaas/cofaas/stubs/grpc/metadata"
)

// Handler is told about calls and connections.
type Handler interface {
	// TagRPC may add to the context of a call. The result is the context that the handler of the call gets.
	TagRPC(ctx context.Context, info *RPCTagInfo) context.Context
	// HandleRPC gets the events of a call.
	HandleRPC(ctx context.Context, s RPCStats)
	// TagConn may add to the context of a connection. Inert in a guest: never called.
	TagConn(ctx context.Context, info *ConnTagInfo) context.Context
	// HandleConn gets the events of a connection. Inert in a guest: never called.
	HandleConn(ctx context.Context, s ConnStats)
}

// RPCTagInfo describes the call to tag.
type RPCTagInfo struct {
	// FullMethodName is "/package.service/method".
	FullMethodName string
	// FailFast is false when a client waits for the server to be ready. Always false on servers.
	FailFast bool
	// NameResolutionDelay is always false in a guest.
	NameResolutionDelay bool
}

// ConnTagInfo describes the connection to tag.
type ConnTagInfo struct {
	RemoteAddr net.Addr
	LocalAddr  net.Addr
}

const (
	tagsKey  = "grpc-tags-bin"
	traceKey = "grpc-trace-bin"
)

// SetTags adds tags to the metadata of the calls made under a context; the last ones count.
//
// Deprecated: set "grpc-tags-bin" in the metadata.
func SetTags(ctx context.Context, b []byte) context.Context {
	return metadata.AppendToOutgoingContext(ctx, tagsKey, string(b))
}

// Tags returns the tags that came with a call.
//
// Deprecated: read "grpc-tags-bin" from the metadata.
func Tags(ctx context.Context) []byte { return last(ctx, tagsKey) }

// SetTrace adds a trace to the metadata of the calls made under a context; the last one counts.
//
// Deprecated: set "grpc-trace-bin" in the metadata.
func SetTrace(ctx context.Context, b []byte) context.Context {
	return metadata.AppendToOutgoingContext(ctx, traceKey, string(b))
}

// Trace returns the trace that came with a call.
//
// Deprecated: read "grpc-trace-bin" from the metadata.
func Trace(ctx context.Context) []byte { return last(ctx, traceKey) }

func last(ctx context.Context, key string) []byte {
	v := metadata.ValueFromIncomingContext(ctx, key)
	if len(v) == 0 {
		return nil
	}
	return []byte(v[len(v)-1])
}
