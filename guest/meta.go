package guest

import "unsafe"

// Metadata crosses the boundary as a sequence of entries, each three little-endian 32-bit words (length of the key, length
// of the value, flags) followed by the key and the value, without padding.

const metaTrailer = 1 << 0 // flag of an entry: it belongs to the trailer

func appendMeta(b []byte, pairs []Pair, flags uint32) []byte {
	for _, p := range pairs {
		b = appendU32(b, uint32(len(p.Key)))
		b = appendU32(b, uint32(len(p.Value)))
		b = appendU32(b, flags)
		b = append(b, p.Key...)
		b = append(b, p.Value...)
	}
	return b
}

func appendU32(b []byte, v uint32) []byte {
	return append(b, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
}

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
