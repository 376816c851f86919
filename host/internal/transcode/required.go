package transcode

import (
	"cmp"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/cofaas/cofaas/host/internal/link"
)

// checkRequired returns a [*RequiredError] for the first required field that is missing in a message, as protobuf-go searches.
//
// The wire has been checked, and some message in it lacked a field in one place. It may have it in another, and it does not count
// if another value takes its place in a oneof or in a map. To know, messages are merged here, as far as they matter.
// protobuf-go, too, leaves this to a second look.
//
// limit bounds the memory: of messages that are no larger as records, none is refused.
func checkRequired(m *Message, wire []byte, limit uint64) error {
	r := requirer{
		wire: wire, nodes: []node{{message: m}}, most: int(limit/minRecord) + 1,
		current: map[place]uint32{}, entries: map[entry]uint32{}, seen: map[place]bool{},
	}
	r.walk(0, 0, len(wire))
	if len(r.nodes) > r.most {
		return &link.LimitError{Limit: limit}
	}
	if f := r.missing(0); f != nil {
		return &RequiredError{f.name}
	}
	return nil
}

// minRecord is the least memory of a record: its unknown fields.
const minRecord = 8

type requirer struct {
	wire  []byte
	nodes []node
	most  int // nodes
	// current has the last message in a field or a oneof, unless that is a list.
	current map[place]uint32
	// entries has the last message of each key of a map.
	entries map[entry]uint32
	// seen has the required fields of messages that have too many of them for bits.
	seen map[place]bool
}

// node is a message of a type that has required fields, its own or further down.
type node struct {
	message *Message
	field   *field // that it is in
	seen    uint64 // required fields
	// first and last are the messages in it, in the order of the wire; next is the one after it.
	first, last, next uint32
	dead              bool // something else has taken its place
}

// place is a member of a message, by its order.
type place struct {
	node  uint32
	order int
}

type entry struct {
	place
	number uint64
	text   string
}

// add makes a node below another one.
func (r *requirer) add(parent uint32, f *field, m *Message) uint32 {
	n := uint32(len(r.nodes))
	r.nodes = append(r.nodes, node{message: m, field: f})
	p := &r.nodes[parent]
	if p.last != 0 {
		r.nodes[p.last].next = n
	} else {
		p.first = n
	}
	p.last = n
	return n
}

// walk collects the messages in one message. It returns the place after the message.
func (r *requirer) walk(n uint32, i, end int) int {
	m := r.nodes[n].message
	for i < end && len(r.nodes) <= r.most {
		num, typ, body, next := scan(r.wire[:end], i)
		if typ == protowire.EndGroupType {
			return next
		}
		i = next
		f := m.find(num)
		if f == nil || !f.accepts(typ) {
			i = r.skip(typ, next)
			continue
		}
		if f.bit != 0 {
			r.nodes[n].seen |= f.bit
		} else if f.required {
			r.seen[place{n, f.order}] = true
		}
		switch {
		case f.class == classEntry:
			r.entry(n, f, body, next)
		case f.message != nil && f.message.checked:
			child := r.child(n, f)
			i = r.nested(child, f, body, next, end)
		default:
			if f.oneof != nil {
				r.replace(place{n, f.order}, 0)
			}
			i = r.skip(typ, next)
		}
	}
	return i
}

// skip steps over a group of which scan has read the tag.
func (r *requirer) skip(typ protowire.Type, i int) int {
	if typ == protowire.StartGroupType {
		_, i = skipGroup(r.wire, i)
	}
	return i
}

func (r *requirer) nested(n uint32, f *field, body, next, end int) int {
	if f.endTag != nil {
		next = end
	}
	return r.walk(n, body, next)
}

// child returns the node that an occurrence of a message field belongs to.
func (r *requirer) child(n uint32, f *field) uint32 {
	if f.shape == list {
		return r.add(n, f, f.message)
	}
	p := place{n, f.order}
	if now := r.current[p]; now != 0 && r.nodes[now].field == f {
		return now
	}
	child := r.add(n, f, f.message)
	r.replace(p, child)
	return child
}

// replace puts something else, or 0 for what is no node, in a place.
func (r *requirer) replace(p place, n uint32) {
	if now := r.current[p]; now != 0 {
		r.nodes[now].dead = true
	}
	r.current[p] = n
}

// entry collects the messages in an entry of a map.
func (r *requirer) entry(n uint32, f *field, i, end int) {
	if f.val.message == nil || !f.val.message.checked {
		return
	}
	child := r.add(n, f, f.val.message)
	key := entry{place: place{n, f.order}}
	for i < end && len(r.nodes) <= r.most {
		num, typ, body, next := scan(r.wire[:end], i)
		part := f.part(num)
		switch {
		case part == nil || typ != part.wire:
			i = r.skip(typ, next)
			continue
		case part.class.hasMessage():
			i = r.nested(child, part, body, next, end)
			continue
		case part == f.key && part.class.number():
			var mem [8]byte
			part.class.store(mem[:], r.wire, body)
			key.number = part.class.load(mem[:])
		case part == f.key:
			key.text = string(r.wire[body:next])
		}
		i = next
	}
	if before, ok := r.entries[key]; ok {
		r.nodes[before].dead = true
	}
	r.entries[key] = child
}

// missing returns the first required field that a message or one in it lacks, or nil. Fields come in the order in which protobuf-go
// writes them, and with each what is in it.
func (r *requirer) missing(n uint32) *field {
	node := &r.nodes[n]
	var children []uint32
	for c := node.first; c != 0; c = r.nodes[c].next {
		if !r.nodes[c].dead {
			children = append(children, c)
		}
	}
	order := func(c uint32) int { return r.nodes[c].field.order }
	slices.SortStableFunc(children, func(a, b uint32) int { return cmp.Compare(order(a), order(b)) })
	for _, f := range node.message.required {
		for len(children) > 0 && order(children[0]) < f.order {
			if missing := r.missing(children[0]); missing != nil {
				return missing
			}
			children = children[1:]
		}
		if node.seen&f.bit == 0 && !r.seen[place{n, f.order}] {
			return f
		}
	}
	for _, c := range children {
		if missing := r.missing(c); missing != nil {
			return missing
		}
	}
	return nil
}
