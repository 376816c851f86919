// Package guestproto is the part of the guest runtime that needs protobuf: what the interface mapping carries as protobuf bytes.
// These are fields that are cut because types may not be recursive, and extensions.
//
// Only bindings of messages that have such parts, or required fields, import it. All others make do with package guest.
package guestproto

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/guest"
)

var (
	// Required fields are checked once per message, in CheckLowered and CheckLifted. Sizes have just been computed.
	marshal   = proto.MarshalOptions{AllowPartial: true, UseCachedSize: true}
	unmarshal = proto.UnmarshalOptions{AllowPartial: true}
	merge     = proto.UnmarshalOptions{AllowPartial: true, Merge: true}
)

// Lower stores m as protobuf bytes at an offset of r. The bytes live in s, as does an error until CheckLowered.
func Lower(s *guest.Scratch, r guest.Record, off uintptr, m proto.Message) {
	r.PutBytes(off, appendMessage(s, m, nil))
}

// appendMessage returns the bytes of m and then tail, in s.
func appendMessage(s *guest.Scratch, m proto.Message, tail []byte) []byte {
	room := s.Bytes(proto.Size(m) + len(tail))
	b, err := marshal.MarshalAppend(room, m)
	if err != nil {
		s.Fail(err)
	}
	b = append(b, tail...)
	if len(b) > cap(room) { // Sizes may be wrong where messages have marshallers of their own.
		b = append(s.Bytes(len(b)), b...)
	}
	return b
}

// Lift sets m, a new message, from protobuf bytes at an offset of r. The first error is kept in err.
func Lift(r guest.Record, off uintptr, m proto.Message, err *error) {
	if e := unmarshal.Unmarshal(r.Bytes(off), m); e != nil && *err == nil {
		*err = e
	}
}

// LowerUnknown stores the unknown fields of m and its extensions at an offset of r, as Lower does.
func LowerUnknown(s *guest.Scratch, r guest.Record, off uintptr, m proto.Message) {
	x := m.ProtoReflect()
	var extensions protoreflect.Message
	x.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if fd.IsExtension() {
			if extensions == nil {
				extensions = x.New()
			}
			extensions.Set(fd, v)
		}
		return true
	})
	unknown := x.GetUnknown()
	if extensions == nil {
		s.PutBytes(r, off, unknown)
		return
	}
	r.PutBytes(off, appendMessage(s, extensions.Interface(), unknown))
}

// LiftUnknown sets the unknown fields of m, which has none yet, and its extensions, as Lift does. Which bytes are extensions is
// up to the extensions that this guest has registered, as when a message is unmarshalled.
func LiftUnknown(r guest.Record, off uintptr, m proto.Message, err *error) {
	b := r.Bytes(off)
	if len(b) == 0 {
		return
	}
	if e := merge.Unmarshal(b, m); e != nil && *err == nil {
		*err = e
	}
}

// CheckLowered says whether m could be lowered to s, and whether protobuf-go would marshal it.
func CheckLowered(s *guest.Scratch, m proto.Message) error {
	err := s.TakeError()
	if err == nil {
		err = proto.CheckInitialized(m)
	}
	if err == nil {
		return nil
	}
	// Of several reasons protobuf-go gives the first one in its own order.
	if _, first := proto.Marshal(m); first != nil {
		return first
	}
	return err
}

// CheckLifted says whether m could be lifted, in which err was met, and whether protobuf-go would have unmarshalled it.
func CheckLifted(m proto.Message, err error) error {
	if err != nil {
		return err
	}
	return proto.CheckInitialized(m)
}
