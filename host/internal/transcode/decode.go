package transcode

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/cofaas/cofaas/host/internal/link"
)

// ErrWire is malformed wire data, in protobuf-go's words.
var ErrWire = errors.New("proto: cannot parse invalid wire-format data")

// ErrUTF8 is a string field that is not UTF-8, in protobuf-go's words.
var ErrUTF8 = fmt.Errorf("proto: %w", link.ErrUTF8)

// Decode parses wire bytes into a record of a guest's memory and returns its address. limit bounds the memory it may take.
//
// The guest must take one block for a whole value; for others, decode into a link.Buffer and copy from there.
//
// The wire is read twice: once to check it and to add up the memory, and once to fill the single block that the guest gives.
func Decode(m *Message, wire []byte, to link.Memory, limit uint64) (uint32, error) {
	d := decoder{limit: limit}
	if err := d.add(uint64(m.size)); err != nil {
		return 0, err
	}
	if err := d.measure(m, wire); err != nil {
		return 0, err
	}
	base, err := link.Alloc(to, uint32(d.total), 8)
	if err != nil {
		return 0, err
	}
	d.mem, d.next = to.Bytes(), base
	root := d.take(m.size)
	d.fill(m, wire, root)
	return root, nil
}

type decoder struct {
	total, limit uint64
	mem          []byte
	next         uint32
	// counts is a stack of the occurrences of each field in the messages being looked at.
	counts []uint32
}

// add takes memory in the first pass. Every piece is rounded up to 8, so that the second pass needs no alignment.
func (d *decoder) add(n uint64) error {
	d.total += (n + 7) &^ 7
	if d.total > d.limit {
		return &link.LimitError{Limit: d.limit}
	}
	return nil
}

// take is add's counterpart in the second pass.
func (d *decoder) take(n uint32) uint32 {
	at := d.next
	d.next += (n + 7) &^ 7
	return at
}

// push returns zeroed counters for the fields of m, and the stack height to return to.
func (d *decoder) push(m *Message) (counts []uint32, height int) {
	height = len(d.counts)
	for range m.fields {
		d.counts = append(d.counts, 0)
	}
	return d.counts[height:], height
}

// count walks over the wire once and counts the elements of lists and the occurrences of messages. The wire has been checked
// if counts is being made in the second pass.
func (m *Message) count(wire []byte, counts []uint32) {
	for len(wire) > 0 {
		num, typ, n := protowire.ConsumeTag(wire)
		wire = wire[n:]
		size := protowire.ConsumeFieldValue(num, typ, wire)
		if i := m.find(num); i >= 0 && m.fields[i].accepts(typ) {
			f := &m.fields[i]
			if f.packable() && typ == protowire.BytesType {
				body, _ := protowire.ConsumeBytes(wire)
				counts[i] += f.packedCount(body)
			} else {
				counts[i]++
			}
		}
		wire = wire[size:]
	}
}

// packedCount is the number of elements in a checked packed list.
func (f *field) packedCount(body []byte) uint32 {
	switch f.wire {
	case protowire.Fixed32Type:
		return uint32(len(body) / 4)
	case protowire.Fixed64Type:
		return uint32(len(body) / 8)
	}
	var n uint32
	for _, b := range body {
		if b < 0x80 {
			n++
		}
	}
	return n
}

// merged returns the concatenation of all occurrences of a message field: what protobuf's merging amounts to.
func (m *Message) merged(wire []byte, field int) []byte {
	var out []byte
	for len(wire) > 0 {
		num, typ, n := protowire.ConsumeTag(wire)
		wire = wire[n:]
		if m.find(num) == field && typ == protowire.BytesType {
			body, _ := protowire.ConsumeBytes(wire)
			out = append(out, body...)
		}
		wire = wire[protowire.ConsumeFieldValue(num, typ, wire):]
	}
	return out
}

