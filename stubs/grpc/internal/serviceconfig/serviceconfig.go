// Package serviceconfig has the types of a method's service config, which package grpc exports.
package serviceconfig

import (
	"time"

	"github.com/cofaas/cofaas/stubs/grpc/codes"
)

// MethodConfig is what a service config says about a method. nil fields are not set.
type MethodConfig struct {
	// WaitForReady is the default of grpc.WaitForReady.
	WaitForReady *bool
	// Timeout bounds a call beside the deadline of its context.
	Timeout *time.Duration
	// MaxReqSize bounds the size of a request, beside grpc.MaxCallSendMsgSize.
	MaxReqSize *int
	// MaxRespSize bounds the size of a reply, beside grpc.MaxCallRecvMsgSize.
	MaxRespSize *int
	// RetryPolicy says which calls are retried.
	RetryPolicy *RetryPolicy
}

// RetryPolicy is the policy of gRFC A6.
type RetryPolicy struct {
	// MaxAttempts includes the first one.
	MaxAttempts int

	// The first retry is made after InitialBackoff, each further one after BackoffMultiplier times as long, up to
	// MaxBackoff.
	InitialBackoff    time.Duration
	MaxBackoff        time.Duration
	BackoffMultiplier float64

	// RetryableStatusCodes are those after which a call is retried.
	RetryableStatusCodes map[codes.Code]bool
}
