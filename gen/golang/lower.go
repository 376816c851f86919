package golang

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/internal/mapping"
	"github.com/cofaas/cofaas/internal/model"
)

func (g *generator) lower(m *mapping.Message) {
	t := g.types.messages[m.Message]
	g.P()
	g.P("func lower", g.names[m.Name], "(s *", guestPath.Ident("Scratch"), ", r ", guestPath.Ident("Record"), ", m *", t.ident, ") {")
	g.P("if m == nil {") // a nil element of a list is an empty message
	g.P("r.Clear(0, ", m.Type.Size, ")")
	g.P("return")
	g.P("}")
	g.lowerMembers(m, "m", "s")
	g.P("}")
}

// lowering prints the lowering of a message that is the value of an expression, with a scratch that is another one's.
type lowering struct {
	*generator
	*messageType
	message, scratch string
}

// lowerMembers prints the statements that store the members of m in r and in the scratch.
func (g *generator) lowerMembers(m *mapping.Message, message, scratch string) {
	l := lowering{g, g.types.messages[m.Message], message, scratch}
	for i := range m.Members {
		if member := &m.Members[i]; member.Oneof != nil {
			l.oneof(member)
		} else {
			l.field(member)
		}
	}
	off := m.Unknown().Offset
	all := []any{guestprotoPath.Ident("LowerUnknown"), "(", scratch, ", r, ", off, ", ", protoMessage(message, l.legacy), ")"}
	switch {
	case m.Extendable && l.unknown == "unknownFields":
		g.P("if extensions", g.names[m.Name], ".In(", message, ") {")
		g.P(all...)
		g.P("} else {")
		g.P(put(scratch, "r", "Bytes", off), "unknown", g.names[m.Name], ".Get(", message, "))")
		g.P("}")
	case m.Extendable:
		g.P(all...)
	case l.unknown == "unknownFields":
		g.P(put(scratch, "r", "Bytes", off), "unknown", g.names[m.Name], ".Get(", message, "))")
	case l.unknown != "":
		g.P(put(scratch, "r", "Bytes", off), message, ".", l.unknown, ")")
	default: // What there were in the message before it was lost already.
		g.P("r.Clear(", off, ", ", m.Unknown().Type.Size, ")")
	}
}

// get is an expression for the value of a field, and has one for whether it is set.
func (l *lowering) get(ft *fieldType) string {
	if l.opaque {
		return l.message + ".Get" + ft.name + "()"
	}
	return l.message + "." + ft.name
}

func (l *lowering) has(ft *fieldType) string {
	if l.opaque {
		return l.message + ".Has" + ft.name + "()"
	}
	return l.message + "." + ft.name + " != nil"
}

func (l *lowering) field(m *mapping.Member) {
	f, ft, off := m.Field, l.fields[m.Field], m.Offset
	expr := l.get(ft)
	switch {
	case f.IsMap():
		l.P(guestPath.Ident("PutMap"), "(", l.scratch, ", r, ", off, ", ", expr, ", ", m.Type.Elem.Size, ", func(s *", guestPath.Ident("Scratch"), ", e ", guestPath.Ident("Record"),
			", k ", goScalar(f.Key.Kind), ", v ", goType(ft, f.Value), ") {")
		entry := m.Type.Elem.Fields
		l.lowerValue("s", "e", entry[0].Offset, m.Key, nil, "k")
		l.lowerValue("s", "e", entry[1].Offset, m.Value, ft, "v")
		l.P("})")
	case f.Repeated:
		l.list(ft, m, expr)
	case m.Value.Form == mapping.Boxed:
		l.P("if ", l.has(ft), " {")
		l.lowerValue(l.scratch, "r", off, m.Value, ft, expr)
		l.P("} else {")
		l.P("r.Clear(", off, ", ", m.Type.Size, ")")
		l.P("}")
	case f.Presence || f.Message != nil:
		if !l.opaque && f.Message == nil && f.Kind != protoreflect.BytesKind {
			expr = "*" + expr
		}
		l.P("if ", l.has(ft), " {")
		l.P("r.PutU8(", off, ", 1)")
		l.lowerValue(l.scratch, "r", off+m.Type.Payload, m.Value, ft, expr)
		l.P("} else {")
		l.P("r.Clear(", off, ", ", m.Type.Size, ")")
		l.P("}")
	default:
		l.lowerValue(l.scratch, "r", off, m.Value, ft, expr)
	}
}

