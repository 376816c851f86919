// Package mem stands in for google.golang.org/grpc/mem in a guest: buffers with reference counts, which codecs of type
// encoding.CodecV2 exchange.
//
// Calls between guests are not encoded and use none of this; codecs that are called otherwise work. buffer.go has one buffer,
// slice.go several in a row, reader.go how to read these, and pool.go where buffers come from.
package mem

import (
	"fmt"
	"sync/atomic"
)

// poolingThreshold is the size up to which memory is cheaper to allocate than to reuse.
const poolingThreshold = 1 << 10

// IsBelowBufferPoolingThreshold reports whether buffers of a size come from no pool.
func IsBelowBufferPoolingThreshold(size int) bool { return size <= poolingThreshold }

// Buffer is a reference to bytes. It belongs to one goroutine; others get references of their own by Ref. Using a buffer that
// was freed panics. [SliceBuffer] is one; [NewBuffer] and [Copy] make others.
type Buffer interface {
	// ReadOnlyData returns the bytes, which must not be changed.
	ReadOnlyData() []byte
	// Ref adds a reference.
	Ref()
	// Free drops a reference. With the last one the memory goes back to its pool.
	Free()
	// Len returns the number of bytes.
	Len() int
	// Slice returns a reference to the bytes [start, end). It panics if these are out of range.
	Slice(start, end int) Buffer

	// split makes the receiver its first n bytes, and right the rest.
	split(n int) (left, right Buffer)
	// read moves bytes to dst. rest is nil when all are read.
	read(dst []byte) (n int, rest Buffer)
}

// NewBuffer returns a buffer that consists of data, with one reference. After the last one data goes back to the pool, unless
// that is nil or data too small for a pool.
func NewBuffer(data *[]byte, pool BufferPool) Buffer {
	// The capacity counts: a large piece of memory is worth reusing however little is in it.
	if pool == nil || IsBelowBufferPoolingThreshold(cap(*data)) {
		return SliceBuffer(*data)
	}
	v := &view{data: *data, memory: &memory{data, pool, atomic.Int32{}}}
	v.memory.views.Store(1)
	v.refs.Store(1)
	return v
}

// Copy returns a buffer with a copy of data, with one reference, in memory from the pool.
func Copy(data []byte, pool BufferPool) Buffer {
	if IsBelowBufferPoolingThreshold(len(data)) {
		return SliceBuffer(append(make([]byte, 0, len(data)), data...))
	}
	buf := pool.Get(len(data))
	copy(*buf, data)
	return NewBuffer(buf, pool)
}

// ReadUnsafe moves bytes from a buffer to dst. It returns their number and the buffer of what is left, nil for nothing. buf
// must not be used any more.
func ReadUnsafe(dst []byte, buf Buffer) (int, Buffer) { return buf.read(dst) }

// SplitUnsafe makes buf its first n bytes, and returns it and a buffer of the rest.
func SplitUnsafe(buf Buffer, n int) (left, right Buffer) { return buf.split(n) }

// memory is what views share: it goes back to the pool after the last one.
type memory struct {
	data  *[]byte
	pool  BufferPool
	views atomic.Int32
}

// view is a [Buffer] of a part of some memory.
type view struct {
	data   []byte
	memory *memory // nil once freed
	refs   atomic.Int32
}

// use panics if v was freed.
func (v *view) use(verb string) {
	if v.memory == nil {
		panic("Cannot " + verb + " freed buffer")
	}
}

func (v *view) ReadOnlyData() []byte {
	v.use("read")
	return v.data
}

func (v *view) Len() int { return len(v.ReadOnlyData()) }

func (v *view) Ref() {
	if v.refs.Add(1) <= 1 {
		panic("Cannot ref freed buffer")
	}
}

func (v *view) Free() {
	refs := v.refs.Add(-1)
	if refs < 0 {
		panic("Cannot free freed buffer")
	}
	if refs > 0 {
		return
	}
	m := v.memory
	v.data, v.memory = nil, nil
	if m.views.Add(-1) == 0 {
		m.pool.Put(m.data)
	}
}

// part returns a view of some bytes of v.
func (v *view) part(data []byte) *view {
	v.memory.views.Add(1)
	p := &view{data: data, memory: v.memory}
	p.refs.Store(1)
	return p
}

func (v *view) Slice(start, end int) Buffer {
	v.use("slice")
	switch data := v.data[start:end]; len(data) {
	case 0:
		return empty{}
	case len(v.data):
		v.Ref()
		return v
	default:
		return v.part(data)
	}
}

func (v *view) split(n int) (left, right Buffer) {
	v.use("split")
	right = v.part(v.data[n:])
	v.data = v.data[:n]
	return v, right
}

func (v *view) read(dst []byte) (int, Buffer) {
	v.use("read")
	n := copy(dst, v.data)
	if n == len(v.data) {
		v.Free()
		return n, nil
	}
	v.data = v.data[n:]
	return n, v
}

// String is for logs.
func (v *view) String() string {
	return fmt.Sprintf("mem.Buffer(%p, data: %p, length: %d)", v, v.ReadOnlyData(), v.Len())
}

// SliceBuffer is a [Buffer] that the collector frees. References to it are not counted.
type SliceBuffer []byte

// ReadOnlyData returns s.
func (s SliceBuffer) ReadOnlyData() []byte { return s }

// Ref does nothing.
func (s SliceBuffer) Ref() {}

// Free does nothing.
func (s SliceBuffer) Free() {}

// Len returns the number of bytes.
func (s SliceBuffer) Len() int { return len(s) }

// Slice returns the bytes [start, end).
func (s SliceBuffer) Slice(start, end int) Buffer { return s[start:end] }

func (s SliceBuffer) split(n int) (left, right Buffer) { return s[:n], s[n:] }

func (s SliceBuffer) read(dst []byte) (int, Buffer) {
	n := copy(dst, s)
	if n == len(s) {
		return n, nil
	}
	return n, s[n:]
}

// empty is a [Buffer] of nothing.
type empty struct{}

func (empty) ReadOnlyData() []byte { return nil }
func (empty) Ref()                 {}
func (empty) Free()                {}
func (empty) Len() int             { return 0 }

func (empty) Slice(start, end int) Buffer {
	if start != 0 || end != 0 {
		panic(fmt.Sprintf("slice bounds out of range [%d:%d] with length 0", start, end))
	}
	return empty{}
}

func (empty) split(int) (left, right Buffer) { return empty{}, empty{} }
func (empty) read([]byte) (int, Buffer)      { return 0, empty{} }
