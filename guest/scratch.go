package guest

import "unsafe"

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
}

const (
	scratchWords = 64
	// What is larger than this is not kept for the next call: one large message must not cost its memory for good.
	keptWords = 1 << 20 / 8
)

// reset makes the whole scratch free again.
func (s *Scratch) reset() {
	s.used = 0
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

// Bytes returns an empty slice with room for n bytes.
func (s *Scratch) Bytes(n int) []byte {
	w := s.take((n + 7) / 8)
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(w))), n)[:0]
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
