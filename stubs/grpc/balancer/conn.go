package balancer

import (
	"github.com/cofaas/cofaas/stubs/grpc/connectivity"
	"github.com/cofaas/cofaas/stubs/grpc/credentials"
	"github.com/cofaas/cofaas/stubs/grpc/experimental/stats"
	"github.com/cofaas/cofaas/stubs/grpc/internal"
	"github.com/cofaas/cofaas/stubs/grpc/resolver"
)

// ClientConn is the connection whose calls are balanced. Only grpc implements it; others embed one.
type ClientConn interface {
	// NewSubConn returns a connection to a server, which is not connected yet.
	NewSubConn([]resolver.Address, NewSubConnOptions) (SubConn, error)
	// RemoveSubConn shuts a connection down.
	//
	// Deprecated: use SubConn.Shutdown.
	RemoveSubConn(SubConn)
	// UpdateAddresses changes the addresses of a connection.
	//
	// Deprecated: make a new one.
	UpdateAddresses(SubConn, []resolver.Address)
	// UpdateState sets the state of the whole, and who picks from now on.
	UpdateState(State)
	// ResolveNow asks for the target to be resolved.
	ResolveNow(resolver.ResolveNowOptions)
	// Target returns the dial target.
	//
	// Deprecated: use BuildOptions.Target.
	Target() string
	// MetricsRecorder returns what takes metrics, never nil.
	MetricsRecorder() stats.MetricsRecorder

	internal.EnforceClientConnEmbedding
}

// NewSubConnOptions say how a connection to a server is made.
type NewSubConnOptions struct {
	// CredsBundle takes the place of the connection's.
	//
	// Deprecated: use the attributes of the address.
	CredsBundle credentials.Bundle
	// HealthCheckEnabled says whether the server's health counts.
	HealthCheckEnabled bool
	// StateListener is told the states.
	StateListener func(SubConnState)
}

// SubConn is a connection to a server. Only grpc implements it; others embed one.
type SubConn interface {
	// UpdateAddresses changes the addresses.
	//
	// Deprecated: make a new SubConn.
	UpdateAddresses([]resolver.Address)
	// Connect starts to connect.
	Connect()
	// GetOrBuildProducer returns the connection's producer of a builder, and what to call when it is not needed any more.
	GetOrBuildProducer(ProducerBuilder) (p Producer, close func())
	// Shutdown lets calls end and closes the connection.
	Shutdown()
	// RegisterHealthListener sets who is told of the server's health.
	RegisterHealthListener(func(SubConnState))

	internal.EnforceSubConnEmbedding
}

// SubConnState is the state of a connection to a server.
type SubConnState struct {
	ConnectivityState connectivity.State
	// ConnectionError is why, in connectivity.TransientFailure.
	ConnectionError error
}

// ProducerBuilder makes a [Producer].
type ProducerBuilder interface {
	// Build returns a producer that makes calls on a grpc.ClientConnInterface, and what ends it.
	Build(grpcClientConnInterface any) (p Producer, close func())
}

// Producer is something that balancers share per connection.
type Producer any
