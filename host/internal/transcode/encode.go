package transcode

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/cofaas/cofaas/host/internal/link"
)

// Encode appends the wire bytes of the record at an address of a guest's memory. Fields are in the order of their numbers,
// as protobuf-go writes them. limit bounds what it appends.
//
// Errors are [*link.BadValueError] for a record that no correct guest produces, [ErrUTF8], or [*link.LimitError].
func Encode(m *Message, mem []byte, at uint32, b []byte, limit uint64) ([]byte, error) {
	e := encoder{mem: mem, limit: limit}
	if err := e.inBounds(at, uint64(m.size), m.align); err != nil {
		return nil, err
	}
	size, err := e.measure(m, at)
	if err != nil {
		return nil, err
	}
	if cap(b)-len(b) < int(size) {
		b = append(make([]byte, 0, len(b)+int(size)), b...)
	}
	return e.write(m, at, b), nil
}

type encoder struct {
	mem []byte
	// total is what has been measured so far, nested messages included, so that lists which share memory cannot blow up.
	total, limit uint64
	// sizes are those of nested messages and packed lists, in the order of the first pass; the second takes them from the
	// front.
	sizes []uint32
}

func (e *encoder) inBounds(ptr uint32, size uint64, align uint32) error {
	if uint64(ptr)+size > uint64(len(e.mem)) || ptr&(align-1) != 0 {
		return &link.BadValueError{Problem: fmt.Sprintf("address 0x%x with %d bytes is out of bounds or not aligned", ptr, size)}
	}
	return nil
}

// list returns the address and the count at a place, once checked.
func (e *encoder) list(at, size, align uint32) (ptr, n uint32, err error) {
	ptr, n = e.peekList(at)
	if n > 0 {
		err = e.inBounds(ptr, uint64(n)*uint64(size), align)
	}
	return ptr, n, err
}

func (e *encoder) peekList(at uint32) (ptr, n uint32) {
	return binary.LittleEndian.Uint32(e.mem[at:]), binary.LittleEndian.Uint32(e.mem[at+4:])
}

// grow counts n bytes on top of an earlier total: what was counted since then is part of them.
func (e *encoder) grow(before, n uint64) error {
	if e.total = before + n; e.total > e.limit {
		return &link.LimitError{Limit: e.limit}
	}
	return nil
}

// measure checks a record, which must be in bounds, and returns the length of its wire bytes.
func (e *encoder) measure(m *Message, at uint32) (uint64, error) {
	var total uint64
	for _, i := range m.byNumber {
		f := &m.fields[i]
		before := e.total
		n, err := e.measureField(f, at+f.offset)
		if err != nil {
			return 0, err
		}
		total += n
		if err := e.grow(before, n); err != nil {
			return 0, err
		}
	}
	_, n, err := e.list(at+m.unknown, 1, 1)
	if err != nil {
		return 0, err
	}
	return total + uint64(n), e.grow(e.total, uint64(n))
}

func (e *encoder) measureField(f *field, at uint32) (uint64, error) {
	tag := uint64(len(f.tag))
	switch {
	case f.repeated:
		ptr, n, err := e.list(at, f.size, f.align)
		if err != nil || n == 0 {
			return 0, err
		}
		var total uint64
		slot := -1
		if f.packable() && f.packed {
			slot = e.reserve()
		}
		for i := range n {
			one, err := e.measureElement(f, ptr+i*f.size)
			if err != nil {
				return 0, err
			}
			if slot < 0 {
				one += tag
			}
			if total += one; total > e.limit {
				return 0, &link.LimitError{Limit: e.limit}
			}
		}
		if slot >= 0 {
			e.sizes[slot] = uint32(total)
			total += tag + uint64(protowire.SizeVarint(total))
		}
		return total, nil
	case f.message != nil:
		switch e.mem[at] {
		case 0:
			return 0, nil
		case 1:
			n, err := e.measureElement(f, at+f.payload)
			return tag + n, err
		default:
			return 0, &link.BadValueError{Problem: fmt.Sprintf("discriminant is %d of 2 cases", e.mem[at])}
		}
	case f.wire == protowire.BytesType:
		if _, n := e.peekList(at); n == 0 {
			return 0, nil
		}
		n, err := e.measureElement(f, at)
		return tag + n, err
	default:
		v := f.load(e.mem[at:])
		if v == 0 {
			return 0, nil
		}
		return tag + uint64(f.wireSize(v)), nil
	}
}

// measureElement returns the length of one value without its tag.
func (e *encoder) measureElement(f *field, at uint32) (uint64, error) {
	switch {
	case f.message != nil:
		slot := e.reserve()
		n, err := e.measure(f.message, at)
		if err != nil {
			return 0, err
		}
		e.sizes[slot] = uint32(n)
		return uint64(protowire.SizeVarint(n)) + n, nil
	case f.wire == protowire.BytesType:
		ptr, n, err := e.list(at, 1, 1)
		if err != nil {
			return 0, err
		}
		if f.utf8 && n > 0 && !utf8.Valid(e.mem[ptr:][:n]) {
			return 0, ErrUTF8
		}
		return uint64(protowire.SizeVarint(uint64(n))) + uint64(n), nil
	default:
		return uint64(f.wireSize(f.load(e.mem[at:]))), nil
	}
}

func (e *encoder) reserve() int {
	e.sizes = append(e.sizes, 0)
	return len(e.sizes) - 1
}

func (e *encoder) nextSize() uint32 {
	n := e.sizes[0]
	e.sizes = e.sizes[1:]
	return n
}

// write is the second pass; everything has been checked.
func (e *encoder) write(m *Message, at uint32, b []byte) []byte {
	for _, i := range m.byNumber {
		f := &m.fields[i]
		b = e.writeField(f, at+f.offset, b)
	}
	if ptr, n := e.peekList(at + m.unknown); n > 0 {
		b = append(b, e.mem[ptr:][:n]...)
	}
	return b
}

func (e *encoder) writeField(f *field, at uint32, b []byte) []byte {
	switch {
	case f.repeated:
		ptr, n := e.peekList(at)
		if n == 0 {
			return b
		}
		packed := f.packable() && f.packed
		if packed {
			b = append(b, f.tag...)
			b = protowire.AppendVarint(b, uint64(e.nextSize()))
		}
		for i := range n {
			if !packed {
				b = append(b, f.tag...)
			}
			b = e.writeElement(f, ptr+i*f.size, b)
		}
		return b
	case f.message != nil:
		if e.mem[at] == 0 {
			return b
		}
		return e.writeElement(f, at+f.payload, append(b, f.tag...))
	case f.wire == protowire.BytesType:
		if _, n := e.peekList(at); n == 0 {
			return b
		}
		return e.writeElement(f, at, append(b, f.tag...))
	default:
		v := f.load(e.mem[at:])
		if v == 0 {
			return b
		}
		return f.appendNumber(append(b, f.tag...), v)
	}
}

func (e *encoder) writeElement(f *field, at uint32, b []byte) []byte {
	switch {
	case f.message != nil:
		b = protowire.AppendVarint(b, uint64(e.nextSize()))
		return e.write(f.message, at, b)
	case f.wire == protowire.BytesType:
		ptr, n := e.peekList(at)
		b = protowire.AppendVarint(b, uint64(n))
		if n == 0 {
			return b
		}
		return append(b, e.mem[ptr:][:n]...)
	default:
		return f.appendNumber(b, f.load(e.mem[at:]))
	}
}
