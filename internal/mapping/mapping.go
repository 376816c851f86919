// Package mapping lays protobuf out in the canonical ABI: it is the interface mapping without its text.
//
// The generator prints WIT and bindings from it, the host copies and transcodes by it.
package mapping

import (
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/internal/abi"
	"github.com/cofaas/cofaas/internal/model"
)

// Layouts computes the layout of messages, each once. It is not safe for concurrent use; what it returns is immutable.
type Layouts struct {
	messages map[*model.Message]*Message
}

// Message is a message with its layout.
type Message struct {
	*model.Message
	// Type is a record: the members in the order of the source, then the unknown fields.
	Type *abi.Type
	// Members are the fields and oneofs.
	Members []Member
	// shared is by how many bytes the record would be larger if the cases of the oneofs in it did not share memory.
	shared uint64
}

// Member is a part of a record that is one or several fields of the message: a field that is in no oneof, or a oneof at the
// place of its first field.
type Member struct {
	// One of them is set.
	Field *model.Field
	Oneof *model.Oneof

	// Offset is the member's place in the record, in bytes.
	Offset uint32
	Type   *abi.Type

	// Value is a single value of Field: an element of a list, the value of an entry of a map.
	Value Value
	// Key is that of an entry of a map.
	Key Value
	// Cases are the values of the fields of Oneof.
	Cases []Value
}

// Form says how the value of a message field is held.
type Form uint8

const (
	// Plain: the value is no message. Its type is that of [Scalar].
	Plain Form = iota
	// Inline: the message's record.
	Inline
	// Boxed: a list of the message's record. It is of at most one element, with presence that of the field; in a oneof, of
	// one, and none stands for an empty message.
	Boxed
	// Encoded: protobuf bytes, of a field that is cut.
	Encoded
)

// MaxInline is the size in bytes of the largest record that is part of another one, where a oneof counts with the sum of its
// cases. Larger ones are boxed, so that the absent parts of a message take little, and a record has no more parts than is linear
// in the length of its declaration; by its size alone it might have exponentially many, since the cases of a oneof share memory.
const MaxInline = 128

// Value is the layout of one value of a field.
type Value struct {
	Field *model.Field
	Form  Form
	Type  *abi.Type
	// Message is the layout of a message, Inline or Boxed.
	Message *Message
}

// Unknown is the place of the unknown fields: protobuf bytes that the receiver's schema did not name, which gRPC carries
// on, and extensions. Because of them no record is ever empty.
func (m *Message) Unknown() *abi.Field { return &m.Type.Fields[len(m.Members)] }

// Message returns the layout of m.
func (l *Layouts) Message(m *model.Message) *Message {
	if got := l.messages[m]; got != nil {
		return got
	}
	out := &Message{Message: m}
	oneofs := map[*model.Oneof]bool{}
	var fields []abi.Field
	for _, f := range m.Fields {
		var member Member
		name := f.Name
		switch {
		case f.Oneof == nil:
			member = l.field(f)
		case !oneofs[f.Oneof]:
			oneofs[f.Oneof] = true
			member = l.oneof(f.Oneof)
			name = f.Oneof.Name
		default:
			continue
		}
		out.Members = append(out.Members, member)
		out.shared += member.shared()
		fields = append(fields, abi.Field{Name: string(name), Type: member.Type})
	}
	out.Type = abi.RecordOf(append(fields, abi.Field{Name: "unknown fields", Type: abi.BytesType})...)
	for i := range out.Members {
		out.Members[i].Offset = out.Type.Fields[i].Offset
	}
	if l.messages == nil {
		l.messages = map[*model.Message]*Message{}
	}
	l.messages[m] = out
	return out
}

func (l *Layouts) field(f *model.Field) Member {
	m := Member{Field: f}
	switch {
	case f.IsMap():
		m.Key, m.Value = l.element(f.Key), l.element(f.Value)
		m.Type = abi.ListOf(abi.RecordOf(
			abi.Field{Name: "key", Type: m.Key.Type},
			abi.Field{Name: "value", Type: m.Value.Type},
		))
	case f.Repeated:
		m.Value = l.element(f)
		m.Type = abi.ListOf(m.Value.Type)
	default:
		m.Value = l.value(f)
		m.Type = m.Value.Type
		if f.Presence || m.Value.Form == Inline || m.Value.Form == Encoded {
			m.Type = abi.OptionOf(m.Type)
		}
	}
	return m
}

func (l *Layouts) oneof(o *model.Oneof) Member {
	m := Member{Oneof: o}
	var cases []*abi.Type
	for _, f := range o.Fields {
		v := l.value(f)
		m.Cases = append(m.Cases, v)
		cases = append(cases, v.Type)
	}
	m.Type = abi.OptionOf(abi.VariantOf(cases...))
	return m
}

// value is the layout of a value that is part of a record or a variant.
func (l *Layouts) value(f *model.Field) Value {
	v := l.element(f)
	if v.Form == Inline && uint64(v.Type.Size)+v.Message.shared > MaxInline {
		v.Form, v.Type = Boxed, abi.ListOf(v.Type)
	}
	return v
}

// shared is [Message.shared] of a part of a record.
func (m *Member) shared() uint64 {
	if m.Oneof == nil {
		if m.Type.Kind == abi.List {
			return 0
		}
		return m.Value.shared()
	}
	var sum, largest uint64
	for _, v := range m.Cases {
		sum += uint64(v.Type.Size) + v.shared()
		largest = max(largest, uint64(v.Type.Size))
	}
	return sum - largest
}

func (v *Value) shared() uint64 {
	if v.Form == Inline {
		return v.Message.shared
	}
	return 0
}

// element is the layout of a value that is an element of a list.
func (l *Layouts) element(f *model.Field) Value {
	v := Value{Field: f}
	switch {
	case f.Cut:
		v.Form, v.Type = Encoded, abi.BytesType
	case f.Message != nil:
		v.Message = l.Message(f.Message)
		v.Form, v.Type = Inline, v.Message.Type
	case f.Kind == protoreflect.StringKind && !f.UTF8:
		v.Type = abi.BytesType // WIT's strings are UTF-8.
	default:
		v.Type = Scalar(f.Kind)
	}
	return v
}

// Scalar returns the type of a scalar kind: the exact width and sign. An enum travels as its number. Strings are those of
// UTF-8; see [model.Field].
func Scalar(k protoreflect.Kind) *abi.Type {
	switch k {
	case protoreflect.BoolKind:
		return abi.BoolType
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind, protoreflect.EnumKind:
		return abi.S32Type
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return abi.U32Type
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return abi.S64Type
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return abi.U64Type
	case protoreflect.FloatKind:
		return abi.F32Type
	case protoreflect.DoubleKind:
		return abi.F64Type
	case protoreflect.StringKind:
		return abi.StringType
	case protoreflect.BytesKind:
		return abi.BytesType
	default:
		panic("mapping: " + k.String() + " is not a scalar kind")
	}
}

// Method is a method with its core signature.
type Method struct {
	*model.Method
	Request, Reply *Message
	Func           *abi.Func
}

// Method returns the layout of func(request) -> result<reply, status> or, for a streaming method, of func(stream: u32) ->
// result<_, status>, whose messages travel by interface cofaas:host/streams.
func (l *Layouts) Method(m *model.Method) *Method {
	out := &Method{Method: m, Request: l.Message(m.Request), Reply: l.Message(m.Reply)}
	if m.Streaming() {
		out.Func = abi.NewFunc(abi.U32Type, EndType)
		return out
	}
	out.Func = abi.NewFunc(out.Request.Type, abi.ResultOf(out.Reply.Type, StatusType))
	return out
}
