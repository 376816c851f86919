// Package transcode turns protobuf wire bytes into values of the canonical ABI in a guest's memory and back, from tables and
// without message objects in between. It is what joins the host's real gRPC to its guests.
//
// It accepts and rejects what protobuf-go accepts and rejects, in the same words, and it trusts neither the wire nor the guest's
// memory: the work and the memory of a call are linear in the size of its input, or end at a limit.
package transcode

import (
	"cmp"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/internal/mapping"
	"github.com/cofaas/cofaas/internal/model"
)

// Message is the table of a message type. It is immutable.
type Message struct {
	size, align uint32
	unknown     uint32 // offset of the unknown fields
	// dense finds a field by its number; sparse has those whose numbers are too large.
	dense  []*field
	sparse map[protowire.Number]*field
	// members are in the order in which protobuf-go writes them.
	members []member
	// frame is the number of words that the decoder keeps of one message. See [decoder].
	frame uint32
	// checked says that a value may lack a required field, its own or one below it.
	checked bool
	// required are the required fields, in the order of members; requiredMask has the bit of each if there are at most 64.
	required     []*field
	requiredMask uint64
}

// member is a field, or a oneof if it has cases.
type member struct {
	field
	cases []field
}

// shape says how the values of a field are kept together.
type shape uint8

const (
	single shape = iota // a value at field.value
	list
	mapped // a list of entries
)

type field struct {
	number protowire.Number
	name   protoreflect.FullName
	shape  shape
	class  class
	wire   protowire.Type // of one value
	// packable says that a list may have its values in one piece; packed that it is written so.
	packable, packed bool
	// order is the place of the member in its message.
	order int
	// bit is that of the field in requiredMask; required says that it is one, also if there are more than 64.
	bit      uint64
	required bool

	// offset is that of the member in the record; value that of a single value, which may stand in an option or a variant.
	offset, value uint32
	// presence says that the member is an option.
	presence bool
	// boxed says that a single message is in a list of its own.
	boxed bool
	// size and align are those of an element in memory: of a list, of an entry, of a boxed message.
	size, align uint32
	// slot is the field's first word in a frame.
	slot uint32
	// oneof is set for members of oneofs.
	oneof *oneof
	index uint32 // among the cases of the oneof

	// message is the table of a message, encoded ones included.
	message *Message
	// key and val are the parts of an entry, with offsets in it.
	key, val *field

	// tag is what is written before a value, or before a packed list; endTag what is written after a group.
	tag, endTag []byte
}

// oneof is where the case of a oneof is said. Its option is at the offset of the member.
type oneof struct {
	discriminant, width uint32
	// slot is its first word in a frame.
	slot uint32
}

// Tables makes tables, each once. It is not safe for concurrent use; the tables are.
type Tables struct {
	made map[*model.Message]*Message
}

// Message returns the table of m. Layouts must be those that m comes from.
func (t *Tables) Message(layouts *mapping.Layouts, m *mapping.Message) *Message {
	if got := t.made[m.Message]; got != nil {
		return got
	}
	out := &Message{size: m.Type.Size, align: m.Type.Align, unknown: m.Unknown().Offset, checked: m.Checked, frame: frameHeader}
	if t.made == nil {
		t.made = map[*model.Message]*Message{}
	}
	t.made[m.Message] = out // before its fields: what is cut leads back here
	b := builder{t, layouts, m.Name, out}
	for _, at := range m.Members {
		out.members = append(out.members, b.member(at))
	}
	// As protobuf-go does it: fields by their numbers, then the oneofs as they are declared.
	slices.SortStableFunc(out.members, func(x, y member) int {
		switch {
		case x.cases != nil && y.cases != nil:
			return 0
		case x.cases != nil:
			return 1
		case y.cases != nil:
			return -1
		default:
			return cmp.Compare(x.number, y.number)
		}
	})
	out.finish()
	return out
}

type builder struct {
	tables  *Tables
	layouts *mapping.Layouts
	name    protoreflect.FullName
	out     *Message
}

func (b *builder) member(at mapping.Member) member {
	if at.Oneof == nil {
		return member{field: b.field(at)}
	}
	variant := at.Type.Cases[1]
	o := &oneof{discriminant: at.Offset + at.Type.Payload, width: variant.Discriminant, slot: b.words(oneofWords)}
	var m member
	for i, v := range at.Cases {
		f := b.value(v)
		f.offset, f.value = at.Offset, o.discriminant+variant.Payload
		f.oneof, f.index, f.slot = o, uint32(i), o.slot+oneofChild
		m.cases = append(m.cases, f)
	}
	m.field = m.cases[0]
	return m
}