func (l *lowering) list(ft *fieldType, m *mapping.Member, expr string) {
	f, off := m.Field, m.Offset
	switch {
	case m.Value.Form == mapping.Encoded:
		l.P(guestPath.Ident("PutEach"), "(", l.scratch, ", r, ", off, ", ", expr, ", ", m.Type.Elem.Size, ", func(s *", guestPath.Ident("Scratch"), ", e ", guestPath.Ident("Record"), ", v *", ft.elem, ") {")
		l.lowerValue("s", "e", 0, m.Value, ft, "v")
		l.P("})")
	case f.Message != nil:
		l.P(guestPath.Ident("PutEach"), "(", l.scratch, ", r, ", off, ", ", expr, ", ", m.Type.Elem.Size, ", lower", l.names[f.Message.Name], ")")
	case f.Kind == protoreflect.StringKind:
		l.P(guestPath.Ident("PutStrings"), "(", l.scratch, ", r, ", off, ", ", expr, ")")
	case f.Kind == protoreflect.BytesKind:
		l.P(guestPath.Ident("PutBytesList"), "(", l.scratch, ", r, ", off, ", ", expr, ")")
	case l.scratch == inPlace:
		l.P(guestPath.Ident("PutList"), "(r, ", off, ", ", expr, ")")
	default:
		l.P(guestPath.Ident("PutScalars"), "(", l.scratch, ", r, ", off, ", ", expr, ")")
	}
}

func (l *lowering) oneof(m *mapping.Member) {
	variant := m.Type.Cases[1]
	at := m.Offset + m.Type.Payload
	// Cases differ in size, and nothing of the value before may stay behind one.
	l.P("r.Clear(", m.Offset, ", ", m.Type.Size, ")")
	if l.opaque {
		l.P("switch ", l.message, ".Which", l.oneofs[m.Oneof], "() {")
	} else {
		l.P("switch o := ", l.message, ".", l.oneofs[m.Oneof], ".(type) {")
	}
	for i, v := range m.Cases {
		ft := l.fields[v.Field]
		expr := "o." + ft.name
		if l.opaque {
			expr = l.get(ft)
			l.P("case ", v.Field.Number, ":")
		} else {
			l.P("case *", ft.wrapper, ":")
			l.P("if o != nil {") // A typed nil is no value either.
		}
		l.P("r.PutU8(", m.Offset, ", 1)")
		l.P("r.PutU", 8*variant.Discriminant, "(", at, ", ", i, ")")
		if v.Form == mapping.Boxed {
			l.P("if ", expr, " != nil {")
		}
		l.lowerValue(l.scratch, "r", at+variant.Payload, v, ft, expr)
		if v.Form == mapping.Boxed {
			l.P("}")
		}
		if !l.opaque {
			l.P("}")
		}
	}
	l.P("}")
}

// lowerValue prints the statement that stores a value, an expression, at an offset of a record.
func (g *generator) lowerValue(scratch, record string, off uint32, v mapping.Value, ft *fieldType, expr string) {
	f := v.Field
	switch {
	case v.Form == mapping.Inline:
		g.P("lower", g.names[f.Message.Name], "(", scratch, ", ", at(record, off), ", ", expr, ")")
	case v.Form == mapping.Boxed:
		g.P("lower", g.names[f.Message.Name], "(", scratch, ", ", record, ".PutBoxed(", scratch, ", ", off, ", ", v.Type.Elem.Size, "), ", expr, ")")
	case v.Form == mapping.Encoded:
		g.P(guestprotoPath.Ident("Lower"), "(", scratch, ", ", record, ", ", off, ", ", protoMessage(expr, ft.legacy), ")")
	case f.Kind == protoreflect.BytesKind:
		g.P(put(scratch, record, "Bytes", off), expr, ")")
	case f.Kind == protoreflect.StringKind:
		g.P(put(scratch, record, "String", off), expr, ")")
	case f.Enum != nil:
		g.P(record, ".PutS32(", off, ", int32(", expr, "))")
	default:
		g.P(record, ".Put", accessor(f.Kind), "(", off, ", ", expr, ")")
	}
}

// inPlace is the scratch of a call. What is lowered for a call stays where it is; other values may have to be copied, which their scratch
// knows.
const inPlace = "c.Scratch()"

// put is how a call begins that stores a string or bytes, its last argument, at an offset of a record.
func put(scratch, record, kind string, off uint32) string {
	if scratch == inPlace {
		return fmt.Sprintf("%s.Put%s(%d, ", record, kind, off)
	}
	return fmt.Sprintf("%s.Put%s(%s, %d, ", scratch, kind, record, off)
}

// at is the record at an offset of one.
func at(record string, off uint32) string {
	if off == 0 {
		return record
	}
	return fmt.Sprintf("%s.At(%d)", record, off)
}

// goType is the Go type of a single value.
func goType(ft *fieldType, f *model.Field) []any {
	switch {
	case f.Message != nil:
		return []any{"*", ft.elem}
	case f.Enum != nil:
		return []any{ft.elem}
	default:
		return []any{goScalar(f.Kind)}
	}
}

// accessor is the suffix of Record's methods for a scalar kind.
func accessor(k protoreflect.Kind) string {
	switch mapping.Scalar(k).Kind.String() {
	case "bool":
		return "Bool"
	case "string":
		return "String"
	default:
		return strings.ToUpper(mapping.Scalar(k).Kind.String())
	}
}
