package mem

import (
	"errors"
	"io"
)

// Reader reads a [BufferSlice], to whose buffers it has references of its own. It frees each buffer when it has read it. The
// zero value has nothing to read.
type Reader struct {
	data BufferSlice // what has not been read completely
	off  int         // what has been read of data[0]
	rest int         // bytes that have not been read
}

var errInsufficient = errors.New("insufficient bytes in reader")

// Reader returns a reader of s.
func (s BufferSlice) Reader() *Reader {
	r := new(Reader)
	r.Reset(s)
	return r
}

// Reset makes r read s.
func (r *Reader) Reset(s BufferSlice) {
	r.data.Free()
	s.Ref()
	*r = Reader{data: s, rest: s.Len()}
}

// Close frees what was not read. It returns nil.
func (r *Reader) Close() error {
	r.data.Free()
	*r = Reader{}
	return nil
}

// Remaining returns the number of bytes that were not read.
func (r *Reader) Remaining() int { return r.rest }

// next returns what has not been read of the first buffer that is not empty, nil at the end.
func (r *Reader) next() []byte {
	if r.rest == 0 {
		return nil
	}
	for r.data[0].Len() == r.off {
		r.drop()
	}
	return r.data[0].ReadOnlyData()[r.off:]
}

func (r *Reader) drop() {
	r.data[0].Free()
	r.data, r.off = r.data[1:], 0
}

// advance skips n bytes of the first buffer.
func (r *Reader) advance(n int) {
	r.off += n
	r.rest -= n
	if r.data[0].Len() == r.off {
		r.drop()
	}
}

// Read implements io.Reader.
func (r *Reader) Read(buf []byte) (n int, _ error) {
	if r.rest == 0 {
		return 0, io.EOF
	}
	for n < len(buf) && r.rest > 0 {
		k := copy(buf[n:], r.next())
		r.advance(k)
		n += k
	}
	return n, nil
}

// ReadByte implements io.ByteReader.
func (r *Reader) ReadByte() (byte, error) {
	data := r.next()
	if data == nil {
		return 0, io.EOF
	}
	b := data[0]
	r.advance(1)
	return b, nil
}

// Discard skips n bytes. It returns how many it skipped, with an error if these are fewer.
func (r *Reader) Discard(n int) (discarded int, err error) {
	for discarded < n && r.rest > 0 {
		k := min(n-discarded, len(r.next()))
		r.advance(k)
		discarded += k
	}
	if discarded < n {
		return discarded, errInsufficient
	}
	return discarded, nil
}

// Peek appends the next n bytes to res, in pieces that are valid until r has passed them. It returns an error if there are
// fewer.
func (r *Reader) Peek(n int, res [][]byte) ([][]byte, error) {
	off := r.off
	for _, b := range r.data {
		if n <= 0 {
			break
		}
		data := b.ReadOnlyData()[off:]
		off = 0
		if data = data[:min(n, len(data))]; len(data) > 0 {
			res = append(res, data)
			n -= len(data)
		}
	}
	if n > 0 {
		return nil, errInsufficient
	}
	return res, nil
}
