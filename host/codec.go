package host

import (
	"encoding/binary"

	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers the codec that frontCodec falls back to
	"google.golang.org/grpc/mem"

	"github.com/cofaas/cofaas/internal/abi"
)

// wireRequest and wireReply are messages of public services: their wire bytes.
type wireRequest struct {
	data mem.BufferSlice
	flat []byte
}

// bytes returns the message in one piece, valid until free.
func (r *wireRequest) bytes() []byte {
	if r.flat == nil && len(r.data) == 1 {
		return r.data[0].ReadOnlyData()
	}
	if r.flat == nil {
		r.flat = r.data.Materialize()
	}
	return r.flat
}

func (r *wireRequest) free() { r.data.Free() }

type wireReply struct{ data []byte }

// frontCodec passes the bytes of public services through and leaves the host's own services, health and reflection, to the
// ordinary codec.
type frontCodec struct{ proto encoding.CodecV2 }

func newFrontCodec() frontCodec { return frontCodec{encoding.GetCodecV2("proto")} }

func (c frontCodec) Name() string { return c.proto.Name() }

func (c frontCodec) Marshal(v any) (mem.BufferSlice, error) {
	if r, ok := v.(*wireReply); ok {
		return mem.BufferSlice{mem.SliceBuffer(r.data)}, nil
	}
	return c.proto.Marshal(v)
}

func (c frontCodec) Unmarshal(data mem.BufferSlice, v any) error {
	if r, ok := v.(*wireRequest); ok {
		data.Ref()
		r.data = data
		return nil
	}
	return c.proto.Unmarshal(data, v)
}

// loadSlots reads the core values of a record.
func loadSlots(slots []abi.Slot, record []byte, stack []uint64) {
	for i, s := range slots {
		p := record[s.Offset:]
		switch s.Kind {
		case abi.Bool, abi.U8:
			stack[i] = uint64(p[0])
		case abi.U32, abi.S32, abi.F32:
			stack[i] = uint64(binary.LittleEndian.Uint32(p))
		default:
			stack[i] = binary.LittleEndian.Uint64(p)
		}
	}
}
