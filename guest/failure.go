package guest

import (
	"errors"
	"fmt"
)

// LiftFunc fills a message from its record. It fails with [ErrType], or as protobuf-go does when it unmarshals such a message.
type LiftFunc func(r Record, m any) error

// LowerFunc stores a message in its record, and what does not fit there in s. It fails with [ErrType], or as protobuf-go does
// when it marshals such a message.
type LowerFunc func(s *Scratch, r Record, m any) error

// ErrType is the error of lifting or lowering a message of another type than the one that the function was generated for.
var ErrType = errors.New("guest: message of another type")

// statusError makes errors of statuses, for decoders and direct handlers.
var statusError = func(st *Status) error { return errors.New(st.Message) }

// SetStatusError makes f the source of the errors that handlers see and pass on: the grpc stub's errors have a status.
func SetStatusError(f func(*Status) error) { statusError = f }

// StatusError returns the error for a status.
func StatusError(st *Status) error { return statusError(st) }

// NotLowered is the status of a call of which a message cannot be sent for a reason that protobuf-go gives, and NotLifted that of one of
// which a message cannot be received.
func NotLowered(err error) *Status { return notLowered(err) }
func NotLifted(err error) *Status  { return notLifted(err) }

// notLowered is the status of a call of which a message cannot be lowered, and notLifted that of one of which a message cannot
// be lifted: grpc-go's.
func notLowered(err error) *Status {
	return &Status{Code: codeInternal, Message: "grpc: error while marshaling: " + err.Error()}
}

func notLifted(err error) *Status {
	return &Status{Code: codeInternal, Message: "grpc: failed to unmarshal the received message: " + err.Error()}
}

// notSent is the status of a call with a message to send that the bindings do not know, and notReceived that of one that has such a
// message to receive into. For what is no message at all they are grpc-go's.
func notSent(fullMethod string, m any) *Status {
	if !isMessage(m) {
		return notLowered(fmt.Errorf("proto: failed to marshal, message is %T, want proto.Message", m))
	}
	return typeMismatch(fullMethod, m)
}

func notReceived(fullMethod string, m any) *Status {
	if !isMessage(m) {
		return notLifted(fmt.Errorf("failed to unmarshal, message is %T, want proto.Message", m))
	}
	return typeMismatch(fullMethod, m)
}

// isMessage reports whether m has the method by which generated messages are told from everything else.
func isMessage(m any) bool {
	_, ok := m.(interface{ ProtoMessage() })
	return ok
}

func typeMismatch(fullMethod string, m any) *Status {
	return &Status{Code: codeInternal, Message: fmt.Sprintf("grpc: error while marshaling: %s was called with a %T, which is of another generated package than the one the function was generated for", fullMethod, m)}
}
