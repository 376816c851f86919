package guest

import (
	"encoding/binary"
	"slices"
	"unsafe"
)

// Metadata crosses the boundary as a sequence of entries, each three little-endian 32-bit words (length of the key, length
// of the value, flags) followed by the key and the value, without padding.

const metaTrailer = 1 << 0 // flag of an entry: it belongs to the trailer

const entryHead = 12 // bytes

func appendMeta(b []byte, pairs []Pair, flags uint32) []byte {
	for i := range pairs {
		b = appendEntry(b, pairs[i].Key, pairs[i].Value, flags)
	}
	return b
}

func appendEntry(b []byte, key, value string, flags uint32) []byte {
	n := len(b)
	b = slices.Grow(b, entryHead+len(key)+len(value))[:n+entryHead+len(key)+len(value)]
	e := b[n:]
	binary.LittleEndian.PutUint32(e, uint32(len(key)))
	binary.LittleEndian.PutUint32(e[4:], uint32(len(value)))
	binary.LittleEndian.PutUint32(e[8:], flags)
	copy(e[entryHead:], key)
	copy(e[entryHead+len(key):], value)
	return b
}

// AppendPair appends a pair to [ClientCall.Encoded].
func AppendPair(b []byte, key, value string) []byte { return appendEntry(b, key, value, 0) }

func getU32(b []byte) uint32 {
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}

// parseMeta copies the entries out of b, which the host wrote and which is therefore well formed.
func parseMeta(b []byte) (header, trailer []Pair) {
	for len(b) >= 12 {
		k, v, flags := int(getU32(b)), int(getU32(b[4:])), getU32(b[8:])
		b = b[12:]
		p := Pair{string(b[:k]), string(b[k : k+v])}
		b = b[k+v:]
		if flags&metaTrailer != 0 {
			trailer = append(trailer, p)
		} else {
			header = append(header, p)
		}
	}
	return header, trailer
}

// inboundBytes are the n bytes at an address in the inbound arena.
func inboundBytes(addr, n uint32) []byte {
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(pointer(addr)), int(n))
}
