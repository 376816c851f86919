// Package status implements the Status type that package status exports, and its conversion to and from the form
// that crosses a guest's border.
package status

import (
	"errors"
	"fmt"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/cofaas/cofaas/stubs/grpc/codes"
)

// Status is a code, a message and details. It is immutable, and a nil *Status is OK.
type Status struct {
	p *spb.Status
}

// New returns a status without details.
func New(c codes.Code, msg string) *Status {
	return &Status{p: &spb.Status{Code: int32(c), Message: msg}}
}

// FromProto returns a status with a copy of p.
func FromProto(p *spb.Status) *Status {
	return &Status{p: proto.CloneOf(p)}
}

// Code returns the code, [codes.OK] for a nil status.
func (s *Status) Code() codes.Code {
	if s == nil {
		return codes.OK
	}
	return codes.Code(s.p.GetCode())
}

// Message returns the text for developers.
func (s *Status) Message() string {
	if s == nil {
		return ""
	}
	return s.p.GetMessage()
}

// Proto returns a copy of s as a google.rpc.Status, nil for a nil status.
func (s *Status) Proto() *spb.Status {
	if s == nil {
		return nil
	}
	return proto.CloneOf(s.p)
}

// Err returns s as an error, nil when s is OK.
func (s *Status) Err() error {
	if s.Code() == codes.OK {
		return nil
	}
	return &Error{s: s}
}

// String is the text of the error that [Status.Err] returns.
func (s *Status) String() string {
	return fmt.Sprintf("rpc error: code = %s desc = %s", s.Code(), s.Message())
}

// WithDetails returns a new status with the messages appended to the details. It fails for an OK status, and for a
// message that does not encode.
func (s *Status) WithDetails(details ...protoadapt.MessageV1) (*Status, error) {
	if s.Code() == codes.OK {
		return nil, errors.New("no error details for status with code OK")
	}
	p := s.Proto()
	for _, detail := range details {
		packed, err := anypb.New(protoadapt.MessageV2Of(detail))
		if err != nil {
			return nil, err
		}
		p.Details = append(p.Details, packed)
	}
	return &Status{p: p}, nil
}

// Details returns the details, each as the type that was given to [Status.WithDetails]. The error takes the place of
// a detail that cannot be decoded, for instance because its type is not linked into this guest.
func (s *Status) Details() []any {
	if s == nil || s.p == nil {
		return nil
	}
	details := make([]any, 0, len(s.p.Details))
	for _, packed := range s.p.Details {
		m, err := packed.UnmarshalNew()
		if err != nil {
			details = append(details, err)
			continue
		}
		details = append(details, protoadapt.MessageV1Of(m))
	}
	return details
}

// Error is a [Status] that is not OK, as an error.
type Error struct {
	s *Status
}

// Error implements error.
func (e *Error) Error() string { return e.s.String() }

// GRPCStatus returns the status; it is the method by which package status recognizes errors.
func (e *Error) GRPCStatus() *Status { return e.s }

// Is reports whether target is a status error with the same code, message and details.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && proto.Equal(e.s.p, t.s.p)
}