// measure checks the wire of one message and adds up the memory beyond its record.
func (d *decoder) measure(m *Message, wire []byte) error {
	counts, height := d.push(m)
	defer func() { d.counts = d.counts[:height] }()
	var unknown uint64
	for rest := wire; len(rest) > 0; {
		num, typ, n, size := consumeField(rest)
		if n < 0 {
			return ErrWire
		}
		value := rest[n : n+size]
		rest = rest[n+size:]
		i := m.find(num)
		if i < 0 || !m.fields[i].accepts(typ) {
			unknown += uint64(n + size)
			continue
		}
		f := &m.fields[i]
		if typ != protowire.BytesType {
			counts[i]++
			continue
		}
		body, _ := protowire.ConsumeBytes(value)
		switch {
		case f.message != nil:
			counts[i]++
			if f.repeated {
				if err := d.measure(f.message, body); err != nil {
					return err
				}
				counts = d.counts[height:] // the stack may have moved
			}
		case f.packable():
			n, ok := f.checkPacked(body)
			if !ok {
				return ErrWire
			}
			counts[i] += n
		default:
			if f.utf8 && !utf8.Valid(body) {
				return ErrUTF8
			}
			counts[i]++
			if err := d.add(uint64(len(body))); err != nil {
				return err
			}
		}
	}
	if unknown > 0 {
		if err := d.add(unknown); err != nil {
			return err
		}
	}
	for i := range m.fields {
		f := &m.fields[i]
		n := d.counts[height+i]
		if n == 0 {
			continue
		}
		if f.repeated {
			if err := d.add(uint64(n) * uint64(f.size)); err != nil {
				return err
			}
		} else if f.message != nil {
			if n > 1 {
				if err := m.checkOccurrences(wire, i); err != nil {
					return err
				}
			}
			if err := d.measure(f.message, m.occurrence(wire, i, n)); err != nil {
				return err
			}
		}
	}
	return nil
}

// consumeField returns the lengths of the tag and the value of the first field of wire; n is negative if there is none.
func consumeField(wire []byte) (num protowire.Number, typ protowire.Type, n, size int) {
	num, typ, n = protowire.ConsumeTag(wire)
	if n < 0 || num > protowire.MaxValidNumber { // protowire lets larger ones pass
		return 0, 0, -1, 0
	}
	if size = protowire.ConsumeFieldValue(num, typ, wire[n:]); size < 0 {
		return 0, 0, -1, 0
	}
	return num, typ, n, size
}

// checkOccurrences checks each occurrence of a message field by itself: two broken messages may well make a whole one, and
// protobuf-go refuses them.
func (m *Message) checkOccurrences(wire []byte, field int) error {
	for len(wire) > 0 {
		num, typ, n, size := consumeField(wire)
		if m.find(num) == field && typ == protowire.BytesType {
			body, _ := protowire.ConsumeBytes(wire[n:])
			if err := m.fields[field].message.check(body); err != nil {
				return err
			}
		}
		wire = wire[n+size:]
	}
	return nil
}

// check is measure without the memory: it looks at each byte once per level of nesting, however often messages occur.
func (m *Message) check(wire []byte) error {
	for len(wire) > 0 {
		num, typ, n, size := consumeField(wire)
		if n < 0 {
			return ErrWire
		}
		value := wire[n : n+size]
		wire = wire[n+size:]
		i := m.find(num)
		if i < 0 || typ != protowire.BytesType || !m.fields[i].accepts(typ) {
			continue
		}
		f := &m.fields[i]
		body, _ := protowire.ConsumeBytes(value)
		switch {
		case f.message != nil:
			if err := f.message.check(body); err != nil {
				return err
			}
		case f.packable():
			if _, ok := f.checkPacked(body); !ok {
				return ErrWire
			}
		case f.utf8 && !utf8.Valid(body):
			return ErrUTF8
		}
	}
	return nil
}

// occurrence is the body of a singular message field that occurs n times.
func (m *Message) occurrence(wire []byte, field int, n uint32) []byte {
	if n > 1 {
		return m.merged(wire, field)
	}
	for {
		num, typ, n := protowire.ConsumeTag(wire)
		wire = wire[n:]
		if m.find(num) == field && typ == protowire.BytesType {
			body, _ := protowire.ConsumeBytes(wire)
			return body
		}
		wire = wire[protowire.ConsumeFieldValue(num, typ, wire):]
	}
}

