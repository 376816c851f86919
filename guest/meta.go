package guest

import (
	"encoding/binary"
	"errors"
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

// AppendPairs appends pairs of a header, or of a trailer, in the form in which metadata travels.
func AppendPairs(b []byte, pairs []Pair, trailer bool) []byte {
	if trailer {
		return appendMeta(b, pairs, metaTrailer)
	}
	return appendMeta(b, pairs, 0)
}

var errPairs = errors.New("malformed metadata")

// CheckPairs reports what is wrong with metadata that somebody has sent who may be up to anything. [ParsePairs] takes it apart.
func CheckPairs(b []byte) error {
	_, _, err := countPairs(b)
	return err
}

// countPairs returns how many entries there are of each kind.
func countPairs(b []byte) (header, trailer int, err error) {
	for len(b) > 0 {
		if len(b) < entryHead {
			return 0, 0, errPairs
		}
		k, v, flags := uint64(getU32(b)), uint64(getU32(b[4:])), getU32(b[8:])
		b = b[entryHead:]
		if k == 0 || k+v > uint64(len(b)) {
			return 0, 0, errPairs
		}
		b = b[k+v:]
		switch flags {
		case 0:
			header++
		case metaTrailer:
			trailer++
		default:
			return 0, 0, errPairs
		}
	}
	return header, trailer, nil
}

// ParsePairs is the opposite of [AppendPairs], for bytes that somebody has sent who may be up to anything. What it returns is a copy.
func ParsePairs(b []byte) (header, trailer []Pair, err error) {
	headers, trailers, err := countPairs(b)
	if err != nil || headers+trailers == 0 {
		return nil, nil, err
	}
	text := string(b)
	pairs := make([]Pair, headers+trailers)
	header, trailer = pairs[:0:headers], pairs[headers:headers]
	for len(text) > 0 {
		k, v, flags := int(getU32(b)), int(getU32(b[4:])), getU32(b[8:])
		p := Pair{text[entryHead : entryHead+k], text[entryHead+k : entryHead+k+v]}
		b, text = b[entryHead+k+v:], text[entryHead+k+v:]
		if flags == metaTrailer {
			trailer = append(trailer, p)
		} else {
			header = append(header, p)
		}
	}
	return header, trailer, nil
}

func getU32(b []byte) uint32 {
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}

// parseMeta copies the entries out of b, which the host wrote and which is therefore well formed.
func parseMeta(b []byte) (header, trailer []Pair) {
	for len(b) >= entryHead {
		k, v, flags := int(getU32(b)), int(getU32(b[4:])), getU32(b[8:])
		b = b[entryHead:]
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
