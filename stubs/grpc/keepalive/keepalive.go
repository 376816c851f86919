// Package keepalive stands in for google.golang.org/grpc/keepalive in a guest.
//
// Inert in a guest: connections belong to the host, which has keepalive parameters of its own.
package keepalive

import "time"

// ClientParameters say how a client probes an idle connection.
type ClientParameters struct {
	// Time without activity after which the client pings the server.
	Time time.Duration
	// Timeout for the answer to a ping, after which the connection is closed.
	Timeout time.Duration
	// PermitWithoutStream lets the client ping while no call is active.
	PermitWithoutStream bool
}

// ServerParameters say how a server probes and ages connections.
type ServerParameters struct {
	// MaxConnectionIdle is how long a connection may have no call.
	MaxConnectionIdle time.Duration
	// MaxConnectionAge is how long a connection may exist.
	MaxConnectionAge time.Duration
	// MaxConnectionAgeGrace is what calls get on top of MaxConnectionAge.
	MaxConnectionAgeGrace time.Duration
	// Time without activity after which the server pings the client.
	Time time.Duration
	// Timeout for the answer to a ping, after which the connection is closed.
	Timeout time.Duration
}

// EnforcementPolicy says which pings a server tolerates.
type EnforcementPolicy struct {
	// MinTime is the least time between two pings of a client.
	MinTime time.Duration
	// PermitWithoutStream tolerates pings while no call is active.
	PermitWithoutStream bool
}