// checkPacked counts the elements of a packed list and reports whether it is well formed.
func (f *field) checkPacked(body []byte) (count uint32, ok bool) {
	for len(body) > 0 {
		_, n := f.consume(body)
		if n < 0 {
			return 0, false
		}
		body = body[n:]
		count++
	}
	return count, true
}

// fill is the second pass over one message, whose record is at an address. Nothing can fail any more.
func (d *decoder) fill(m *Message, wire []byte, at uint32) {
	clear(d.mem[at : at+m.size])
	if m.counted {
		counts, height := d.push(m)
		m.count(wire, counts)
		for i := range m.fields {
			f := &m.fields[i]
			n := counts[i]
			if n == 0 {
				continue
			}
			if f.repeated {
				d.putList(at+f.offset, d.take(n*f.size), 0)
			} else if f.message != nil {
				d.mem[at+f.offset] = 1
				d.fill(f.message, m.occurrence(wire, i, n), at+f.offset+f.payload)
				counts = d.counts[height:]
			}
		}
		d.counts = d.counts[:height]
	}
	var unknown uint32
	for rest := wire; len(rest) > 0; {
		num, typ, n := protowire.ConsumeTag(rest)
		size := protowire.ConsumeFieldValue(num, typ, rest[n:])
		value := rest[n : n+size]
		rest = rest[n+size:]
		i := m.find(num)
		if i < 0 || !m.fields[i].accepts(typ) {
			unknown += uint32(n + size)
			continue
		}
		f := &m.fields[i]
		switch {
		case typ != protowire.BytesType:
			v, _ := f.consume(value)
			if f.repeated {
				f.store(d.mem[d.element(f, at):], v)
			} else {
				f.store(d.mem[at+f.offset:], v)
			}
		case f.message != nil && !f.repeated: // filled above
		default:
			body, _ := protowire.ConsumeBytes(value)
			d.fillBytes(f, body, at)
		}
	}
	if unknown > 0 {
		d.fillUnknown(m, wire, at, unknown)
	}
}

// fillBytes stores an occurrence with the wire type of bytes.
func (d *decoder) fillBytes(f *field, body []byte, at uint32) {
	switch {
	case f.packable():
		for len(body) > 0 {
			v, n := f.consume(body)
			body = body[n:]
			f.store(d.mem[d.element(f, at):], v)
		}
	case f.message != nil:
		d.fill(f.message, body, d.element(f, at))
	default:
		p := d.take(uint32(len(body)))
		copy(d.mem[p:], body)
		to := at + f.offset
		if f.repeated {
			to = d.element(f, at)
		}
		d.putList(to, p, uint32(len(body)))
	}
}

// element adds one element to a list whose memory has been taken and returns its address.
func (d *decoder) element(f *field, at uint32) uint32 {
	list := d.mem[at+f.offset:]
	n := binary.LittleEndian.Uint32(list[4:])
	binary.LittleEndian.PutUint32(list[4:], n+1)
	return binary.LittleEndian.Uint32(list) + n*f.size
}

func (d *decoder) putList(at, ptr, n uint32) {
	binary.LittleEndian.PutUint32(d.mem[at:], ptr)
	binary.LittleEndian.PutUint32(d.mem[at+4:], n)
}

// fillUnknown collects the unknown fields, in order.
func (d *decoder) fillUnknown(m *Message, wire []byte, at, size uint32) {
	p := d.take(size)
	d.putList(at+m.unknown, p, size)
	for len(wire) > 0 {
		num, typ, n := protowire.ConsumeTag(wire)
		n += protowire.ConsumeFieldValue(num, typ, wire[n:])
		if i := m.find(num); i < 0 || !m.fields[i].accepts(typ) {
			p += uint32(copy(d.mem[p:], wire[:n]))
		}
		wire = wire[n:]
	}
}