func (b *builder) field(at mapping.Member) field {
	f := b.value(at.Value)
	f.offset, f.value = at.Offset, at.Offset
	switch {
	case at.Field.IsMap():
		entry := at.Type.Elem
		key, val := b.value(at.Key), f
		key.value, val.value = entry.Fields[0].Offset, entry.Fields[1].Offset
		f = field{
			offset: at.Offset, value: at.Offset, shape: mapped, class: classEntry, key: &key, val: &val,
			size: entry.Size, align: entry.Align, slot: b.words(listWords),
		}
	case at.Field.Repeated:
		f.shape, f.packed = list, at.Field.Packed
		f.size, f.align = at.Value.Type.Size, at.Value.Type.Align
		f.slot = b.words(listWords)
	default:
		// Of scalars, Type is an option if they have presence; of messages, if they are not boxed.
		f.presence = at.Type != at.Value.Type
		if f.presence {
			f.value += at.Type.Payload
		}
		f.slot = b.words(1)
	}
	f.number, f.name = at.Field.Number, b.fullName(at.Field)
	f.required = at.Field.Required
	f.setTags()
	return f
}

// value is the part of a field's table that is that of one value.
func (b *builder) value(v mapping.Value) field {
	f := field{number: v.Field.Number, name: b.fullName(v.Field), class: classOf(v)}
	switch v.Form {
	case mapping.Plain:
	case mapping.Encoded:
		f.message = b.tables.Message(b.layouts, b.layouts.Message(v.Field.Message))
	default:
		f.message = b.tables.Message(b.layouts, v.Message)
		f.boxed = v.Form == mapping.Boxed
		f.size, f.align = v.Message.Type.Size, v.Message.Type.Align
	}
	f.setTags()
	return f
}

func (b *builder) fullName(f *model.Field) protoreflect.FullName { return b.name.Append(f.Name) }

// words takes words of the message's frame.
func (b *builder) words(n uint32) uint32 {
	at := b.out.frame
	b.out.frame += n
	return at
}

func (f *field) setTags() {
	f.wire = f.class.wire()
	f.packable = f.shape == list && f.class.number()
	typ := f.wire
	if f.packed {
		typ = protowire.BytesType
	}
	f.tag = protowire.AppendTag(nil, f.number, typ)
	if typ == protowire.StartGroupType {
		f.endTag = protowire.AppendTag(nil, f.number, protowire.EndGroupType)
	}
}

// finish fills in what follows from the members.
func (m *Message) finish() {
	var all []*field
	for i := range m.members {
		member := &m.members[i]
		member.order = i
		for j := range member.cases {
			member.cases[j].order = i
			all = append(all, &member.cases[j])
		}
		if member.cases == nil {
			all = append(all, &member.field)
		}
	}
	for _, f := range all {
		if f.required {
			m.required = append(m.required, f)
		}
	}
	if len(m.required) <= 64 {
		for i, f := range m.required {
			f.bit = 1 << i
			m.requiredMask |= f.bit
		}
	}
	// The table is dense as far as at least half of it is used.
	slices.SortFunc(all, func(x, y *field) int { return cmp.Compare(x.number, y.number) })
	dense := protowire.Number(15)
	for i, f := range all {
		if f.number < 2*protowire.Number(i+8) {
			dense = max(dense, f.number)
		}
	}
	m.dense = make([]*field, dense+1)
	m.sparse = map[protowire.Number]*field{}
	for _, f := range all {
		if f.number <= dense {
			m.dense[f.number] = f
		} else {
			m.sparse[f.number] = f
		}
	}
}

// find returns a field, or nil.
func (m *Message) find(n protowire.Number) *field {
	if int(n) < len(m.dense) {
		return m.dense[n]
	}
	return m.sparse[n]
}

// accepts says whether an occurrence of the wire type belongs to the field; others are unknown fields. Lists of numbers are
// accepted packed and unpacked.
func (f *field) accepts(t protowire.Type) bool {
	return t == f.wire || t == protowire.BytesType && f.packable
}

// part returns the key or the value of a map's entries, or nil.
func (f *field) part(n protowire.Number) *field {
	switch n {
	case f.key.number:
		return f.key
	case f.val.number:
		return f.val
	default:
		return nil
	}
}
