// Package connectivity stands in for google.golang.org/grpc/connectivity in a guest.
package connectivity

// State is the state of a client connection. In a guest it is Idle, Ready or Shutdown; the other states have no cause.
type State int

const (
	// Idle connections have not been used.
	Idle State = iota
	// Connecting connections are being established.
	Connecting
	// Ready connections can be used.
	Ready
	// TransientFailure connections failed and will be tried again.
	TransientFailure
	// Shutdown connections are closed.
	Shutdown
)

// String returns the name of the state in the gRPC specification.
func (s State) String() string {
	switch s {
	case Idle:
		return "IDLE"
	case Connecting:
		return "CONNECTING"
	case Ready:
		return "READY"
	case TransientFailure:
		return "TRANSIENT_FAILURE"
	case Shutdown:
		return "SHUTDOWN"
	}
	return "INVALID_STATE"
}

// ServingMode is the mode of a server that is configured from outside.
type ServingMode int

const (
	// ServingModeStarting servers have no configuration yet.
	ServingModeStarting ServingMode = iota
	// ServingModeServing servers take calls.
	ServingModeServing
	// ServingModeNotServing servers finish the calls they have.
	ServingModeNotServing
)

// String returns the name of the mode in the gRPC specification.
func (s ServingMode) String() string {
	switch s {
	case ServingModeStarting:
		return "STARTING"
	case ServingModeServing:
		return "SERVING"
	case ServingModeNotServing:
		return "NOT_SERVING"
	}
	return "INVALID_MODE"
}
