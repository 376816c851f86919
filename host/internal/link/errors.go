package link

import (
	"errors"
	"fmt"
)

// Errors that are the fault of a value and not of the guest: the guest did nothing that the ABI forbids a program to try.
var (
	// ErrUTF8 is a string that is not valid UTF-8, in protobuf-go's words.
	ErrUTF8 = errors.New("string field contains invalid UTF-8")
	// ErrRefused is wrapped by errors of whoever knows more of a value than that it is one of the ABI.
	ErrRefused = errors.New("value cannot be sent")
)

// LimitError is a value that takes more than the limit.
type LimitError struct {
	// Limit is in bytes.
	Limit uint64
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("message larger than max (%d bytes)", e.Limit)
}

// BadValueError is a value that no correct guest produces.
type BadValueError struct{ Problem string }

func (e *BadValueError) Error() string { return e.Problem }

func badValue(format string, args ...any) error {
	return &BadValueError{fmt.Sprintf(format, args...)}
}

// TargetError is a failure of the guest that a value is copied to: it gives no memory, or memory that is not there.
type TargetError struct{ Cause error }

func (e *TargetError) Error() string { return e.Cause.Error() }
func (e *TargetError) Unwrap() error { return e.Cause }

// Fault says whose fault a failed copy is.
type Fault int

// The faults.
const (
	// NoFault is that of a nil error.
	NoFault Fault = iota
	// ValueFault: the value cannot be sent, and both guests may go on.
	ValueFault
	// SourceFault: the guest that the value comes from is broken.
	SourceFault
	// TargetFault: the guest that the value goes to is broken.
	TargetFault
)

// FaultOf classifies an error of this package.
func FaultOf(err error) Fault {
	if err == nil {
		return NoFault
	}
	return faultOf(err)
}

// faultOf is apart because errors.As makes its targets escape, which a call without an error should not pay for.
func faultOf(err error) Fault {
	var limit *LimitError
	var target *TargetError
	switch {
	case errors.As(err, &target):
		return TargetFault
	case errors.Is(err, ErrUTF8), errors.Is(err, ErrRefused), errors.As(err, &limit):
		return ValueFault
	default:
		return SourceFault
	}
}
