// Package callctx holds the context keys that the packages of the grpc stub share.
//
// A server call has a context type of its own, which answers these keys without a chain of context.WithValue. That
// type lives in package grpc; the accessors live in the packages that define the values (metadata, peer). The keys
// are empty structs: looking one up does not allocate.
package callctx

type (
	// Incoming is the key of the metadata that came with a call. The value is a metadata.MD.
	Incoming struct{}
	// Outgoing is the key of the metadata for the calls made under a context. The value is a [Raw].
	Outgoing struct{}
	// Peer is the key of the other side of a call. The value is a *peer.Peer.
	Peer struct{}
	// Stream is the key of the server's side of a call. The value is a grpc.ServerTransportStream.
	Stream struct{}
)

// Raw is outgoing metadata before it is merged: what was set at once, then what was appended, in order. It is never
// modified once it is in a context.
type Raw struct {
	// Set is what metadata.NewOutgoingContext was given. Keys are as the application wrote them.
	Set map[string][]string
	// Added are alternating keys and values, one list per metadata.AppendToOutgoingContext. Keys are lower case.
	Added [][]string
}
