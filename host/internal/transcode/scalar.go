package transcode

import (
	"encoding/binary"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/internal/mapping"
)

// class says how one value stands on the wire and in memory. Kinds that differ in neither are one class.
type class uint8

const (
	classBool class = iota
	classInt32
	classUint32
	classSint32
	classInt64 // and uint64
	classSint64
	classFixed32
	classFixed64 // the last of the numbers
	classBytes
	classString // of UTF-8
	classMessage
	classGroup
	classEncoded // a message that is kept as its bytes
	classEncodedGroup
	classEntry // of a map
)

var wireTypes = [...]protowire.Type{
	classBool: protowire.VarintType, classInt32: protowire.VarintType, classUint32: protowire.VarintType,
	classSint32: protowire.VarintType, classInt64: protowire.VarintType, classSint64: protowire.VarintType,
	classFixed32: protowire.Fixed32Type, classFixed64: protowire.Fixed64Type,
	classBytes: protowire.BytesType, classString: protowire.BytesType,
	classMessage: protowire.BytesType, classGroup: protowire.StartGroupType,
	classEncoded: protowire.BytesType, classEncodedGroup: protowire.StartGroupType,
	classEntry: protowire.BytesType,
}

func (c class) wire() protowire.Type { return wireTypes[c] }

func (c class) number() bool { return c <= classFixed64 }

// hasMessage says that the wire bytes of a value are those of a message.
func (c class) hasMessage() bool { return c >= classMessage && c <= classEncodedGroup }

func (c class) encoded() bool { return c == classEncoded || c == classEncodedGroup }

func classOf(v mapping.Value) class {
	switch v.Field.Kind {
	case protoreflect.BoolKind:
		return classBool
	case protoreflect.Int32Kind, protoreflect.EnumKind:
		return classInt32
	case protoreflect.Uint32Kind:
		return classUint32
	case protoreflect.Sint32Kind:
		return classSint32
	case protoreflect.Int64Kind, protoreflect.Uint64Kind:
		return classInt64
	case protoreflect.Sint64Kind:
		return classSint64
	case protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind, protoreflect.FloatKind:
		return classFixed32
	case protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind, protoreflect.DoubleKind:
		return classFixed64
	case protoreflect.StringKind:
		if v.Field.UTF8 {
			return classString
		}
		return classBytes
	case protoreflect.BytesKind:
		return classBytes
	}
	switch group, encoded := v.Field.Delimited(), v.Form == mapping.Encoded; {
	case group && encoded:
		return classEncodedGroup
	case group:
		return classGroup
	case encoded:
		return classEncoded
	default:
		return classMessage
	}
}

// putVarint stores a number that the wire has as a varint.
func (c class) putVarint(mem []byte, v uint64) {
	switch c {
	case classBool:
		mem[0] = 0
		if v != 0 {
			mem[0] = 1
		}
	case classSint32:
		binary.LittleEndian.PutUint32(mem, uint32(protowire.DecodeZigZag(v&0xffffffff)))
	case classInt64:
		binary.LittleEndian.PutUint64(mem, v)
	case classSint64:
		binary.LittleEndian.PutUint64(mem, uint64(protowire.DecodeZigZag(v)))
	default:
		binary.LittleEndian.PutUint32(mem, uint32(v))
	}
}

// load reads a number from memory as the wire has it.
func (c class) load(mem []byte) uint64 {
	switch c {
	case classBool:
		if mem[0] != 0 {
			return 1
		}
		return 0
	case classInt32:
		return uint64(int64(int32(binary.LittleEndian.Uint32(mem))))
	case classSint32:
		return protowire.EncodeZigZag(int64(int32(binary.LittleEndian.Uint32(mem))))
	case classUint32, classFixed32:
		return uint64(binary.LittleEndian.Uint32(mem))
	case classSint64:
		return protowire.EncodeZigZag(int64(binary.LittleEndian.Uint64(mem)))
	default:
		return binary.LittleEndian.Uint64(mem)
	}
}

// sizeOf is the length of a number on the wire.
func (c class) sizeOf(v uint64) uint64 {
	switch c {
	case classFixed32:
		return 4
	case classFixed64:
		return 8
	default:
		return uint64(protowire.SizeVarint(v))
	}
}

func (c class) append(b []byte, v uint64) []byte {
	switch c {
	case classFixed32:
		return binary.LittleEndian.AppendUint32(b, uint32(v))
	case classFixed64:
		return binary.LittleEndian.AppendUint64(b, v)
	default:
		return appendVarint(b, v)
	}
}

// appendVarint is one byte most of the time, and then inlined.
func appendVarint(b []byte, v uint64) []byte {
	if v < 0x80 {
		return append(b, byte(v))
	}
	return protowire.AppendVarint(b, v)
}
