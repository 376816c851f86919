package guest

import (
	"unicode/utf8"
	"unsafe"
)

// frame is the memory of one record, used for one value after the other of the same type. It is zeroed once: a lower function
// sets all of a record but for padding, so nothing of the value before is left.
type frame struct {
	record Record
	words  []uint64
}

func newFrame(size uint32) frame {
	words := make([]uint64, (size+7)/8)
	return frame{Record{unsafe.Pointer(unsafe.SliceData(words))}, words}
}

func (f frame) clear() { clear(f.words) }

// Scratch holds the records of a value that is being lowered, until the host has copied it. Strings, bytes and lists of
// scalars are lowered in place and never enter it.
//
// Every call in progress has one of its own, because lowering may allocate, and allocating may switch goroutines.
type Scratch struct {
	words []uint64
	used  int
	// outgrown roots earlier regions that the value may still point into.
	outgrown [][]uint64
	err      error
	// holds says that values are to be kept for a while, in which the program may change what they were lowered from: so it is copied.
	// loose says that something was not, because it is large, or that the value may be refused.
	holds, loose bool
}

const (
	scratchWords = 64
	// What is larger than this is not kept for the next call: one large message must not cost its memory for good.
	keptWords = 1 << 20 / 8
)

// reset makes the whole scratch free again.
func (s *Scratch) reset() {
	s.used = 0
	s.loose = false
	if s.holds && s.outgrown != nil {
		s.words = s.outgrown[0]
	}
	if s.outgrown != nil {
		s.outgrown = nil
	}
	if len(s.words) > keptWords {
		s.words = nil
	}
}

// take returns n words, the contents of which are left over from before.
func (s *Scratch) take(n int) []uint64 {
	if s.used+n > len(s.words) {
		if s.used > 0 {
			s.outgrown = append(s.outgrown, s.words)
		}
		s.words = make([]uint64, max(2*len(s.words), n, scratchWords))
		s.used = 0
	}
	w := s.words[s.used : s.used+n]
	s.used += n
	return w
}

// Record returns a zeroed record of size bytes, aligned to 8.
func (s *Scratch) Record(size uintptr) Record {
	w := s.take(int((size + 7) / 8))
	clear(w)
	return Record{unsafe.Pointer(unsafe.SliceData(w))}
}

// slot is Record for the record of a whole message, which is not cleared: all of it but for padding is stored.
func (s *Scratch) slot(size uintptr) Record {
	n := int((size + 7) / 8)
	if s.used+n > len(s.words) {
		return Record{unsafe.Pointer(unsafe.SliceData(s.take(n)))}
	}
	r := Record{unsafe.Pointer(&s.words[s.used])}
	s.used += n
	return r
}

// Bytes returns an empty slice with room for n bytes.
func (s *Scratch) Bytes(n int) []byte {
	w := s.take((n + 7) / 8)
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(w))), n)[:0]
}

// hold makes lowered values independent of what they were lowered from, in n words.
func (s *Scratch) hold(n int) { s.words, s.used, s.holds = make([]uint64, n), 0, true }

// isLoose reports whether a value must be sent at once, or there is no room for another.
func (s *Scratch) isLoose() bool { return s.loose || s.outgrown != nil }

// PutString lowers v as [Record.PutString] does, or copies it.
func (s *Scratch) PutString(r Record, off uintptr, v string) {
	r.PutString(off, v)
	if s.holds && len(v) > 0 {
		s.holdString(r, off, v)
	}
}

// PutBytes lowers v as [Record.PutBytes] does, or copies it.
func (s *Scratch) PutBytes(r Record, off uintptr, v []byte) {
	r.PutBytes(off, v)
	if s.holds && len(v) > 0 {
		s.holdList(r, off, unsafe.Pointer(&v[0]), uintptr(len(v)))
	}
}

// PutScalars lowers v as [PutList] does, or copies it.
func PutScalars[T Scalar](s *Scratch, r Record, off uintptr, v []T) {
	PutList(r, off, v)
	if s.holds && len(v) > 0 {
		s.holdList(r, off, unsafe.Pointer(&v[0]), uintptr(len(v))*unsafe.Sizeof(v[0]))
	}
}

func (s *Scratch) holdString(r Record, off uintptr, v string) {
	s.holdList(r, off, unsafe.Pointer(unsafe.StringData(v)), uintptr(len(v)))
	// The host has to say what is wrong with it.
	s.loose = s.loose || !utf8.ValidString(v)
}

// holdList makes the list at an offset, whose elements take n bytes from p on, refer to a copy, unless it is large.
func (s *Scratch) holdList(r Record, off uintptr, p unsafe.Pointer, n uintptr) {
	end := s.used + int(n+7)/8
	if n > heldBytes || end > len(s.words) {
		s.loose = true
		return
	}
	to := unsafe.Pointer(&s.words[s.used])
	s.used = end
	// Not unsafe.Slice, which calls a function to check the size.
	copy((*[heldBytes]byte)(to)[:n], (*[heldBytes]byte)(p)[:n])
	*(*uint32)(r.ptr(off)) = address(to)
}

// Fail notes that the value cannot be lowered. The first error counts.
func (s *Scratch) Fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// TakeError returns the error that was noted, once.
func (s *Scratch) TakeError() error {
	err := s.err
	s.err = nil
	return err
}
