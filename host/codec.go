package host

import (
	"encoding/binary"

	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers the codec that frontCodec falls back to
	"google.golang.org/grpc/mem"

	"github.com/cofaas/cofaas/internal/abi"
)

// frontCodec passes the bytes of public services through, and frees what was sent, and leaves the host's own services, health and reflection, to the
// ordinary codec.
type frontCodec struct{ proto encoding.CodecV2 }

func newFrontCodec() frontCodec { return frontCodec{encoding.GetCodecV2("proto")} }

func (c frontCodec) Name() string { return c.proto.Name() }

func (c frontCodec) Marshal(v any) (mem.BufferSlice, error) {
	if m, ok := v.(*wireMessage); ok {
		return m.data, nil
	}
	return c.proto.Marshal(v)
}

func (c frontCodec) Unmarshal(data mem.BufferSlice, v any) error {
	if m, ok := v.(*wireMessage); ok {
		data.Ref()
		m.data = data
		return nil
	}
	return c.proto.Unmarshal(data, v)
}

// loadSlots reads the core values of a record that the host itself has made, so its discriminants are those of cases. flat has one
// place for each core value; where cases share them, what the active one does not use is zero. A value that is narrower
// than its core value is extended with zeros, floats by their bits, as the canonical ABI joins types.
func loadSlots(slots []abi.Slot, record []byte, flat []uint64) {
	clear(flat)
	loadCase(slots, record, flat)
}

// storeSlots is the reverse of loadSlots: it writes the record of core values that have been checked, to a record of zeros.
func storeSlots(slots []abi.Slot, record []byte, flat []uint64) {
	for i := range slots {
		s := &slots[i]
		p, v := record[s.Offset:], flat[s.Index]
		switch s.Kind {
		case abi.Bool, abi.U8:
			p[0] = byte(v)
		case abi.U16:
			binary.LittleEndian.PutUint16(p, uint16(v))
		case abi.U32, abi.S32, abi.F32:
			binary.LittleEndian.PutUint32(p, uint32(v))
		default:
			binary.LittleEndian.PutUint64(p, v)
		}
		if s.Cases != nil {
			storeSlots(s.Cases[v], record, flat)
		}
	}
}

func loadCase(slots []abi.Slot, record []byte, flat []uint64) {
	for i := range slots {
		s := &slots[i]
		p := record[s.Offset:]
		var v uint64
		switch s.Kind {
		case abi.Bool, abi.U8:
			v = uint64(p[0])
		case abi.U16:
			v = uint64(binary.LittleEndian.Uint16(p))
		case abi.U32, abi.S32, abi.F32:
			v = uint64(binary.LittleEndian.Uint32(p))
		default:
			v = binary.LittleEndian.Uint64(p)
		}
		flat[s.Index] = v
		if s.Cases != nil {
			loadCase(s.Cases[v], record, flat)
		}
	}
}
