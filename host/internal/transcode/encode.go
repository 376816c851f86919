package transcode

import (
	"encoding/binary"
	"fmt"
	"sync"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/cofaas/cofaas/host/internal/link"
)

// Encode appends the wire bytes of the record at an address of a guest's memory, with fields in the order in which protobuf-go
// writes them. limit bounds what it appends, and the memory of the value: lists may share memory, and then it counts as often
// as it is written.
//
// Errors are [*link.BadValueError] for a record that no correct guest produces, [ErrUTF8], [ErrDepth], [*RequiredError], or
// [*link.LimitError].
func Encode(m *Message, mem []byte, at uint32, b []byte, limit uint64) ([]byte, error) {
	e := encoders.Get().(*encoder)
	defer e.release()
	*e = encoder{mem: mem, limit: min(limit, maxWire), sizes: e.sizes[:0]}
	if err := e.inBounds(at, uint64(m.size), m.align); err != nil {
		return nil, err
	}
	if err := e.measure(m, at, maxDepth-1); err != nil {
		return nil, err
	}
	if uint64(cap(b)-len(b)) < e.total {
		b = append(make([]byte, 0, uint64(len(b))+e.total), b...)
	}
	n := len(b)
	b = e.write(m, at, b)
	if e.lacking {
		if err := e.checkRequired(m, b[n:]); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// checkRequired looks for required fields in what was written. Unknown fields are written as the guest has them, and are to be looked at
// only if they are some.
func (e *encoder) checkRequired(m *Message, wire []byte) error {
	c := checker{wire: wire}
	switch _, err := c.check(m, 0, len(wire), 0, maxDepth-1); err {
	case nil:
		return checkRequired(m, wire, e.limit)
	case ErrWire:
		return badValue("a message that lacks required fields holds unknown ones that are malformed")
	default:
		return err
	}
}

// encoder is the state of a call of Encode.
type encoder struct {
	mem   []byte
	limit uint64
	// total is the length of the wire bytes so far; visited the memory of the elements of lists.
	total, visited uint64
	// sizes are those of nested messages, entries and packed lists, in the order of the first pass; the second takes them from
	// next on.
	sizes []uint32
	next  int
	// lacking says that some message lacked a required field. In a map, it may not count.
	lacking bool
}

var encoders = sync.Pool{New: func() any { return new(encoder) }}

// release returns the encoder to its pool, without what was large or belongs to others.
func (e *encoder) release() {
	e.mem = nil
	if cap(e.sizes) > 1<<16 {
		e.sizes = nil
	}
	encoders.Put(e)
}

func badValue(format string, args ...any) error {
	return &link.BadValueError{Problem: fmt.Sprintf(format, args...)}
}

func (e *encoder) inBounds(ptr uint32, size uint64, align uint32) error {
	if uint64(ptr)+size > uint64(len(e.mem)) || ptr&(align-1) != 0 {
		return badValue("address 0x%x with %d bytes is out of bounds or not aligned", ptr, size)
	}
	return nil
}

func (e *encoder) peek(at uint32) (ptr, n uint32) {
	list := e.mem[at:][:8]
	return binary.LittleEndian.Uint32(list), binary.LittleEndian.Uint32(list[4:])
}

// list returns the address and the count at a place, once checked and counted.
func (e *encoder) list(at, size, align uint32) (ptr, n uint32, err error) {
	if ptr, n = e.peek(at); n == 0 {
		return ptr, 0, nil
	}
	bytes := uint64(n) * uint64(size)
	if err := e.inBounds(ptr, bytes, align); err != nil {
		return 0, 0, err
	}
	if e.visited += bytes; e.visited > e.limit {
		return 0, 0, &link.LimitError{Limit: e.limit}
	}
	return ptr, n, nil
}

// add counts wire bytes.
func (e *encoder) add(n uint64) error {
	if e.total += n; e.total > e.limit {
		return &link.LimitError{Limit: e.limit}
	}
	return nil
}

// begin makes room for the size of what follows; end sets it and counts it.
func (e *encoder) begin() (slot int, before uint64) {
	e.sizes = append(e.sizes, 0)
	return len(e.sizes) - 1, e.total
}

func (e *encoder) end(slot int, before uint64) error {
	n := e.total - before
	e.sizes[slot] = uint32(n)
	return e.add(uint64(protowire.SizeVarint(n)))
}

// option returns whether the option at an address is set.
func (e *encoder) option(at uint32) (bool, error) {
	if d := e.mem[at]; d > 1 {
		return false, badDiscriminant(uint32(d), 2)
	}
	return e.mem[at] == 1, nil
}

func badDiscriminant(d uint32, cases int) error {
	return badValue("discriminant is %d of %d cases", d, cases)
}

// index returns the case of the oneof at an address that is set.
func (e *encoder) index(o *oneof, at uint32) uint32 {
	d := e.mem[at+o.discriminant:]
	switch o.width {
	case 1:
		return uint32(d[0])
	case 2:
		return uint32(binary.LittleEndian.Uint16(d))
	default:
		return binary.LittleEndian.Uint32(d)
	}
}

// measure is the first pass: it checks a record, which must be in bounds, and counts its wire bytes. depth is how many more messages
// may be nested; it matters to those that stay encoded, because records cannot be nested without end.
func (e *encoder) measure(m *Message, at uint32, depth int) error {
	for i := range m.members {
		f := &m.members[i].field
		var err error
		switch {
		case m.members[i].cases != nil:
			err = e.measureOneof(m.members[i].cases, at, depth)
		case f.shape == mapped:
			err = e.measureMap(f, at+f.offset, depth)
		case f.shape == list:
			err = e.measureList(f, at+f.offset, depth)
		case f.presence:
			var set bool
			if set, err = e.option(at + f.offset); set {
				err = e.measureValue(f, at+f.value, depth)
			} else {
				e.lacking = e.lacking || f.required
			}
		case f.class.number():
			if v := f.class.load(e.mem[at+f.value:]); v != 0 {
				err = e.add(uint64(len(f.tag)) + f.class.sizeOf(v))
			}
		default: // a string, bytes, or a box
			if _, n := e.peek(at + f.value); n != 0 {
				err = e.measureValue(f, at+f.value, depth)
			} else {
				e.lacking = e.lacking || f.required
			}
		}
		if err != nil {
			return err
		}
	}
	_, n, err := e.list(at+m.unknown, 1, 1)
	if err != nil {
		return err
	}
	return e.add(uint64(n))
}

func (e *encoder) measureOneof(cases []field, at uint32, depth int) error {
	set, err := e.option(at + cases[0].offset)
	if err != nil || !set {
		return err
	}
	index := e.index(cases[0].oneof, at)
	if index >= uint32(len(cases)) {
		return badDiscriminant(index, len(cases))
	}
	f := &cases[index]
	return e.measureValue(f, at+f.value, depth)
}

func (e *encoder) measureList(f *field, at uint32, depth int) error {
	ptr, n, err := e.list(at, f.size, f.align)
	if err != nil || n == 0 {
		return err
	}
	if !f.class.number() {
		for i := range n {
			if err := e.measureValue(f, ptr+i*f.size, depth); err != nil {
				return err
			}
		}
		return nil
	}
	var total uint64
	mem := e.mem[ptr:][:n*f.size]
	switch f.class {
	case classFixed32, classFixed64, classBool:
		total = uint64(n) * f.class.sizeOf(0)
	default:
		for ; len(mem) > 0; mem = mem[f.size:] {
			total += f.class.sizeOf(f.class.load(mem))
		}
	}
	if !f.packed {
		return e.add(uint64(n)*uint64(len(f.tag)) + total)
	}
	slot, before := e.begin()
	if err := e.add(total); err != nil {
		return err
	}
	if err := e.end(slot, before); err != nil {
		return err
	}
	return e.add(uint64(len(f.tag)))
}

func (e *encoder) measureMap(f *field, at uint32, depth int) error {
	ptr, n, err := e.list(at, f.size, f.align)
	if err != nil {
		return err
	}
	for i := range n {
		slot, before := e.begin()
		if err := e.measureValue(f.key, ptr+i*f.size+f.key.value, depth); err != nil {
			return err
		}
		if err := e.measureValue(f.val, ptr+i*f.size+f.val.value, depth-1); err != nil {
			return err
		}
		if err := e.end(slot, before); err != nil {
			return err
		}
		if err := e.add(uint64(len(f.tag))); err != nil {
			return err
		}
	}
	return nil
}

// measureValue counts one value with its tag.
func (e *encoder) measureValue(f *field, at uint32, depth int) error {
	if err := e.add(uint64(len(f.tag) + len(f.endTag))); err != nil {
		return err
	}
	switch f.class {
	case classMessage, classGroup:
		return e.measureMessage(f, at, depth)
	case classEncoded, classEncodedGroup:
		return e.measureEncoded(f, at, depth)
	case classBytes, classString:
		ptr, n, err := e.list(at, 1, 1)
		if err != nil {
			return err
		}
		if f.class == classString && n > 0 && !utf8.Valid(e.mem[ptr:][:n]) {
			return ErrUTF8
		}
		return e.add(uint64(protowire.SizeVarint(uint64(n))) + uint64(n))
	default:
		return e.add(f.class.sizeOf(f.class.load(e.mem[at:])))
	}
}

func (e *encoder) measureMessage(f *field, at uint32, depth int) error {
	slot, before := e.begin()
	if f.boxed {
		ptr, n, err := e.list(at, f.size, f.align)
		switch {
		case err != nil:
			return err
		case n > 1:
			return badValue("a message is a list of %d", n)
		case n == 0: // in a oneof: an empty message
			e.lacking = e.lacking || len(f.message.required) > 0
			return e.endMessage(f, slot, before)
		}
		at = ptr
	}
	if err := e.measure(f.message, at, depth-1); err != nil {
		return err
	}
	return e.endMessage(f, slot, before)
}

// endMessage is end for a message, whose length is written unless it is a group.
func (e *encoder) endMessage(f *field, slot int, before uint64) error {
	if f.endTag != nil {
		return nil
	}
	return e.end(slot, before)
}

// measureEncoded checks a message that stays encoded: what is sent has to be a message.
func (e *encoder) measureEncoded(f *field, at uint32, depth int) error {
	ptr, n, err := e.list(at, 1, 1)
	if err != nil {
		return err
	}
	var wire []byte
	if n > 0 {
		wire = e.mem[ptr:][:n]
	}
	c := checker{wire: wire}
	switch _, err := c.check(f.message, 0, len(wire), 0, depth-1); err {
	case nil:
	case ErrWire:
		return badValue("field %s holds bytes that are no message", f.name)
	default:
		return err
	}
	e.lacking = e.lacking || c.lacking
	if f.endTag == nil {
		if err := e.add(uint64(protowire.SizeVarint(uint64(n)))); err != nil {
			return err
		}
	}
	return e.add(uint64(n))
}

// size returns the next of the sizes that were measured.
func (e *encoder) size() uint64 {
	n := e.sizes[e.next]
	e.next++
	return uint64(n)
}

// write is the second pass; everything has been checked.
func (e *encoder) write(m *Message, at uint32, b []byte) []byte {
	for i := range m.members {
		f := &m.members[i].field
		switch {
		case m.members[i].cases != nil:
			if e.mem[at+f.offset] != 0 {
				f = &m.members[i].cases[e.index(f.oneof, at)]
				b = e.writeValue(f, at+f.value, b)
			}
		case f.shape == mapped:
			b = e.writeMap(f, at+f.offset, b)
		case f.shape == list:
			b = e.writeList(f, at+f.offset, b)
		case f.presence:
			if e.mem[at+f.offset] != 0 {
				b = e.writeValue(f, at+f.value, b)
			}
		case f.class.number():
			if v := f.class.load(e.mem[at+f.value:]); v != 0 {
				b = f.class.append(append(b, f.tag...), v)
			}
		default:
			if _, n := e.peek(at + f.value); n != 0 {
				b = e.writeValue(f, at+f.value, b)
			}
		}
	}
	return e.writeBytes(at+m.unknown, b)
}

// writeBytes appends the bytes of a list.
func (e *encoder) writeBytes(at uint32, b []byte) []byte {
	if ptr, n := e.peek(at); n > 0 {
		b = append(b, e.mem[ptr:][:n]...)
	}
	return b
}

func (e *encoder) writeList(f *field, at uint32, b []byte) []byte {
	ptr, n := e.peek(at)
	if n == 0 {
		return b
	}
	if !f.packed {
		for i := range n {
			b = e.writeValue(f, ptr+i*f.size, b)
		}
		return b
	}
	b = appendVarint(append(b, f.tag...), e.size())
	mem := e.mem[ptr:][:n*f.size]
	if f.class == classFixed32 || f.class == classFixed64 {
		return append(b, mem...)
	}
	for ; len(mem) > 0; mem = mem[f.size:] {
		b = appendVarint(b, f.class.load(mem))
	}
	return b
}

func (e *encoder) writeMap(f *field, at uint32, b []byte) []byte {
	ptr, n := e.peek(at)
	for i := range n {
		b = appendVarint(append(b, f.tag...), e.size())
		b = e.writeValue(f.key, ptr+i*f.size+f.key.value, b)
		b = e.writeValue(f.val, ptr+i*f.size+f.val.value, b)
	}
	return b
}

// writeValue appends one value with its tag.
func (e *encoder) writeValue(f *field, at uint32, b []byte) []byte {
	b = append(b, f.tag...)
	switch f.class {
	case classMessage, classGroup:
		size := e.size()
		if f.endTag == nil {
			b = appendVarint(b, size)
		}
		n := uint32(1)
		if f.boxed {
			at, n = e.peek(at)
		}
		if n > 0 {
			b = e.write(f.message, at, b)
		}
		return append(b, f.endTag...)
	case classEncodedGroup:
		return append(e.writeBytes(at, b), f.endTag...)
	case classEncoded, classBytes, classString:
		_, n := e.peek(at)
		return e.writeBytes(at, appendVarint(b, uint64(n)))
	default:
		return f.class.append(b, f.class.load(e.mem[at:]))
	}
}
