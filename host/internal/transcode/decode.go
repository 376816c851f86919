package transcode

import (
	"sync"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/cofaas/cofaas/host/internal/link"
)

// Decode parses wire bytes into a record of a guest's memory and returns its address. limit bounds the memory it may take.
//
// The guest must take one block for a whole value; for others, decode into a link.Buffer and copy from there.
//
// Lists of map entries have what the wire has, keys that repeat included: the last wins with whoever makes a map of them. What stays
// encoded is the bytes of all its occurrences, one after the other, which is how protobuf merges messages.
//
// The wire is read twice: once to check it and to add up the memory, and once to fill the single block that the guest gives.
//
// Errors are [ErrWire], [ErrUTF8], [ErrDepth], [*RequiredError], [*link.LimitError], and [*link.TargetError] if the guest gives no
// memory.
func Decode(m *Message, wire []byte, to link.Memory, limit uint64) (uint32, error) {
	d := decoders.Get().(*decoder)
	defer d.release()
	*d = decoder{checker: checker{wire: wire}, limit: min(limit, maxWire), frames: d.frames[:0]}
	if uint64(len(wire)) > maxWire {
		return 0, &link.LimitError{Limit: maxWire}
	}
	if err := d.takeRecord(m.size); err != nil {
		return 0, err
	}
	root, err := d.frame(m)
	if err != nil {
		return 0, err
	}
	if _, err := d.measure(m, root, 0, len(wire), 0, maxDepth-1); err != nil {
		return 0, err
	}
	if d.lacking {
		if err := checkRequired(m, wire, d.limit); err != nil {
			return 0, err
		}
	}
	at, err := link.Alloc(to, uint32(d.records+d.bytes), 8)
	if err != nil {
		return 0, err
	}
	d.mem, d.nextRecord, d.nextBytes = to.Bytes(), at, at+uint32(d.records)
	d.fill(m, root, d.record(m.size), 0, len(wire))
	return at, nil
}

// decoder is the state of a call of Decode.
//
// The first pass makes a frame for every message that will be a record: words that say how long its lists are and where the
// frames of its parts are. So an occurrence of a field that continues an earlier one, as protobuf's merging has it, costs
// no more than its own bytes in either pass, and the second pass gives every list its memory when it meets the first element.
//
// A frame has the number of bytes of unknown fields; the next frame of the list that it is in; then as many words as
// each field has:
//   - a list: its length, and for messages the frames of its first element, the next one in the second pass, and of its last
//   - a message that is not in a list: its frame
//   - one that stays encoded: the length of its bytes
//   - a oneof: the case, from 1, the place in the wire from which on it has been that case, and the word that the case needs
type decoder struct {
	checker
	limit  uint64
	frames []uint32
	// records and bytes add up the memory, which is in two parts: one in which everything starts at a multiple of 8, and one for
	// strings and bytes.
	records, bytes uint64

	mem                   []byte
	nextRecord, nextBytes uint32
}

const (
	frameUnknown, frameNext, frameHeader = 0, 1, 2
	listCount, listFirst, listLast       = 0, 1, 2
	listWords                            = 3
	oneofCase, oneofStart, oneofChild    = 0, 1, 2
	oneofWords                           = 3
)

// maxSlack is how many words of frames there may be whatever the limit is.
const maxSlack = 1 << 16

var decoders = sync.Pool{New: func() any { return new(decoder) }}

// release returns the decoder to its pool, without what was large or belongs to others.
func (d *decoder) release() {
	d.wire, d.mem = nil, nil
	if cap(d.frames) > 1<<16 {
		d.frames = nil
	}
	decoders.Put(d)
}

// frame makes a frame for m.
func (d *decoder) frame(m *Message) (uint32, error) {
	at := len(d.frames)
	end := at + int(m.frame)
	// Frames are about as large as what they describe.
	if uint64(end) > d.limit+maxSlack {
		return 0, &link.LimitError{Limit: d.limit}
	}
	if end > cap(d.frames) {
		d.frames = append(make([]uint32, 0, max(2*cap(d.frames), end, 256)), d.frames...)
	}
	d.frames = d.frames[:end]
	clear(d.frames[at:])
	return uint32(at), nil
}

func roundUp(n uint64) uint64 { return (n + 7) &^ 7 }

func (d *decoder) checkLimit() error {
	if d.records+d.bytes > d.limit {
		return &link.LimitError{Limit: d.limit}
	}
	return nil
}

// takeRecord counts a record or a list of its own.
func (d *decoder) takeRecord(size uint32) error {
	d.records += roundUp(uint64(size))
	return d.checkLimit()
}

func (d *decoder) takeBytes(n int) error {
	d.bytes += uint64(n)
	return d.checkLimit()
}

// takeElements counts n more elements of the list that has its words at slot.
func (d *decoder) takeElements(slot, n, size uint32) error {
	count := uint64(d.frames[slot])
	d.frames[slot] += n
	d.records += roundUp((count+uint64(n))*uint64(size)) - roundUp(count*uint64(size))
	return d.checkLimit()
}

// element makes the frame of another element, which is a message, of the list that has its words at slot.
func (d *decoder) element(m *Message, slot uint32) (uint32, error) {
	at, err := d.frame(m)
	if err != nil {
		return 0, err
	}
	if last := d.frames[slot+listLast]; last != 0 {
		d.frames[last+frameNext] = at
	} else {
		d.frames[slot+listFirst] = at
	}
	d.frames[slot+listLast] = at
	return at, nil
}

