package transcode

import (
	"encoding/binary"

	"google.golang.org/protobuf/encoding/protowire"
)

// fill is the second pass over one message, whose record is at an address and cleared. The wire has been checked, so nothing can
// fail any more. It returns the place after the message: of a group, after its end tag.
func (d *decoder) fill(m *Message, frame, at uint32, i, end int) int {
	wire := d.wire[:end]
	for i < end {
		start := i
		tag, body := varint(wire, i)
		num, typ := protowire.Number(tag>>3), protowire.Type(tag&7)
		if typ == protowire.EndGroupType {
			return body
		}
		f := m.find(num)
		if f == nil || !f.accepts(typ) {
			i = d.skip(typ, body)
			d.fillUnknown(m, frame, at, num, typ, wire[body:i])
			continue
		}
		to := at + f.value
		if f.oneof != nil {
			if uint32(start) < d.frames[frame+f.oneof.slot+oneofStart] {
				i = d.skip(typ, body) // another case comes later
				continue
			}
			d.mem[at+f.offset] = 1
			d.putCase(at+f.oneof.discriminant, f)
		} else if f.presence {
			d.mem[at+f.offset] = 1
		}
		switch {
		case f.class.number():
			switch {
			case f.shape == single:
				i = f.class.store(d.mem[to:], wire, body)
			case typ == protowire.BytesType:
				i = d.fillPacked(f, frame+f.slot, to, wire, body)
			default:
				i = f.class.store(d.mem[d.nextElement(f, frame+f.slot, to):], wire, body)
			}
		case f.class.hasMessage():
			i = d.fillMessage(f, frame+f.slot, to, wire, body)
		default:
			n, body := varint(wire, body)
			i = body + int(n)
			if f.shape != single {
				to = d.nextElement(f, frame+f.slot, to)
			}
			if f.class == classEntry {
				d.fillEntry(f, frame+f.slot, to, wire[:i], body)
			} else {
				d.putBytes(to, wire[body:i])
			}
		}
	}
	return i
}

// skip steps over a value, with its length.
func (d *decoder) skip(typ protowire.Type, i int) int {
	switch typ {
	case protowire.VarintType:
		_, i = varint(d.wire, i)
		return i
	case protowire.Fixed32Type:
		return i + 4
	case protowire.Fixed64Type:
		return i + 8
	case protowire.BytesType:
		n, body := varint(d.wire, i)
		return body + int(n)
	default:
		_, next := skipGroup(d.wire, i)
		return next
	}
}

// putCase stores the discriminant of a oneof.
func (d *decoder) putCase(at uint32, f *field) {
	switch f.oneof.width {
	case 1:
		d.mem[at] = byte(f.index)
	case 2:
		binary.LittleEndian.PutUint16(d.mem[at:], uint16(f.index))
	default:
		binary.LittleEndian.PutUint32(d.mem[at:], f.index)
	}
}

// store stores the number at i of the wire and returns the place after it.
func (c class) store(mem []byte, wire []byte, i int) int {
	switch c {
	case classFixed32:
		copy(mem[:4], wire[i:])
		return i + 4
	case classFixed64:
		copy(mem[:8], wire[i:])
		return i + 8
	default:
		v, next := varint(wire, i)
		c.putVarint(mem, v)
		return next
	}
}

// record takes memory for a record.
func (d *decoder) record(size uint32) uint32 {
	at := d.takeList(1, size)
	clear(d.mem[at:][:size])
	return at
}

// takeList takes memory for a list.
func (d *decoder) takeList(n, size uint32) uint32 {
	at := d.nextRecord
	d.nextRecord += uint32(roundUp(uint64(n) * uint64(size)))
	return at
}

func (d *decoder) putList(at, ptr, n uint32) {
	list := d.mem[at:][:8]
	binary.LittleEndian.PutUint32(list, ptr)
	binary.LittleEndian.PutUint32(list[4:], n)
}

// elements adds n elements to the list at an address and returns the place of the first. The words of the list are at slot.
func (d *decoder) elements(f *field, slot, at, n uint32) uint32 {
	list := d.mem[at:][:8]
	ptr, count := binary.LittleEndian.Uint32(list), binary.LittleEndian.Uint32(list[4:])
	if ptr == 0 {
		ptr = d.takeList(d.frames[slot+listCount], f.size)
		binary.LittleEndian.PutUint32(list, ptr)
	}
	binary.LittleEndian.PutUint32(list[4:], count+n)
	return ptr + count*f.size
}

// nextElement is elements for one, which is cleared unless it is a number.
func (d *decoder) nextElement(f *field, slot, at uint32) uint32 {
	to := d.elements(f, slot, at, 1)
	if !f.class.number() {
		clear(d.mem[to:][:f.size])
	}
	return to
}

// nextFrame returns the frame of the next element of a list of messages.
func (d *decoder) nextFrame(slot uint32) uint32 {
	at := d.frames[slot+listFirst]
	d.frames[slot+listFirst] = d.frames[at+frameNext]
	return at
}

