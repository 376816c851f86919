package transcode

import (
	"encoding/binary"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// consume reads one number of the field's wire type: its bits as memory holds them, and its length on the wire, or a negative
// protowire error.
func (f *field) consume(b []byte) (v uint64, n int) {
	switch f.wire {
	case protowire.Fixed32Type:
		v32, n := protowire.ConsumeFixed32(b)
		return uint64(v32), n
	case protowire.Fixed64Type:
		return protowire.ConsumeFixed64(b)
	default:
		v, n = protowire.ConsumeVarint(b)
		switch f.kind {
		case protoreflect.BoolKind:
			if v != 0 {
				v = 1
			}
		case protoreflect.Sint32Kind:
			v = uint64(protowire.DecodeZigZag(v & 0xffffffff))
		case protoreflect.Sint64Kind:
			v = uint64(protowire.DecodeZigZag(v))
		}
		return v, n
	}
}

// store writes the bits of a number to memory.
func (f *field) store(mem []byte, v uint64) {
	switch f.size {
	case 1:
		mem[0] = byte(v)
	case 4:
		binary.LittleEndian.PutUint32(mem, uint32(v))
	default:
		binary.LittleEndian.PutUint64(mem, v)
	}
}

// load reads the bits of a number from memory, as the wire wants them.
func (f *field) load(mem []byte) uint64 {
	var v uint64
	switch f.size {
	case 1:
		v = uint64(mem[0])
	case 4:
		v32 := binary.LittleEndian.Uint32(mem)
		v = uint64(v32)
		switch f.kind {
		case protoreflect.Int32Kind, protoreflect.EnumKind, protoreflect.Sint32Kind:
			v = uint64(int64(int32(v32)))
		}
	default:
		v = binary.LittleEndian.Uint64(mem)
	}
	switch f.kind {
	case protoreflect.Sint32Kind, protoreflect.Sint64Kind:
		v = protowire.EncodeZigZag(int64(v))
	case protoreflect.BoolKind:
		if v != 0 {
			v = 1
		}
	}
	return v
}

// wireSize is the length of the number on the wire.
func (f *field) wireSize(v uint64) int {
	switch f.wire {
	case protowire.Fixed32Type:
		return 4
	case protowire.Fixed64Type:
		return 8
	default:
		return protowire.SizeVarint(v)
	}
}

func (f *field) appendNumber(b []byte, v uint64) []byte {
	switch f.wire {
	case protowire.Fixed32Type:
		return protowire.AppendFixed32(b, uint32(v))
	case protowire.Fixed64Type:
		return protowire.AppendFixed64(b, v)
	default:
		return protowire.AppendVarint(b, v)
	}
}