// measure is the first pass over one message, whose frame is given. depth is how many more messages may be nested. A group ends
// before end, with its number. It returns the place after the message.
func (d *decoder) measure(m *Message, frame uint32, i, end int, group protowire.Number, depth int) (int, error) {
	if depth < 0 {
		return 0, ErrDepth
	}
	wire := d.wire[:end]
	var seen uint64
	for i < end {
		start := i
		num, typ, body, next := scan(wire, i)
		if next < 0 {
			return 0, ErrWire
		}
		i = next
		if typ == protowire.EndGroupType {
			if num != group {
				return 0, ErrWire
			}
			d.groupEnd, group = start, 0
			break
		}
		f := m.find(num)
		if f != nil && f.shape == mapped && depth == 0 {
			return 0, ErrDepth // protobuf-go does not look at the wire type first
		}
		if f == nil || !f.accepts(typ) {
			if i = skipUnknown(wire, num, typ, next); i < 0 {
				return 0, ErrWire
			}
			// protobuf-go writes the tag anew.
			n := protowire.SizeTag(num) + i - tagEnd(wire, start)
			d.frames[frame+frameUnknown] += uint32(n)
			if err := d.takeBytes(n); err != nil {
				return 0, err
			}
			continue
		}
		seen |= f.bit
		if f.oneof != nil {
			if s := d.frames[frame+f.oneof.slot:]; s[oneofCase] != f.index+1 {
				s[oneofCase], s[oneofStart], s[oneofChild] = f.index+1, uint32(start), 0
			}
		}
		var err error
		switch {
		case f.class.number():
			if f.shape == single {
				continue
			}
			n, ok := uint32(1), true
			if typ == protowire.BytesType && f.packable {
				n, ok = f.count(wire[body:next])
			}
			if !ok {
				return 0, ErrWire
			}
			err = d.takeElements(frame+f.slot, n, f.size)
		case f.class.hasMessage():
			i, err = d.measureMessage(f, frame+f.slot, wire, body, next, depth)
		case f.class == classEntry:
			err = d.measureEntry(f, frame+f.slot, wire[:next], body, depth-1)
		default:
			if f.class == classString && !utf8.Valid(wire[body:next]) {
				return 0, ErrUTF8
			}
			if f.shape == list {
				if err = d.takeElements(frame+f.slot, 1, f.size); err != nil {
					return 0, err
				}
			}
			err = d.takeBytes(next - body)
		}
		if err != nil {
			return 0, err
		}
	}
	if group != 0 {
		return 0, ErrWire
	}
	d.lacking = d.lacking || m.lacks(seen)
	return i, nil
}

// tagEnd returns the place after the tag at i.
func tagEnd(wire []byte, i int) int {
	for wire[i] >= 0x80 {
		i++
	}
	return i + 1
}

// measureMessage is the first pass over a value of a message field, whose words are at slot. It returns the place after it.
func (d *decoder) measureMessage(f *field, slot uint32, wire []byte, body, next, depth int) (int, error) {
	var child uint32
	var err error
	if f.shape == list {
		err = d.takeElements(slot, 1, f.size)
		if err == nil && !f.class.encoded() {
			child, err = d.element(f.message, slot)
		}
	} else if child = d.frames[slot]; child == 0 && !f.class.encoded() {
		if f.boxed {
			if err = d.takeRecord(f.size); err != nil {
				return 0, err
			}
		}
		child, err = d.frame(f.message)
		d.frames[slot] = child
	}
	if err != nil {
		return 0, err
	}
	next, n, err := d.nested(f, child, wire, body, next, depth)
	if f.class.encoded() && f.shape == single {
		d.frames[slot] += uint32(n)
	}
	return next, err
}

// nested is the first pass over a message in another one: a record with a frame, or encoded. It returns the place after it and
// the length of its wire bytes.
func (d *decoder) nested(f *field, frame uint32, wire []byte, body, next, depth int) (_, n int, err error) {
	end, group := next, protowire.Number(0)
	if f.endTag != nil {
		end, group = len(wire), f.number
	}
	if !f.class.encoded() {
		next, err = d.measure(f.message, frame, body, end, group, depth-1)
		return next, 0, err
	}
	if next, err = d.check(f.message, body, end, group, depth-1); err != nil {
		return 0, 0, err
	}
	if n = next - body; group != 0 {
		n = d.groupEnd - body
	}
	return next, n, d.takeBytes(n)
}

// measureEntry is the first pass over an entry of a map, up to the end of wire.
func (d *decoder) measureEntry(f *field, slot uint32, wire []byte, i, depth int) error {
	if err := d.takeElements(slot, 1, f.size); err != nil {
		return err
	}
	var value uint32
	whole := true
	if m := f.val.message; m != nil {
		whole = len(m.required) == 0
		if !f.val.class.encoded() {
			var err error
			if value, err = d.element(m, slot); err != nil {
				return err
			}
		}
	}
	for i < len(wire) {
		num, typ, body, next := scan(wire, i)
		if next < 0 {
			return ErrWire
		}
		i = next
		part := f.part(num)
		var err error
		switch {
		case part == nil || typ != part.wire:
			if i = skipUnknown(wire, num, typ, next); i < 0 {
				return ErrWire
			}
		case part.class == classString && !utf8.Valid(wire[body:next]):
			return ErrUTF8
		case part.class.hasMessage():
			whole = true
			i, _, err = d.nested(part, value, wire, body, next, depth)
		case part.class == classString || part.class == classBytes:
			err = d.takeBytes(next - body)
		}
		if err != nil {
			return err
		}
	}
	d.lacking = d.lacking || !whole
	return nil
}