func (d *decoder) fillPacked(f *field, slot, at uint32, wire []byte, i int) int {
	n, body := varint(wire, i)
	end := body + int(n)
	if n == 0 {
		return end
	}
	count, _ := f.count(wire[body:end])
	to := d.elements(f, slot, at, count)
	mem := d.mem[to:][:count*f.size]
	if f.class == classFixed32 || f.class == classFixed64 {
		copy(mem, wire[body:end])
		return end
	}
	for i = body; i < end; mem = mem[f.size:] {
		var v uint64
		v, i = varint(wire, i)
		f.class.putVarint(mem, v)
	}
	return end
}

// putBytes copies bytes and stores where they are.
func (d *decoder) putBytes(at uint32, b []byte) {
	d.putList(at, d.nextBytes, uint32(len(b)))
	d.nextBytes += uint32(copy(d.mem[d.nextBytes:], b))
}

// appendBytes adds bytes to the list at an address, which will have total.
func (d *decoder) appendBytes(at, total uint32, b []byte) {
	list := d.mem[at:][:8]
	ptr, count := binary.LittleEndian.Uint32(list), binary.LittleEndian.Uint32(list[4:])
	if ptr == 0 {
		ptr = d.nextBytes
		d.nextBytes += total
		binary.LittleEndian.PutUint32(list, ptr)
	}
	binary.LittleEndian.PutUint32(list[4:], count+uint32(copy(d.mem[ptr+count:], b)))
}

func (d *decoder) fillUnknown(m *Message, frame, at uint32, num protowire.Number, typ protowire.Type, value []byte) {
	var tag [binary.MaxVarintLen32]byte
	d.appendBytes(at+m.unknown, d.frames[frame+frameUnknown], protowire.AppendTag(tag[:0], num, typ))
	d.appendBytes(at+m.unknown, d.frames[frame+frameUnknown], value)
}

// fillMessage is the second pass over a value of a message field, which is for the address to and whose words are at slot. It
// returns the place after it.
func (d *decoder) fillMessage(f *field, slot, to uint32, wire []byte, i int) int {
	var frame uint32
	switch {
	case f.shape == list:
		to = d.nextElement(f, slot, to)
		if !f.class.encoded() {
			frame = d.nextFrame(slot)
		}
	case f.boxed:
		frame = d.frames[slot]
		box := d.mem[to:][:8]
		if binary.LittleEndian.Uint32(box) == 0 {
			d.putList(to, d.record(f.size), 1)
		}
		to = binary.LittleEndian.Uint32(box)
	default:
		frame = d.frames[slot]
	}
	return d.fillNested(f, frame, to, wire, i)
}

// fillNested is the second pass over a message in another one. word is its frame, or the length of its bytes if it stays encoded;
// 0 is the length of those that occur here.
func (d *decoder) fillNested(f *field, word, to uint32, wire []byte, i int) int {
	end, next := len(wire), 0
	if f.endTag == nil {
		n, body := varint(wire, i)
		i, end = body, body+int(n)
	}
	if !f.class.encoded() {
		return d.fill(f.message, word, to, i, end)
	}
	next = end
	if f.endTag != nil {
		end, next = skipGroup(wire, i)
	}
	if word == 0 {
		word = uint32(end - i)
	}
	d.appendBytes(to, word, wire[i:end])
	return next
}

// fillEntry is the second pass over an entry of a map, up to the end of wire.
func (d *decoder) fillEntry(f *field, slot, at uint32, wire []byte, i int) {
	var word uint32 // for fillNested
	known := false
	if f.val.message != nil && !f.val.class.encoded() {
		word, known = d.nextFrame(slot), true
	}
	for i < len(wire) {
		start := i
		tag, body := varint(wire, i)
		typ := protowire.Type(tag & 7)
		part := f.part(protowire.Number(tag >> 3))
		if part == nil || typ != part.wire {
			i = d.skip(typ, body)
			continue
		}
		to := at + part.value
		switch {
		case part.class.number():
			i = part.class.store(d.mem[to:], wire, body)
		case part.class.hasMessage():
			if !known {
				word, known = d.encodedSize(f, wire, start), true
			}
			i = d.fillNested(part, word, to, wire, body)
		default:
			n, body := varint(wire, body)
			i = body + int(n)
			d.putBytes(to, wire[body:i])
		}
	}
}

// encodedSize adds up the occurrences of the value, which stays encoded, in what is left of an entry.
func (d *decoder) encodedSize(f *field, wire []byte, i int) (total uint32) {
	for i < len(wire) {
		tag, body := varint(wire, i)
		typ := protowire.Type(tag & 7)
		i = d.skip(typ, body)
		if f.part(protowire.Number(tag>>3)) != f.val || typ != f.val.wire {
			continue
		}
		if typ == protowire.BytesType {
			n, _ := varint(wire, body)
			total += uint32(n)
		} else {
			end, _ := skipGroup(wire, body)
			total += uint32(end - body)
		}
	}
	return total
}
