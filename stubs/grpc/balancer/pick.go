package balancer

import (
	"context"
	"errors"

	"github.com/cofaas/cofaas/stubs/grpc/connectivity"
	"github.com/cofaas/cofaas/stubs/grpc/metadata"
)

var (
	// ErrNoSubConnAvailable makes a call wait for another [Picker].
	ErrNoSubConnAvailable = errors.New("no SubConn is available")
	// ErrTransientFailure fails a call that does not wait until the server is ready.
	//
	// Deprecated: return an error that says why.
	ErrTransientFailure = errors.New("all SubConns are in TransientFailure")
)

// TransientFailureError returns e.
//
// Deprecated: return the error itself.
func TransientFailureError(e error) error { return e }

// Picker chooses the connection for a call. It must not block and must be safe for concurrent use.
type Picker interface {
	// Pick returns a connection. [ErrNoSubConnAvailable] makes the call wait, an error with a status fails it, and any other
	// error fails it unless it waits until the server is ready.
	Pick(info PickInfo) (PickResult, error)
}

// PickInfo describes the call.
type PickInfo struct {
	// FullMethodName is "/package.service/method".
	FullMethodName string
	// Ctx is the context of the call.
	Ctx context.Context
}

// PickResult is what was chosen.
type PickResult struct {
	SubConn SubConn
	// Done is called when the call has ended, if it is not nil.
	Done func(DoneInfo)
	// Metadata is added to the call's.
	Metadata metadata.MD
}

// DoneInfo describes the end of a call.
type DoneInfo struct {
	// Err is the error of the call.
	Err error
	// Trailer is the trailer of the reply.
	Trailer metadata.MD
	// BytesSent and BytesReceived say whether anything was.
	BytesSent     bool
	BytesReceived bool
	// ServerLoad is what the server reports of its load.
	ServerLoad any
}

// State is that of the connection as a whole.
type State struct {
	ConnectivityState connectivity.State
	Picker            Picker
}
