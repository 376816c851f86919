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
	// Type is a record: the fields in the order of the source, then the unknown fields.
	Type *abi.Type
	// Messages are the layouts of the message fields, by field index; nil for others.
	Messages []*Message
}

// Field returns the type and the offset of the i-th field.
func (m *Message) Field(i int) *abi.Field { return &m.Type.Fields[i] }

// Unknown is the place of the unknown fields: protobuf bytes that the receiver's schema did not name, which gRPC carries
// on. Because of them no record is ever empty.
func (m *Message) Unknown() *abi.Field { return &m.Type.Fields[len(m.Fields)] }

// Message returns the layout of m.
func (l *Layouts) Message(m *model.Message) *Message {
	if got := l.messages[m]; got != nil {
		return got
	}
	out := &Message{Message: m, Messages: make([]*Message, len(m.Fields))}
	fields := make([]abi.Field, 0, len(m.Fields)+1)
	for i, f := range m.Fields {
		var t *abi.Type
		if f.Message != nil {
			out.Messages[i] = l.Message(f.Message)
			t = out.Messages[i].Type
			if !f.Repeated {
				t = abi.OptionOf(t)
			}
		} else {
			t = Scalar(f.Kind)
		}
		if f.Repeated {
			t = abi.ListOf(t)
		}
		fields = append(fields, abi.Field{Name: string(f.Name), Type: t})
	}
	out.Type = abi.RecordOf(append(fields, abi.Field{Name: "unknown fields", Type: abi.BytesType})...)
	if l.messages == nil {
		l.messages = map[*model.Message]*Message{}
	}
	l.messages[m] = out
	return out
}

// Scalar returns the type of a scalar kind: the exact width and sign. An enum travels as its number.
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

// Method returns the layout of func(request) -> result<reply, status>.
func (l *Layouts) Method(m *model.Method) *Method {
	out := &Method{Method: m, Request: l.Message(m.Request), Reply: l.Message(m.Reply)}
	out.Func = abi.NewFunc(out.Request.Type, abi.ResultOf(out.Reply.Type, StatusType))
	return out
}
