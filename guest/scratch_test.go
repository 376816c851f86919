package guest

import (
	"errors"
	"testing"
	"unsafe"
)

func TestScratch(t *testing.T) {
	var s Scratch
	first := s.Record(24)
	first.PutU64(16, 7)
	b := s.Bytes(9)
	if len(b) != 0 || cap(b) != 9 {
		t.Errorf("Bytes(9) has length %d and capacity %d", len(b), cap(b))
	}
	if at := uintptr(unsafe.Pointer(unsafe.SliceData(b))); at%8 != 0 || at < uintptr(first.p)+24 {
		t.Errorf("bytes at %x after a record at %p", at, first.p)
	}
	b = append(b, "123456789"...)
	next := s.Record(8)
	next.PutU64(0, 1)
	if string(b) != "123456789" || first.U64(16) != 7 {
		t.Error("records and bytes overlap")
	}
	s.Record(8 * scratchWords)
	if s.outgrown == nil || first.U64(16) != 7 {
		t.Error("a region that was outgrown is not kept")
	}
	s.reset()
	if s.outgrown != nil || s.used != 0 {
		t.Error("reset keeps memory that is in use")
	}
	if r := s.Record(24); r.U64(16) != 0 {
		t.Error("a record has contents of the one before")
	}
	s.Bytes(8*keptWords + 1)
	s.reset()
	if s.words != nil {
		t.Error("reset keeps the memory of a large message")
	}
}

func TestScratch_Fail(t *testing.T) {
	var s Scratch
	if err := s.TakeError(); err != nil {
		t.Errorf("a new one has error %v", err)
	}
	one := errors.New("one")
	s.Fail(one)
	s.Fail(errors.New("two"))
	if err := s.TakeError(); err != one {
		t.Errorf("got %v, want the first error", err)
	}
	if err := s.TakeError(); err != nil {
		t.Errorf("an error was taken twice: %v", err)
	}
}
