package wasmopt

import (
	"errors"
	"fmt"
)

var errTruncated = errors.New("wasmopt: module ends too early")

// reader reads the binary format. (WebAssembly Core Specification, section 5.) After an error all reads are zero.
type reader struct {
	b   []byte
	at  int
	err error
}

func (r *reader) more() bool { return r.err == nil && r.at < len(r.b) }

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *reader) byte() byte {
	if r.err != nil || r.at >= len(r.b) {
		r.fail(errTruncated)
		return 0
	}
	r.at++
	return r.b[r.at-1]
}

// bytes returns the next n bytes, which are not copied.
func (r *reader) bytes(n uint32) []byte {
	if r.err != nil || uint64(n) > uint64(len(r.b)-r.at) {
		r.fail(errTruncated)
		return nil
	}
	r.at += int(n)
	return r.b[r.at-int(n) : r.at : r.at]
}

func (r *reader) u32() uint32 {
	v := r.leb(5)
	if v > 1<<32-1 {
		r.fail(fmt.Errorf("wasmopt: integer at %d is too large", r.at))
	}
	return uint32(v)
}

// s32 reads a signed integer of up to 33 bits.
func (r *reader) s32() int64 {
	from := r.at
	v := r.leb(5)
	shift := 64 - 7*uint(r.at-from)
	return int64(v<<shift) >> shift
}

// leb reads the bits of a LEB128 integer of at most limit bytes.
func (r *reader) leb(limit int) uint64 {
	var v uint64
	for i := range limit {
		c := r.byte()
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			return v
		}
	}
	r.fail(fmt.Errorf("wasmopt: integer at %d is too long", r.at))
	return 0
}

func appendU32(b []byte, v uint32) []byte {
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}

func appendS32(b []byte, v int32) []byte {
	for v > 0x3f || v < -0x40 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v)&0x7f)
}
