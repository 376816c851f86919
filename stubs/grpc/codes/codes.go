// Package codes stands in for google.golang.org/grpc/codes in a guest: the canonical status codes, with the same
// numbers, names and JSON form.
package codes

import (
	"fmt"
	"strconv"
)

// Code is a status code as defined by the gRPC specification. Numbers that have no name are carried as they are.
type Code uint32

const (
	// OK is success.
	OK Code = 0
	// Canceled says that the operation was cancelled, usually by the caller.
	Canceled Code = 1
	// Unknown is an error that carries no better code, such as a plain Go error that a handler returned.
	Unknown Code = 2
	// InvalidArgument says that an argument is wrong whatever the state of the system is.
	InvalidArgument Code = 3
	// DeadlineExceeded says that the time given to the operation ran out. The operation may have completed.
	DeadlineExceeded Code = 4
	// NotFound says that a requested entity does not exist.
	NotFound Code = 5
	// AlreadyExists says that an entity that was to be created exists.
	AlreadyExists Code = 6
	// PermissionDenied says that the caller, who is known, may not do this. See [Unauthenticated].
	PermissionDenied Code = 7
	// ResourceExhausted says that a quota, a limit or a store is used up.
	ResourceExhausted Code = 8
	// FailedPrecondition says that the system is not in the state that the operation needs; a retry will not help.
	FailedPrecondition Code = 9
	// Aborted says that the operation lost a race; the caller may retry at a higher level.
	Aborted Code = 10
	// OutOfRange says that the operation went past a valid range that may grow, unlike [InvalidArgument].
	OutOfRange Code = 11
	// Unimplemented says that the operation is not implemented or not enabled.
	Unimplemented Code = 12
	// Internal says that an invariant of the system is broken.
	Internal Code = 13
	// Unavailable says that the service cannot be reached now; a retry with backoff may succeed.
	Unavailable Code = 14
	// DataLoss says that data is lost or corrupted beyond repair.
	DataLoss Code = 15
	// Unauthenticated says that the caller could not be identified.
	Unauthenticated Code = 16
)

// names holds, per code, the Go name and the name that the specification uses (and JSON reads).
var names = [...]struct{ name, canonical string }{
	OK:                 {"OK", "OK"},
	Canceled:           {"Canceled", "CANCELLED"},
	Unknown:            {"Unknown", "UNKNOWN"},
	InvalidArgument:    {"InvalidArgument", "INVALID_ARGUMENT"},
	DeadlineExceeded:   {"DeadlineExceeded", "DEADLINE_EXCEEDED"},
	NotFound:           {"NotFound", "NOT_FOUND"},
	AlreadyExists:      {"AlreadyExists", "ALREADY_EXISTS"},
	PermissionDenied:   {"PermissionDenied", "PERMISSION_DENIED"},
	ResourceExhausted:  {"ResourceExhausted", "RESOURCE_EXHAUSTED"},
	FailedPrecondition: {"FailedPrecondition", "FAILED_PRECONDITION"},
	Aborted:            {"Aborted", "ABORTED"},
	OutOfRange:         {"OutOfRange", "OUT_OF_RANGE"},
	Unimplemented:      {"Unimplemented", "UNIMPLEMENTED"},
	Internal:           {"Internal", "INTERNAL"},
	Unavailable:        {"Unavailable", "UNAVAILABLE"},
	DataLoss:           {"DataLoss", "DATA_LOSS"},
	Unauthenticated:    {"Unauthenticated", "UNAUTHENTICATED"},
}

// String returns the Go name of the code, or "Code(n)" for a number without a name.
func (c Code) String() string {
	if c < Code(len(names)) {
		return names[c].name
	}
	return "Code(" + strconv.FormatInt(int64(c), 10) + ")"
}

// UnmarshalJSON reads a code from its number or from its name in the specification ("NOT_FOUND"). null changes nothing.
func (c *Code) UnmarshalJSON(b []byte) error {
	text := string(b)
	if text == "null" {
		return nil
	}
	if c == nil {
		return fmt.Errorf("nil receiver passed to UnmarshalJSON")
	}
	if n, err := strconv.ParseUint(text, 10, 32); err == nil {
		if n >= uint64(len(names)) {
			return fmt.Errorf("invalid code: %d", n)
		}
		*c = Code(n)
		return nil
	}
	if len(text) >= 2 && text[0] == '"' && text[len(text)-1] == '"' {
		for n := range names {
			if names[n].canonical == text[1:len(text)-1] {
				*c = Code(n)
				return nil
			}
		}
	}
	return fmt.Errorf("invalid code: %q", text)
}
