package wit

import (
	"fmt"
	"maps"
	"slices"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/internal/mapping"
	"github.com/cofaas/cofaas/internal/model"
)

func (p *printer) typesInterface(f *model.File) {
	p.line("/// The types of " + f.Path + ".")
	p.open("interface " + id(p.types[f].iface))
	own := p.declared(f)
	taken := mapping.Scope{}
	for _, name := range own {
		taken[name] = 1
	}
	names := p.use(foreign(fieldRefs(f), f), p.types[f].pkg, taken)
	maps.Copy(names, own)
	first := true
	for _, e := range f.Enums {
		p.gap(&first)
		p.enum(e, names)
	}
	for _, m := range f.Messages {
		p.message(p.layouts.Message(m), names, &first)
	}
	p.close()
}

// enum prints an enum as its number: other numbers travel too.
func (p *printer) enum(e *model.Enum, names typeNames) {
	p.doc(e.Doc)
	if e.Doc != "" {
		p.line("///")
	}
	for _, v := range e.Values {
		p.line(fmt.Sprintf("/// %d: %s", v.Number, v.Name))
		p.docIndented(v.Doc)
	}
	p.line("type " + id(names[e.Name]) + " = s32;")
}

// message prints the record of a message, after the variants of its oneofs.
func (p *printer) message(m *mapping.Message, names typeNames, first *bool) {
	for _, member := range m.Members {
		if member.Oneof != nil {
			p.gap(first)
			p.variant(m, &member, names)
		}
	}
	p.gap(first)
	p.doc(m.Doc)
	p.open("record " + id(names[m.Name]))
	taken := mapping.Scope{}
	for _, member := range m.Members {
		if member.Oneof != nil {
			p.line(id(taken.Unique(mapping.Kebab(string(member.Oneof.Name)))) + ": option<" + id(names[oneofName(m.Message, member.Oneof)]) + ">,")
			continue
		}
		p.doc(member.Field.Doc, memberNotes(&member)...)
		p.line(id(taken.Unique(mapping.Kebab(string(member.Field.Name)))) + ": " + memberType(&member, names) + ",")
	}
	if m.Extendable {
		p.line("/// Extensions, and what the sender's schema has and this one has not, as protobuf bytes.")
	} else {
		p.line("/// What the sender's schema has and this one has not, as protobuf bytes.")
	}
	p.line(id(taken.Unique("unknown-fields")) + ": list<u8>,")
	p.close()
}

// variant prints the type of a oneof.
func (p *printer) variant(m *mapping.Message, o *mapping.Member, names typeNames) {
	p.doc(o.Oneof.Doc)
	p.open("variant " + id(names[oneofName(m.Message, o.Oneof)]))
	taken := mapping.Scope{}
	for _, c := range o.Cases {
		notes := valueNotes(&c, "The")
		if c.Form == mapping.Boxed {
			notes = append(notes, "One element; none stands for an empty message.")
		}
		p.doc(c.Field.Doc, notes...)
		p.line(id(taken.Unique(mapping.Kebab(string(c.Field.Name)))) + "(" + valueType(&c, names) + "),")
	}
	p.close()
}

// memberType is the type of a field that is in no oneof.
func memberType(m *mapping.Member, names typeNames) string {
	f, value := m.Field, valueType(&m.Value, names)
	switch {
	case f.IsMap():
		return "list<tuple<" + valueType(&m.Key, names) + ", " + value + ">>"
	case f.Repeated:
		return "list<" + value + ">"
	case f.Presence, m.Value.Form == mapping.Inline, m.Value.Form == mapping.Encoded:
		return "option<" + value + ">"
	default:
		return value
	}
}

func valueType(v *mapping.Value, names typeNames) string {
	f := v.Field
	switch {
	case v.Form == mapping.Encoded:
		return "list<u8>"
	case v.Form == mapping.Boxed:
		return "list<" + id(names[f.Message.Name]) + ">"
	case v.Form == mapping.Inline:
		return id(names[f.Message.Name])
	case f.Enum != nil:
		return id(names[f.Enum.Name])
	case f.Kind == protoreflect.BytesKind, anyBytes(f):
		return "list<u8>"
	default:
		return v.Type.Kind.String()
	}
}

// anyBytes says that a string need not be UTF-8, as WIT's have to be.
func anyBytes(f *model.Field) bool { return f.Kind == protoreflect.StringKind && !f.UTF8 }

// memberNotes say what the type of a field that is in no oneof does not.
func memberNotes(m *mapping.Member) []string {
	var notes []string
	f := m.Field
	switch {
	case f.IsMap():
		notes = slices.Concat(valueNotes(&m.Key, "Each key: the"), valueNotes(&m.Value, "Each value: the"))
	case f.Repeated:
		notes = valueNotes(&m.Value, "Each element: the")
	default:
		notes = valueNotes(&m.Value, "The")
	}
	if m.Value.Form == mapping.Boxed {
		notes = append(notes, "One element, or none if the field is not set.")
	}
	if f.Required {
		notes = append(notes, "Required.")
	}
	return notes
}

// valueNotes say what the type of a value does not; subject begins what is said.
func valueNotes(v *mapping.Value, subject string) []string {
	switch {
	case v.Form == mapping.Encoded:
		return []string{fmt.Sprintf("%s protobuf bytes of a %s, because WIT has no types that contain themselves.", subject, v.Field.Message.Name)}
	case anyBytes(v.Field):
		return []string{subject + " bytes of a string that need not be UTF-8."}
	default:
		return nil
	}
}
