package golang

import (
	"fmt"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/internal/mapping"
)

func (g *generator) lift(m *mapping.Message) {
	t := g.types.messages[m.Message]
	g.P()
	if g.fallible(m) {
		g.P("func lift", g.names[m.Name], "(r ", guestPath.Ident("Record"), ", m *", t.ident, ", err *error) {")
		g.liftMembers(m, "m", "err")
	} else {
		g.P("func lift", g.names[m.Name], "(r ", guestPath.Ident("Record"), ", m *", t.ident, ") {")
		g.liftMembers(m, "m", "")
	}
	g.P("}")
}

// lifting prints the lifting of a message that an expression points to. Errors go where another one points to. A message of the
// opaque API is a new one.
type lifting struct {
	*generator
	*messageType
	message, err string
}

// liftMembers prints the statements that set the members of m from r.
func (g *generator) liftMembers(m *mapping.Message, message, err string) {
	l := lifting{g, g.types.messages[m.Message], message, err}
	for i := range m.Members {
		if member := &m.Members[i]; member.Oneof != nil {
			l.oneof(member)
		} else {
			l.field(member)
		}
	}
	off := m.Unknown().Offset
	switch {
	case m.Extendable:
		g.P(guestprotoPath.Ident("LiftUnknown"), "(r, ", off, ", ", protoMessage(message, l.legacy), ", ", err, ")")
	case l.unknown == "unknownFields":
		g.P("unknown", g.names[m.Name], ".Set(", message, ", r.Bytes(", off, "))")
	case l.unknown != "":
		g.P(message, ".", l.unknown, " = r.Bytes(", off, ")")
	}
}

// set prints the statement that sets a field to an expression.
func (l *lifting) set(ft *fieldType, expr ...any) {
	l.begin(ft, expr, l.closing())
}

// begin prints as set does what an expression begins with. After its last line comes closing.
func (l *lifting) begin(ft *fieldType, expr ...any) {
	if l.opaque {
		l.P(l.message, ".Set", ft.name, "(", expr)
	} else {
		l.P(l.message, ".", ft.name, " = ", expr)
	}
}

func (l *lifting) closing() string {
	if l.opaque {
		return ")"
	}
	return ""
}

func (l *lifting) field(m *mapping.Member) {
	f, ft, off := m.Field, l.fields[m.Field], m.Offset
	boxed := m.Value.Form == mapping.Boxed
	switch {
	case f.IsMap() || f.Repeated:
		if l.opaque {
			l.P("if r.Len(", off, ") != 0 {")
		}
		if f.IsMap() {
			l.mapField(m)
		} else {
			l.list(m)
		}
		if l.opaque {
			l.P("}")
		}
	case boxed || f.Presence || f.Message != nil:
		if !l.opaque {
			l.set(ft, "nil")
		}
		if boxed {
			l.P("if r.Len(", off, ") != 0 {")
		} else {
			l.P("if r.U8(", off, ") != 0 {")
			off += m.Type.Payload
		}
		value := l.liftValue("r", off, m.Value, ft, l.err)
		if !l.opaque && f.Message == nil && f.Kind != protoreflect.BytesKind {
			value = []any{guestPath.Ident("New"), "(", value, ")"}
		}
		l.set(ft, value...)
		l.P("}")
	case f.Kind == protoreflect.BytesKind && l.opaque:
		// Its Set makes bytes that are not nil.
		l.P("if r.Len(", off, ") != 0 {")
		l.set(ft, "r.Bytes(", off, ")")
		l.P("}")
	case f.Kind == protoreflect.BytesKind:
		l.set(ft, "r.Bytes(", off, ")")
	default:
		l.set(ft, l.liftValue("r", off, m.Value, ft, l.err)...)
	}
}

func (l *lifting) list(m *mapping.Member) {
	f, ft, off := m.Field, l.fields[m.Field], m.Offset
	switch {
	case f.Message != nil:
		l.begin(ft, guestPath.Ident("Each"), "(r, ", off, ", ", m.Type.Elem.Size, ", func(e ", guestPath.Ident("Record"), ") *", ft.elem, " {")
		l.P("return ", l.liftValue("e", 0, m.Value, ft, l.err))
		l.P("})", l.closing())
	case f.Kind == protoreflect.StringKind:
		l.set(ft, guestPath.Ident("Strings"), "(r, ", off, ")")
	case f.Kind == protoreflect.BytesKind:
		l.set(ft, guestPath.Ident("BytesList"), "(r, ", off, ")")
	default:
		l.set(ft, guestPath.Ident("List"), "[", goType(ft, f), "](r, ", off, ")")
	}
}

