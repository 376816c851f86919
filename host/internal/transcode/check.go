package transcode

import (
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// checker checks wire bytes that are passed on as they are. The zero checker is ready.
type checker struct {
	wire []byte
	// lacking says that some message lacked a required field in one place; it may have it in another.
	lacking bool
	// groupEnd is the place of the end tag that has been read last.
	groupEnd int
}

// check checks a message by the rules of proto.Unmarshal, but for required fields. depth is how many more messages may be nested.
// A group ends before end, with its number. It returns the place after the message.
//
// It looks at every byte once, however deep messages are nested and however often they occur.
func (c *checker) check(m *Message, i, end int, group protowire.Number, depth int) (int, error) {
	if depth < 0 {
		return 0, ErrDepth
	}
	wire := c.wire[:end]
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
			c.groupEnd, group = start, 0
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
			continue
		}
		seen |= f.bit
		var err error
		switch {
		case f.class.hasMessage():
			i, err = c.nested(f, wire, body, next, depth)
		case f.class == classEntry:
			err = c.entry(f, wire[:next], body, depth-1)
		case f.class == classString:
			if !utf8.Valid(wire[body:next]) {
				err = ErrUTF8
			}
		case typ == protowire.BytesType && f.packable:
			if _, ok := f.count(wire[body:next]); !ok {
				err = ErrWire
			}
		}
		if err != nil {
			return 0, err
		}
	}
	if group != 0 {
		return 0, ErrWire
	}
	c.lacking = c.lacking || m.lacks(seen)
	return i, nil
}

// lacks says that a message of which some fields have been seen may lack a required one. Of more than fields than there are bits it
// is not known.
func (m *Message) lacks(seen uint64) bool {
	return len(m.required) > 0 && (seen != m.requiredMask || m.requiredMask == 0)
}

func (c *checker) nested(f *field, wire []byte, body, next, depth int) (int, error) {
	if f.endTag != nil {
		return c.check(f.message, body, len(wire), f.number, depth-1)
	}
	return c.check(f.message, body, next, 0, depth-1)
}

// entry checks an entry of a map, up to the end of wire.
func (c *checker) entry(f *field, wire []byte, i, depth int) error {
	whole := f.val.message == nil || len(f.val.message.required) == 0
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
			i, err = c.nested(part, wire, body, next, depth)
		}
		if err != nil {
			return err
		}
	}
	c.lacking = c.lacking || !whole
	return nil
}
