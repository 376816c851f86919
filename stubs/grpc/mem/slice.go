package mem

import "io"

// BufferSlice is data in several buffers. len is their number, [BufferSlice.Len] that of the bytes. It must not be changed, and
// panics when used after a buffer of it was freed.
type BufferSlice []Buffer

// Len returns the number of bytes.
func (s BufferSlice) Len() int {
	n := 0
	for _, b := range s {
		n += b.Len()
	}
	return n
}

// Ref adds a reference to each buffer.
func (s BufferSlice) Ref() {
	for _, b := range s {
		b.Ref()
	}
}

// Free drops a reference to each buffer.
func (s BufferSlice) Free() {
	for _, b := range s {
		b.Free()
	}
}

// CopyTo copies as many bytes as fit into dst, and returns their number.
func (s BufferSlice) CopyTo(dst []byte) int {
	n := 0
	for _, b := range s {
		n += copy(dst[n:], b.ReadOnlyData())
	}
	return n
}

// Materialize returns a copy of all bytes, nil if there are none.
func (s BufferSlice) Materialize() []byte {
	n := s.Len()
	if n == 0 {
		return nil
	}
	data := make([]byte, n)
	s.CopyTo(data)
	return data
}

// MaterializeToBuffer returns all bytes in one buffer, to be freed beside s. It copies unless s has just one.
func (s BufferSlice) MaterializeToBuffer(pool BufferPool) Buffer {
	if len(s) == 1 {
		s[0].Ref()
		return s[0]
	}
	n := s.Len()
	if n == 0 {
		return empty{}
	}
	buf := pool.Get(n)
	s.CopyTo(*buf)
	return NewBuffer(buf, pool)
}

// NewWriter returns a writer that appends a buffer with a copy, in memory from the pool, for each Write.
func NewWriter(buffers *BufferSlice, pool BufferPool) io.Writer { return &writer{buffers, pool} }

type writer struct {
	buffers *BufferSlice
	pool    BufferPool
}

func (w *writer) Write(p []byte) (int, error) {
	*w.buffers = append(*w.buffers, Copy(p, w.pool))
	return len(p), nil
}

// readAllSize is how much is read at once, as in io.Copy.
const readAllSize = 32 << 10

// ReadAll reads until io.EOF, which is no error, or another one, with which it returns what it has read. Whoever calls frees
// that in either case.
func ReadAll(r io.Reader, pool BufferPool) (BufferSlice, error) {
	var data BufferSlice
	if w, ok := r.(io.WriterTo); ok {
		_, err := w.WriteTo(NewWriter(&data, pool))
		return data, err
	}
	for {
		buf := pool.Get(readAllSize)
		*buf = (*buf)[:cap(*buf)]
		n, err := fill(r, *buf)
		if n == 0 {
			pool.Put(buf)
		} else {
			*buf = (*buf)[:n]
			data = append(data, NewBuffer(buf, pool))
		}
		switch err {
		case nil:
		case io.EOF:
			return data, nil
		default:
			return data, err
		}
	}
}

// fill reads until buf is full or there is an error.
func fill(r io.Reader, buf []byte) (n int, err error) {
	for n < len(buf) && err == nil {
		var k int
		k, err = r.Read(buf[n:])
		n += k
	}
	return n, err
}
