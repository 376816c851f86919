// Package backoff stands in for google.golang.org/grpc/backoff in a guest.
//
// Inert in a guest: a connection never has to be established again.
package backoff

import "time"

// Config says how the time between attempts to connect grows.
type Config struct {
	// BaseDelay is the time after the first failure.
	BaseDelay time.Duration
	// Multiplier is applied after each further failure.
	Multiplier float64
	// Jitter is the share by which a delay is varied at random.
	Jitter float64
	// MaxDelay bounds the delay.
	MaxDelay time.Duration
}

// DefaultConfig has the values of gRPC's connection backoff specification.
var DefaultConfig = Config{
	BaseDelay:  time.Second,
	Multiplier: 1.6,
	Jitter:     0.2,
	MaxDelay:   120 * time.Second,
}
