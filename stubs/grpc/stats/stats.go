package stats

import (
	"net"
	"time"

	"github.com/cofaas/cofaas/stubs/grpc/metadata"
)

// RPCStats is an event of a call: one of the pointers to the types below.
type RPCStats interface {
	isRPCStats()
	// IsClient reports whether the event is a client's.
	IsClient() bool
}

// ConnStats is an event of a connection. In a guest there are none.
type ConnStats interface {
	isConnStats()
	// IsClient reports whether the event is a client's.
	IsClient() bool
}

// Begin starts a call: it is a client's first event, and follows [InHeader] on a server.
type Begin struct {
	// Client is true for a client's event. This holds for all types below.
	Client bool
	// BeginTime is when the call began.
	BeginTime time.Time
	// FailFast is valid on clients.
	FailFast bool
	// IsClientStream and IsServerStream say what kind of call it is.
	IsClientStream bool
	IsServerStream bool
	// IsTransparentRetryAttempt is always false in a guest.
	IsTransparentRetryAttempt bool
}

// DelayedPickComplete says that a call had to wait for a connection. In a guest no call has to.
type DelayedPickComplete struct{}

// PickerUpdated is the former name of [DelayedPickComplete].
//
// Deprecated: use [DelayedPickComplete].
type PickerUpdated = DelayedPickComplete

// InPayload is a message that was received.
type InPayload struct {
	Client bool
	// Payload is the message. It may change after the handler returned.
	Payload any
	// Length and CompressedLength are the size of the encoded message, WireLength adds gRPC's framing.
	Length           int
	CompressedLength int
	WireLength       int
	// RecvTime is when the message was received.
	RecvTime time.Time
}

// InHeader is the metadata that a server received with a call, or a client as the reply's header.
type InHeader struct {
	Client bool
	// WireLength is 0 in a guest.
	WireLength int
	// Compression is empty in a guest.
	Compression string
	// Header is the metadata.
	Header metadata.MD
	// FullMethod, RemoteAddr and LocalAddr are valid on servers.
	FullMethod string
	RemoteAddr net.Addr
	LocalAddr  net.Addr
}

// InTrailer is the metadata that a client received after the reply.
type InTrailer struct {
	Client bool
	// WireLength is 0 in a guest.
	WireLength int
	// Trailer is the metadata.
	Trailer metadata.MD
}

// OutPayload is a message that was sent.
type OutPayload struct {
	Client bool
	// Payload is the message. It may change after the handler returned.
	Payload any
	// Length and CompressedLength are the size of the encoded message, WireLength adds gRPC's framing.
	Length           int
	CompressedLength int
	WireLength       int
	// SentTime is when the message was sent.
	SentTime time.Time
}

// OutHeader is the metadata that a client sent with a call, or a server as the reply's header.
type OutHeader struct {
	Client bool
	// Compression is empty in a guest.
	Compression string
	// Header is the metadata.
	Header metadata.MD
	// Authority, FullMethod, RemoteAddr and LocalAddr are valid on clients.
	Authority  string
	FullMethod string
	RemoteAddr net.Addr
	LocalAddr  net.Addr
}

// OutTrailer is the metadata that a server sent after the reply.
type OutTrailer struct {
	Client bool
	// WireLength is never set.
	//
	// Deprecated: never set.
	WireLength int
	// Trailer is the metadata.
	Trailer metadata.MD
}

// End ends a call.
type End struct {
	Client bool
	// BeginTime and EndTime are when the call began and ended.
	BeginTime time.Time
	EndTime   time.Time
	// Trailer is the metadata that a client received after the reply.
	//
	// Deprecated: see [InTrailer].
	Trailer metadata.MD
	// Error is the error that the call ended with, one with a status.
	Error error
}

// ConnBegin says that a connection was established.
type ConnBegin struct{ Client bool }

// ConnEnd says that a connection was closed.
type ConnEnd struct{ Client bool }

func (*Begin) isRPCStats()               {}
func (*DelayedPickComplete) isRPCStats() {}
func (*InPayload) isRPCStats()           {}
func (*InHeader) isRPCStats()            {}
func (*InTrailer) isRPCStats()           {}
func (*OutPayload) isRPCStats()          {}
func (*OutHeader) isRPCStats()           {}
func (*OutTrailer) isRPCStats()          {}
func (*End) isRPCStats()                 {}
func (*ConnBegin) isConnStats()          {}
func (*ConnEnd) isConnStats()            {}

// IsClient reports whether the event is a client's.
func (s *Begin) IsClient() bool { return s.Client }

// IsClient returns true.
func (*DelayedPickComplete) IsClient() bool { return true }

// IsClient reports whether the event is a client's.
func (s *InPayload) IsClient() bool { return s.Client }

// IsClient reports whether the event is a client's.
func (s *InHeader) IsClient() bool { return s.Client }

// IsClient reports whether the event is a client's.
func (s *InTrailer) IsClient() bool { return s.Client }

// IsClient reports whether the event is a client's.
func (s *OutPayload) IsClient() bool { return s.Client }

// IsClient reports whether the event is a client's.
func (s *OutHeader) IsClient() bool { return s.Client }

// IsClient reports whether the event is a client's.
func (s *OutTrailer) IsClient() bool { return s.Client }

// IsClient reports whether the event is a client's.
func (s *End) IsClient() bool { return s.Client }

// IsClient reports whether the event is a client's.
func (s *ConnBegin) IsClient() bool { return s.Client }

// IsClient reports whether the event is a client's.
func (s *ConnEnd) IsClient() bool { return s.Client }
