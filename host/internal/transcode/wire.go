package transcode

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/host/internal/link"
)

// Errors of a message, in protobuf-go's words.
var (
	// ErrWire is malformed wire data.
	ErrWire = errors.New("proto: cannot parse invalid wire-format data")
	// ErrUTF8 is a string field that is not UTF-8.
	ErrUTF8 = link.ErrUTF8
	// ErrDepth is a message that is nested too deep.
	ErrDepth error = valueError("proto: exceeded maximum recursion depth")
)

// valueError is the fault of a value that guests may well build: they may go on.
type valueError string

func (e valueError) Error() string { return string(e) }
func (e valueError) Unwrap() error { return link.ErrRefused }

// RequiredError is a message that lacks a required field.
type RequiredError struct{ Field protoreflect.FullName }

func (e *RequiredError) Error() string {
	return fmt.Sprintf("proto: required field %s not set", e.Field)
}

// Unwrap says that both guests may go on.
func (e *RequiredError) Unwrap() error { return link.ErrRefused }

// maxDepth is how deep messages may nest, the outermost one and entries of maps included.
const maxDepth = protowire.DefaultRecursionLimit

// maxWire keeps places in the wire and in memory in 32 bits.
const maxWire = 1 << 31

// scan reads the tag at i and steps over its value: wire[body:next], for bytes without their length. Of a group it reads the tag
// alone. next is negative if the wire is malformed.
func scan(wire []byte, i int) (num protowire.Number, typ protowire.Type, body, next int) {
	tag, i := varint(wire, i)
	if i < 0 || tag>>3 < uint64(protowire.MinValidNumber) || tag>>3 > uint64(protowire.MaxValidNumber) {
		return 0, 0, 0, -1
	}
	num, typ, body = protowire.Number(tag>>3), protowire.Type(tag&7), i
	switch typ {
	case protowire.VarintType:
		_, next = varint(wire, i)
	case protowire.Fixed32Type:
		next = i + 4
	case protowire.Fixed64Type:
		next = i + 8
	case protowire.BytesType:
		var n uint64
		n, body = varint(wire, i)
		if body < 0 || n > uint64(len(wire)-body) {
			return 0, 0, 0, -1
		}
		next = body + int(n)
	case protowire.StartGroupType, protowire.EndGroupType:
		next = i
	default:
		return 0, 0, 0, -1
	}
	if next > len(wire) {
		next = -1
	}
	return num, typ, body, next
}

// varint reads the varint at i and returns the place after it, which is negative if there is none.
func varint(wire []byte, i int) (uint64, int) {
	if uint(i) < uint(len(wire)) && wire[i] < 0x80 {
		return uint64(wire[i]), i + 1
	}
	return longVarint(wire, i)
}

func longVarint(wire []byte, i int) (uint64, int) {
	v, n := protowire.ConsumeVarint(wire[i:])
	if n < 0 {
		return 0, -1
	}
	return v, i + n
}

// skipUnknown steps over the value of a field that is not in the table, which scan may have done already. Groups in it are as
// deep as protobuf-go lets unknown ones be, wherever they stand.
func skipUnknown(wire []byte, num protowire.Number, typ protowire.Type, next int) int {
	switch typ {
	case protowire.StartGroupType:
		n := protowire.ConsumeFieldValue(num, typ, wire[next:])
		if n < 0 {
			return -1
		}
		return next + n
	case protowire.EndGroupType:
		return -1
	default:
		return next
	}
}

// skipGroup steps over a group that has been checked. It returns the places of its end tag and after that.
func skipGroup(wire []byte, i int) (end, next int) {
	for depth := 1; ; {
		end = i
		tag, body := varint(wire, i)
		switch i = body; protowire.Type(tag & 7) {
		case protowire.VarintType:
			_, i = varint(wire, i)
		case protowire.Fixed32Type:
			i += 4
		case protowire.Fixed64Type:
			i += 8
		case protowire.BytesType:
			n, body := varint(wire, i)
			i = body + int(n)
		case protowire.StartGroupType:
			depth++
		default:
			if depth--; depth == 0 {
				return end, i
			}
		}
	}
}

// countVarints returns the number of varints in a packed list, or false if it is malformed.
func countVarints(b []byte) (n uint32, ok bool) {
	for i := 0; i < len(b); n++ {
		if b[i] < 0x80 {
			i++
			continue
		}
		if _, i = longVarint(b, i); i < 0 {
			return 0, false
		}
	}
	return n, true
}

// count returns the number of elements in a packed list, or false if it is malformed.
func (f *field) count(body []byte) (n uint32, ok bool) {
	switch f.class {
	case classFixed32:
		return uint32(len(body) / 4), len(body)%4 == 0
	case classFixed64:
		return uint32(len(body) / 8), len(body)%8 == 0
	default:
		return countVarints(body)
	}
}
