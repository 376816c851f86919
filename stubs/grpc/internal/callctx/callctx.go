// Package callctx holds the context keys that the packages of the grpc stub share.
//
// A server call has a context type of its own, which answers these keys without a chain of context.WithValue. That
// type lives in package grpc; the accessors live in the packages that define the values (metadata, peer). The keys
// are empty structs: looking one up does not allocate.
package callctx

import (
	"context"

	"github.com/cofaas/cofaas/stubs/grpc/internal/coop"
)

type (
	// Incoming is the key of the metadata that came with a call. The value is a metadata.MD.
	Incoming struct{}
	// Outgoing is the key of the metadata for the calls made under a context. The value is a *[Metadata].
	Outgoing struct{}
	// Peer is the key of the other side of a call. The value is a *peer.Peer.
	Peer struct{}
	// Stream is the key of the server's side of a call. The value is a grpc.ServerTransportStream.
	Stream struct{}
)

// Metadata is outgoing metadata before it is merged: what was set at once, or what there was before, and what was appended to it. Nothing of
// it is modified once it is in a context, but for Set, which is the application's own map.
type Metadata struct {
	// Before is what was appended to, nil for nothing. Set is then nil.
	Before *Metadata
	// Set is what metadata.NewOutgoingContext was given. Keys are as the application wrote them.
	Set map[string][]string
	// Added are alternating keys and values. Keys are lower case.
	Added []string

	// For package grpc: Sent says that there was a call with it, and Encoded is what such calls send.
	Sent    coop.Bool
	Encoded coop.Pointer[[]byte]
}

// IsAfterFuncer reports whether a context has a method AfterFunc that package context may use. Package grpc sets it, for its own contexts: to
// ask for the method costs a guest more.
var IsAfterFuncer func(context.Context) bool

// Unwrap returns the context to which package metadata has added nothing but metadata, or nil if it has not made ctx. Deadline, Done and Err are
// that one's.
var Unwrap func(ctx context.Context) context.Context
