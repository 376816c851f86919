// Package transcode turns protobuf wire bytes into values of the canonical ABI in a guest's memory and back, from tables and
// without message objects in between. It is what joins the host's real gRPC to its guests.
//
// It accepts and rejects what protobuf-go accepts and rejects, and it trusts the guest's memory in nothing.
package transcode

import (
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/internal/mapping"
)

// Message is the table of a message type. It is immutable.
type Message struct {
	size, align uint32
	unknown     uint32 // offset of the unknown fields
	fields      []field
	// dense finds a field by a small number, index+1; sparse has the others.
	dense  [32]uint16
	sparse map[protowire.Number]int
	// byNumber are indices of fields in the order in which protobuf-go writes them.
	byNumber []int
	// counted says that a first look at the wire is needed: some field is a list or a message.
	counted bool
}

type field struct {
	offset   uint32
	kind     protoreflect.Kind
	repeated bool
	packed   bool
	utf8     bool
	wire     protowire.Type // of one element
	size     uint32         // of one element in memory
	align    uint32
	tag      []byte // as written: for packed lists, with the type of bytes
	// message is set for message fields; payload is the offset of an option's payload.
	message *Message
	payload uint32
}

// Tables makes tables, each once. It is not safe for concurrent use; the tables are.
type Tables struct {
	made map[*mapping.Message]*Message
}

// Message returns the table of m.
func (t *Tables) Message(m *mapping.Message) *Message {
	if got := t.made[m]; got != nil {
		return got
	}
	out := &Message{size: m.Type.Size, align: m.Type.Align, unknown: m.Unknown().Offset}
	for i, f := range m.Fields {
		at := m.Field(i)
		fd := field{
			offset: at.Offset, kind: f.Kind, repeated: f.Repeated, packed: f.Packed, utf8: f.UTF8,
			wire: wireType(f.Kind),
		}
		elem := at.Type
		if f.Repeated {
			elem = elem.Elem
		}
		if f.Message != nil {
			fd.message = t.Message(m.Messages[i])
			if !f.Repeated {
				fd.payload = elem.Payload
			}
			out.counted = true
		}
		fd.size, fd.align = elem.Size, elem.Align
		if f.Repeated {
			out.counted = true
		}
		written := fd.wire
		if f.Repeated && f.Packed {
			written = protowire.BytesType
		}
		fd.tag = protowire.AppendTag(nil, f.Number, written)
		out.fields = append(out.fields, fd)
		out.byNumber = append(out.byNumber, i)
		if int(f.Number) < len(out.dense) {
			out.dense[f.Number] = uint16(i + 1)
		} else {
			if out.sparse == nil {
				out.sparse = map[protowire.Number]int{}
			}
			out.sparse[f.Number] = i
		}
	}
	slices.SortFunc(out.byNumber, func(a, b int) int { return int(m.Fields[a].Number) - int(m.Fields[b].Number) })
	if t.made == nil {
		t.made = map[*mapping.Message]*Message{}
	}
	t.made[m] = out
	return out
}

// find returns the index of a field, or -1.
func (m *Message) find(n protowire.Number) int {
	if int(n) < len(m.dense) {
		return int(m.dense[n]) - 1
	}
	if i, ok := m.sparse[n]; ok {
		return i
	}
	return -1
}

func wireType(k protoreflect.Kind) protowire.Type {
	switch k {
	case protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind, protoreflect.FloatKind:
		return protowire.Fixed32Type
	case protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind, protoreflect.DoubleKind:
		return protowire.Fixed64Type
	case protoreflect.StringKind, protoreflect.BytesKind, protoreflect.MessageKind:
		return protowire.BytesType
	default:
		return protowire.VarintType
	}
}

// accepts says whether an occurrence of the wire type belongs to the field; others are unknown fields. Lists of numbers are
// accepted packed and unpacked.
func (f *field) accepts(t protowire.Type) bool {
	return t == f.wire || f.packable() && t == protowire.BytesType
}

func (f *field) packable() bool { return f.repeated && f.wire != protowire.BytesType }
