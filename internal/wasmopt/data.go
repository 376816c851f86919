package wasmopt

import "bytes"

// joinGap is the most bytes between two data segments that become one. It is far below a page, so joining touches no memory
// that was not touched before.
const joinGap = 64

// dataSection returns a data section in which segments with little between them are one, or nil if it is to stay as it is.
//
// Go's linker leaves out every run of 8 zero bytes, because the head of another segment is smaller. That makes 90,000 segments
// of a guest, most of them for the 2 bytes that differ in each bucket of 20 bytes by which the runtime finds functions. An
// engine decodes and checks every segment when it loads the module, and copies every segment when it makes an instance: with
// wazero, a fifth of what a start costs and three quarters of what an instance costs. Joined, they are some 30, and the guest is
// a tenth larger.
//
// Memory is zero before the first segment is copied, so a gap may be filled with zeros unless a segment before has written there.
func dataSection(section []byte, stats *Stats) []byte {
	segments, ok := readSegments(section)
	if !ok {
		return nil
	}
	joined := join(segments)
	stats.Segments, stats.Joined = len(segments), len(joined)
	return appendSegments(nil, joined)
}

// A segment is what is copied to memory at an offset before a guest runs.
type segment struct {
	offset uint32
	data   []byte
}

func (s segment) end() uint64 { return uint64(s.offset) + uint64(len(s.data)) }

// readSegments reads a data section. It reports whether all are constant data at constant offsets of the only memory.
func readSegments(section []byte) ([]segment, bool) {
	r := reader{b: section}
	count := r.u32()
	segments := make([]segment, 0, min(int(count), len(section)))
	for ; count > 0; count-- {
		memory, op, offset, end := r.u32(), r.byte(), r.s32(), r.byte()
		data := r.bytes(r.u32())
		if r.err != nil || memory != 0 || op != opI32Const || end != opEnd {
			return nil, false
		}
		segments = append(segments, segment{uint32(offset), data})
	}
	return segments, r.err == nil && !r.more()
}

// join joins each segment with the one before if it can.
func join(segments []segment) []segment {
	var out []segment
	for _, s := range segments {
		if n := len(out); n > 0 {
			last := &out[n-1]
			gap := int64(s.offset) - int64(last.end())
			if gap >= 0 && gap <= joinGap && !written(out[:n-1], last.end(), uint64(s.offset)) {
				last.data = append(append(last.data, make([]byte, gap)...), s.data...)
				continue
			}
		}
		// Bytes of the module follow the data: appending must not write there.
		s.data = bytes.Clone(s.data)
		out = append(out, s)
	}
	return out
}

// written reports whether a segment has a byte in from up to end.
func written(segments []segment, from, end uint64) bool {
	for _, s := range segments {
		if uint64(s.offset) < end && from < s.end() {
			return true
		}
	}
	return false
}

func appendSegments(b []byte, segments []segment) []byte {
	b = appendU32(b, uint32(len(segments)))
	for _, s := range segments {
		b = append(b, 0, opI32Const)
		b = appendS32(b, int32(s.offset))
		b = append(b, opEnd)
		b = appendU32(b, uint32(len(s.data)))
		b = append(b, s.data...)
	}
	return b
}
