package guest

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

// blobMessages are messages of one list of bytes. What is lowered has to be looked at in the scratch: addresses mean nothing off Wasm.
var blobMessages = messages{
	size: 8,
	lower: func(s *Scratch, r Record, v any) error {
		b, ok := v.(*[]byte)
		if !ok {
			return ErrType
		}
		s.PutBytes(r, 0, *b)
		return nil
	},
	gather: func(s *Stream, b *[]byte) bool {
		r, ok := s.Slot(8)
		if !ok {
			return false
		}
		s.Scratch().PutBytes(r, 0, *b)
		return s.Gather(r)
	},
}

func newBlobStream(t *testing.T) *Stream {
	useArena(t)
	oldError := statusError
	SetStatusError(func(st *Status) error { return statusText{st} })
	s := newStream(7, &blobMessages)
	t.Cleanup(func() {
		s.Close()
		SetStatusError(oldError)
	})
	return s
}

// Messages are gathered up to the limit that the host has set, as they were when they were sent.
func TestStream_gather(t *testing.T) {
	t.Run("any", func(t *testing.T) { testGather(t, false) })
	t.Run("typed", func(t *testing.T) { testGather(t, true) })
}

func testGather(t *testing.T, typed bool) {
	s := newBlobStream(t)
	buf := []byte("0123456789")
	send := func() error {
		if gather := GathererOf[[]byte](s); typed && gather(s, &buf) {
			return nil
		}
		return s.Send(t.Context(), &buf)
	}
	for range unaided { // which the host, of whom there is none, answers with the end
		if err := send(); err != ErrOver || s.outbox != nil {
			t.Fatalf("got %v, outbox %v", err, s.outbox)
		}
	}
	if err := send(); err != ErrOver || s.outbox == nil || s.outbox.n != 0 {
		t.Fatalf("got %v, outbox %v", err, s.outbox)
	}
	s.outbox.limit = 4
	for i := range 3 {
		buf[0] = byte('a' + i)
		if err := send(); err != nil || s.outbox.n != uint32(i+1) {
			t.Fatalf("got %v, %d are gathered", err, s.outbox.n)
		}
	}
	if control.outboxes != address(unsafe.Pointer(s.outbox)) || s.outbox.listed != 1 || s.outbox.next != 0 {
		t.Errorf("the host finds %x", control.outboxes)
	}
	words := s.scratch.words
	all := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), 8*len(words))
	for _, want := range []string{"a123456789", "b123456789", "c123456789"} {
		if !bytes.Contains(all, []byte(want)) {
			t.Errorf("typed %v: %q is not there any more", typed, want)
		}
	}
	if err := send(); err != ErrOver || s.outbox.n != 3 {
		t.Errorf("the host is not told at the limit: %v, %d", err, s.outbox.n)
	}
}

// What the host has to see at once is not gathered.
func TestStream_notGathered(t *testing.T) {
	large := make([]byte, heldBytes+1)
	small := []byte("small")
	for _, tt := range []struct {
		name string
		set  func(s *Stream)
		data []byte
	}{
		{"large", func(*Stream) {}, large},
		{"no room", func(s *Stream) { s.scratch.used, s.outbox.n = heldWords-1, 1 }, small},
		{"no room for the record", func(s *Stream) { s.scratch.used, s.outbox.n = heldWords, 1 }, small},
		{"full", func(s *Stream) { s.outbox.n, s.outbox.limit = outboxRoom, outboxRoom+10 }, small},
	} {
		s := newBlobStream(t)
		s.gather()
		s.outbox.limit = outboxRoom
		tt.set(s)
		before := s.outbox.n
		if err := s.Send(t.Context(), &tt.data); err != ErrOver || s.outbox.n != before {
			t.Errorf("%s: got %v, %d are gathered", tt.name, err, s.outbox.n)
		}
	}
	for name, set := range map[string]func(s *Stream){
		"closed": (*Stream).CloseSend,
		"sealed": (*Stream).Seal,
	} {
		s := newBlobStream(t)
		s.gather()
		s.outbox.limit = outboxRoom
		set(s)
		if GathererOf[[]byte](s)(s, &small) {
			t.Errorf("%s: a message is gathered", name)
		}
	}
	if s := newBlobStream(t); GathererOf[string](s) != nil || LifterOf[string](s) != nil {
		t.Error("there are functions for another type")
	}
}

// Values that are held are copies, but for large ones, and strings that may be refused are not to wait.
func TestScratch_hold(t *testing.T) {
	var s Scratch
	s.hold(heldWords)
	var words [4]uint64
	r := Record{unsafe.Pointer(&words)}
	for _, tt := range []struct {
		name  string
		put   func()
		loose bool
	}{
		{"nothing", func() { s.PutString(r, 0, ""); s.PutBytes(r, 8, nil); PutScalars(&s, r, 16, []int64(nil)) }, false},
		{"small", func() { s.PutString(r, 0, "é"); s.PutBytes(r, 8, []byte("b")); PutScalars(&s, r, 16, []int64{1, 2}) }, false},
		{"invalid", func() { s.PutString(r, 0, "\xff") }, true},
		{"large string", func() { s.PutString(r, 0, strings.Repeat("x", heldBytes+1)) }, true},
		{"large numbers", func() { PutScalars(&s, r, 0, make([]uint64, heldBytes/8+1)) }, true},
	} {
		s.reset()
		if tt.put(); s.isLoose() != tt.loose {
			t.Errorf("%s: loose %v", tt.name, s.isLoose())
		}
	}
	s.reset()
	src := []byte("source")
	at := s.used
	s.PutBytes(r, 0, src)
	src[0] = 'x'
	if copied := unsafe.Slice((*byte)(unsafe.Pointer(&s.words[at])), 6); string(copied) != "source" {
		t.Errorf("got %q", copied)
	}
	// What outgrows the region is not to wait either, and the region is used again.
	first := &s.words[0]
	for range heldWords/16 + 1 {
		s.Record(128)
	}
	if !s.isLoose() {
		t.Error("there is room for more than there is")
	}
	if s.reset(); &s.words[0] != first || s.isLoose() {
		t.Error("the region is lost")
	}
}

// What has been received may be lifted at once, and given back.
func TestStream_pending(t *testing.T) {
	s := newBlobStream(t)
	for i := range 5 {
		s.received[i] = uint32(100 + i)
	}
	s.next, s.n = 1, 5
	var got []uint32
	for range s.Pending() {
		got = append(got, s.Next().Address())
	}
	if !slices.Equal(got, []uint32{101, 102, 103, 104}) || s.Pending() != 0 {
		t.Errorf("got %v, and %d are left", got, s.Pending())
	}
	again := 2
	s.OnRecv(func() int { defer func() { again = 0 }(); return again })
	s.messages = &messages{size: 8, lift: func(r Record, v any) error { *v.(*uint32) = r.Address(); return nil }}
	for _, want := range []uint32{103, 104} {
		var at uint32
		if err := s.Recv(t.Context(), &at); err != nil || at != want {
			t.Errorf("got %d, %v, want %d", at, err, want)
		}
	}
	s.next = 4
	s.IsLarge = true
	if s.Pending() != 0 {
		t.Error("messages that may be too large are to be lifted together")
	}
	if s.IsLarge = false; s.IsSealed() || s.Pending() != 1 {
		t.Errorf("%d are left", s.Pending())
	}
	if s.Close(); !s.IsSealed() || s.Pending() != 0 {
		t.Error("messages of a closed stream are to be lifted")
	}
}
