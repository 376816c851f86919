package session

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// A Point is a place in a file. Both fields count from zero; Character counts UTF-16 code units, as editors do.
type Point struct{ Line, Character int }

// Before says whether p comes before q.
func (p Point) Before(q Point) bool {
	return p.Line < q.Line || p.Line == q.Line && p.Character < q.Character
}

// A Range is what is between two points.
type Range struct{ Start, End Point }

// Touches says whether r and q have a point in common, be it an end.
func (r Range) Touches(q Range) bool { return !r.End.Before(q.Start) && !q.End.Before(r.Start) }

// A Location is a range of a file.
type Location struct {
	File  string // absolute
	Range Range
}

// Offset returns the byte of content that p stands at. Points behind the end of their line stand at its end, as the protocol wants it;
// points in the middle of a character or on lines that are not there are errors.
func Offset(content []byte, p Point) (int, error) {
	offset := 0
	for line := 0; line < p.Line; line++ {
		i := bytes.IndexByte(content[offset:], '\n')
		if i < 0 {
			return 0, fmt.Errorf("line %d of %d", p.Line+1, line+1)
		}
		offset += i + 1
	}
	for units := 0; units < p.Character; {
		if offset >= len(content) || content[offset] == '\n' {
			return offset, nil
		}
		r, size := utf8.DecodeRune(content[offset:])
		units += width(r)
		if units > p.Character {
			return 0, fmt.Errorf("line %d: character %d is in the middle of a surrogate pair", p.Line+1, p.Character)
		}
		offset += size
	}
	return offset, nil
}

// point returns where the byte at offset stands.
func point(content []byte, offset int) Point {
	offset = min(offset, len(content))
	before := content[:offset]
	start := bytes.LastIndexByte(before, '\n') + 1
	p := Point{Line: bytes.Count(before, []byte{'\n'})}
	for _, r := range string(before[start:]) {
		p.Character += width(r)
	}
	return p
}

// width is the number of UTF-16 code units of r. Bytes that are no UTF-8 are one each: editors see a replacement character.
func width(r rune) int {
	if r > 0xFFFF {
		return 2
	}
	return 1
}
