package guest

import (
	"runtime"
	"unsafe"
)

// outbox gathers messages that have been sent on a stream, until the host takes them: an import for each would cost more than all else
// that sending takes. The host does so when told by an import, and whenever it has the guest's thread, so that no message is
// left behind while nothing happens.
//
// The host may empty outboxes where a loop of the guest lets it look. So there is no loop, nor a call, between reading and writing the
// fields of one.
//
// Its layout is part of the ABI, as that of the control block is.
type outbox struct {
	next   uint32 // the address of the next one in the list of those that are not empty
	stream uint32
	n      uint32 // how many messages there are; reset by the host
	limit  uint32 // with how many, the last one included, the host is to be told; set by the host
	listed uint32 // not 0 if it is in the list; reset by the host
	at     [outboxRoom]uint32
}

const (
	outboxRoom = 32
	// unaided is how many messages are sent without an outbox, which costs memory.
	unaided = 4
	// heldWords is how much memory gathered messages take at most, and heldBytes how large a list in one of them may be. What is larger is
	// not worth a copy.
	heldWords = 8 << 10 / 8
	heldBytes = 2 << 10
)

// gather makes the stream gather messages from now on.
func (s *Stream) gather() {
	o := &outbox{stream: s.id, limit: 1}
	s.scratch.reset()
	s.scratch.hold(heldWords)
	s.outbox = o
	hostOutbox(s.id, o)
}

// add adds a message that was lowered. It reports whether it has: if not, the message is to be sent at once, with those that have been
// gathered.
func (o *outbox) add(r Record, s *Scratch) bool {
	if o.n+1 >= o.limit || o.n >= outboxRoom || s.isLoose() {
		return false
	}
	o.at[o.n] = r.Address()
	o.n++
	if o.listed == 0 {
		o.listed = 1
		o.next = control.outboxes
		control.outboxes = address(unsafe.Pointer(o))
	}
	return true
}

// Slot begins to gather a message, whose record has size bytes, and reports whether it may be gathered. If not, it is to be sent with
// [Stream.Send].
func (s *Stream) Slot(size uintptr) (Record, bool) {
	o := s.outbox
	if o == nil || o.n+1 >= o.limit || s.sealed || s.closed {
		return Record{}, false
	}
	c := &s.scratch
	if o.n == 0 {
		c.reset()
	}
	// Written out: Scratch.slot would be a call.
	end := c.used + int(size+7)/8
	if end > len(c.words) {
		return Record{}, false
	}
	r := Record{unsafe.Pointer(&c.words[c.used])}
	c.used = end
	return r, true
}

// Scratch is for what does not fit in the record of a message that is gathered.
func (s *Stream) Scratch() *Scratch { return &s.scratch }

// Gather ends what Slot has begun. It reports whether the message is gathered. If not, it is to be sent with [Stream.Send].
func (s *Stream) Gather(r Record) bool { return s.outbox.add(r, &s.scratch) }

// GathererOf returns the function that sends messages of type T on s by gathering them, and reports whether it has, or nil. Those
// that it has not are to be sent with [Stream.Send], which knows what is the matter.
func GathererOf[T any](s *Stream) func(*Stream, *T) bool {
	f, _ := s.messages.gather.(func(*Stream, *T) bool)
	return f
}

// LifterOf returns the function that lifts the messages of type T that have been received on s, or nil.
func LifterOf[T any](s *Stream) func(*Stream) []T {
	f, _ := s.messages.liftAll.(func(*Stream) []T)
	return f
}

// Pending is how many messages have been received and not been lifted. They are small.
func (s *Stream) Pending() int {
	if s.IsLarge || s.sealed {
		return 0
	}
	return s.n - s.next
}

// Next is the record of the next of them.
func (s *Stream) Next() Record {
	r := Record{pointer(s.received[s.next])}
	s.next++
	return r
}

// OnRecv has Recv ask how many of the messages that were lifted last are to be received again.
func (s *Stream) OnRecv(unread func() int) { s.unread = unread }

// Seal makes Slot and Pending refer to Send and Recv.
func (s *Stream) Seal() { s.sealed = true }

// IsSealed says whether Seal or Close has been called.
func (s *Stream) IsSealed() bool { return s.sealed }

// takeTurn lets the runtime's own goroutines run now and then, for the reason that ServerCall.prepare does.
func takeTurn() {
	if arena.turn--; arena.turn < 0 {
		arena.turn = callsPerTurn
		runtime.Gosched()
	}
}