func (l *lifting) mapField(m *mapping.Member) {
	f, ft := m.Field, l.fields[m.Field]
	entry := m.Type.Elem
	l.begin(ft, guestPath.Ident("Map"), "(r, ", m.Offset, ", ", entry.Size, ", func(e ", guestPath.Ident("Record"), ") (", goScalar(f.Key.Kind), ", ", goType(ft, f.Value), ") {")
	value := l.liftValue("e", entry.Fields[1].Offset, m.Value, ft, l.err)
	l.P("return ", l.liftValue("e", entry.Fields[0].Offset, m.Key, nil, l.err), ", ", value)
	l.P("})", l.closing())
}

func (l *lifting) oneof(m *mapping.Member) {
	variant := m.Type.Cases[1]
	at := m.Offset + m.Type.Payload
	if !l.opaque {
		l.P(l.message, ".", l.oneofs[m.Oneof], " = nil")
	}
	l.P("if r.U8(", m.Offset, ") != 0 {")
	l.P("switch r.U", 8*variant.Discriminant, "(", at, ") {")
	for i, v := range m.Cases {
		ft, off := l.fields[v.Field], at+variant.Payload
		l.P("case ", i, ":")
		value := []any{"v"}
		if v.Form == mapping.Boxed {
			l.P("v := new(", ft.elem, ")")
			l.P("if r.Len(", off, ") != 0 {")
			l.liftMessage(fmt.Sprintf("r.Boxed(%d)", off), "v", v, l.err)
			l.P("}")
		} else {
			value = l.liftValue("r", off, v, ft, l.err)
		}
		if l.opaque {
			l.set(ft, value...)
		} else {
			l.P(l.message, ".", l.oneofs[m.Oneof], " = &", ft.wrapper, "{", ft.name, ": ", value, "}")
		}
	}
	l.P("}")
	l.P("}")
}

// liftValue returns an expression for the value at an offset of a record, after statements that it needs.
func (g *generator) liftValue(record string, off uint32, v mapping.Value, ft *fieldType, err string) []any {
	f := v.Field
	switch {
	case v.Form != mapping.Plain:
		g.P("v := new(", ft.elem, ")")
		switch v.Form {
		case mapping.Inline:
			g.liftMessage(at(record, off), "v", v, err)
		case mapping.Boxed:
			g.liftMessage(fmt.Sprintf("%s.Boxed(%d)", record, off), "v", v, err)
		case mapping.Encoded:
			g.P(guestprotoPath.Ident("Lift"), "(", record, ", ", off, ", ", protoMessage("v", ft.legacy), ", ", err, ")")
		}
		return []any{"v"}
	case f.Kind == protoreflect.BytesKind:
		return []any{record, ".PresentBytes(", off, ")"}
	case f.Enum != nil:
		return []any{ft.elem, "(", record, ".S32(", off, "))"}
	default:
		return []any{record, ".", accessor(f.Kind), "(", off, ")"}
	}
}

// liftMessage prints the call that sets a message from its record.
func (g *generator) liftMessage(record, message string, v mapping.Value, err string) {
	if !g.fallible(v.Message) {
		err = ""
	}
	g.P("lift", g.names[v.Field.Message.Name], "(", comma(record, message, err), ")")
}

// unknownFields prints what gives access to the unknown fields of m, unless they are exported, and tells whether there are extensions.
func (g *generator) unknownFields(m *mapping.Message) {
	t := g.types.messages[m.Message]
	if t.unknown != "unknownFields" {
		return
	}
	if m.Extendable && !g.lowering.has(m.Message) {
		return // Lifting extensions goes another way.
	}
	g.P()
	g.P("var unknown", g.names[m.Name], " = ", guestPath.Ident("UnknownFieldsOf"), "[", t.ident, "]()")
	if m.Extendable {
		g.P()
		g.P("var extensions", g.names[m.Name], " = ", guestprotoPath.Ident("ExtensionsOf"), "[", t.ident, "]()")
	}
}
