// Package status stands in for google.golang.org/grpc/status in a guest: the errors that calls and handlers return.
//
// An error of this package is never OK, and an OK status is never an error.
package status

import (
	"context"
	"errors"
	"fmt"

	spb "google.golang.org/genproto/googleapis/rpc/status"

	"github.com/cofaas/cofaas/stubs/grpc/codes"
	"github.com/cofaas/cofaas/stubs/grpc/internal/status"
)

// Status is the outcome of a call: a code, a message and details. It is immutable; make one with [New], [Newf] or
// [FromProto].
type Status = status.Status

// New returns a status with a code and a message.
func New(c codes.Code, msg string) *Status { return status.New(c, msg) }

// Newf returns New(c, fmt.Sprintf(format, a...)).
func Newf(c codes.Code, format string, a ...any) *Status { return New(c, fmt.Sprintf(format, a...)) }

// Error returns an error with a code and a message, nil when c is OK.
func Error(c codes.Code, msg string) error { return New(c, msg).Err() }

// Errorf returns Error(c, fmt.Sprintf(format, a...)).
func Errorf(c codes.Code, format string, a ...any) error {
	return Error(c, fmt.Sprintf(format, a...))
}

// FromProto returns a status with a copy of s.
func FromProto(s *spb.Status) *Status { return status.FromProto(s) }

// ErrorProto returns an error with a copy of s, nil when the code of s is OK.
func ErrorProto(s *spb.Status) error { return FromProto(s).Err() }

// grpcStatus is implemented by errors that have a status of their own, those of this package and others.
type grpcStatus interface{ GRPCStatus() *Status }

// FromError returns the status of err and whether err has one.
//
//   - nil is an OK status.
//   - An error with a method GRPCStatus() *Status has what that returns.
//   - An error that wraps such an error has that status with err.Error() as the message.
//   - Any other error, and one whose GRPCStatus returns nil, gives [codes.Unknown] with err.Error(), and false.
func FromError(err error) (s *Status, ok bool) {
	if err == nil {
		return nil, true
	}
	direct, ok := err.(grpcStatus)
	if ok {
		if s := direct.GRPCStatus(); s != nil {
			return s, true
		}
		return New(codes.Unknown, err.Error()), false
	}
	var wrapped grpcStatus
	if errors.As(err, &wrapped) {
		if s := wrapped.GRPCStatus(); s != nil {
			p := s.Proto()
			p.Message = err.Error()
			return status.FromProto(p), true
		}
	}
	return New(codes.Unknown, err.Error()), false
}

// Convert is [FromError] without the second result.
func Convert(err error) *Status {
	s, _ := FromError(err)
	return s
}

// Code returns the code of err: [codes.OK] for nil, [codes.Unknown] for an error that has no status.
func Code(err error) codes.Code {
	if err == nil {
		return codes.OK
	}
	return Convert(err).Code()
}

// FromContextError returns the status for an error of package context, wrapped or not: [codes.DeadlineExceeded] or
// [codes.Canceled]. nil is OK, and any other error is [codes.Unknown].
func FromContextError(err error) *Status {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		return New(codes.DeadlineExceeded, err.Error())
	case errors.Is(err, context.Canceled):
		return New(codes.Canceled, err.Error())
	}
	return New(codes.Unknown, err.Error())
}
