package host

import (
	"encoding/binary"
	"time"

	"github.com/cofaas/cofaas/host/internal/link"
)

// An import for every message costs a guest more than all else that it does to send one. So a guest gathers messages in its own memory, in
// an outbox for each stream that is busy, and the host takes all of them at once: when as many are gathered as it has allowed, and
// whenever it has the guest's thread: when nothing in the guest can run, when an export returns, when the guest calls or receives,
// and when a loop has run for a while. How many may be gathered follows from the pace at which they come, so that nobody waits for long:
// one message on a stream that is not busy.

// outbox is about the outbox of an end.
type outbox struct {
	// at is its address, 0 for none.
	at uint32
	// limit is what the guest was told last.
	limit uint32
	// sent is when messages were taken last.
	sent time.Time
}

// The layout of an outbox; package guest declares it.
const (
	outboxNext   = 0  // the address of the next outbox in the list of those with messages
	outboxStream = 4  // whose it is
	outboxLen    = 8  // how many messages are gathered
	outboxLimit  = 12 // with how many of them, the last one included, they are to be sent; set by the host
	outboxListed = 16 // not 0 if it is in the list; reset by the host
	outboxAt     = 20 // the addresses of the records
	outboxRoom   = 32 // how many there can be
	outboxSize   = outboxAt + 4*outboxRoom
)

// gatherTime is for how long messages may be gathered, at the pace at which the last ones came.
const gatherTime = 16 * time.Microsecond

var (
	errOutbox     = &link.BadValueError{Problem: "an outbox is out of bounds or says of itself what cannot be"}
	errOutboxList = &link.BadValueError{Problem: "the list of outboxes does not end, or has one that is not known"}
)

// setOutbox is told where the outbox of an end is.
func (e *streamEnd) setOutbox(at uint32) error {
	if at == 0 || at&3 != 0 {
		return errOutbox
	}
	if _, err := e.inst.read(uint64(at), outboxSize); err != nil {
		return err
	}
	e.outbox = outbox{at: at}
	return e.setLimit(1)
}

func (e *streamEnd) setLimit(n uint32) error {
	if e.outbox.limit == n {
		return nil
	}
	e.outbox.limit = n
	b, err := e.inst.read(uint64(e.outbox.at), outboxSize)
	if err == nil {
		binary.LittleEndian.PutUint32(b[outboxLimit:], n)
	}
	return err
}

// pace takes note that messages were sent in an import, and lets the guest gather as many as come in a short time.
func (e *streamEnd) pace(n, state int) {
	o := &e.outbox
	if o.at == 0 || e.isWire() || e.inst.fn.host.opts.MaxMessage < batchBytes {
		return // whether a message can be sent has to be known at once
	}
	if state != streamDone {
		o.sent = time.Time{} // what the sender waits does not count
		if state != streamBlocked {
			_ = e.setLimit(1) // so that it hears each time that the call is over
		}
		return
	}
	now := time.Now()
	limit := uint32(1)
	if !o.sent.IsZero() {
		each := max(now.Sub(o.sent)/time.Duration(n), 1)
		limit = uint32(max(min(gatherTime/each, outboxRoom), 1))
	}
	o.sent = now
	_ = e.setLimit(limit) // It was in bounds, and memories do not shrink.
}

// takeGathered empties the outbox of an end and returns the addresses of the messages in it.
func (e *streamEnd) takeGathered() ([]byte, error) {
	if e.outbox.at == 0 {
		return nil, nil
	}
	b, err := e.inst.read(uint64(e.outbox.at), outboxSize)
	if err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(b[outboxLen:])
	if n > outboxRoom || n > 0 && e.isWire() {
		return nil, errOutbox
	}
	binary.LittleEndian.PutUint32(b[outboxLen:], 0)
	return b[outboxAt:][:4*n], nil
}

// fill adds gathered messages to a parcel. They stay what they are: the guest does not run meanwhile.
func (e *streamEnd) fill(p *parcel, gathered []byte) error {
	mem, limit := e.inst.Bytes(), e.inst.fn.host.opts.MaxMessage
	for ; len(gathered) > 0; gathered = gathered[4:] {
		if err := p.records.Add(e.send.plan, mem, binary.LittleEndian.Uint32(gathered), limit); err != nil {
			return err
		}
	}
	p.size = p.records.Size()
	return nil
}

// sendGathered sends what the guest has gathered in all outboxes, whose thread the host has. An error is the guest's fault.
func (i *instance) sendGathered() error {
	c := i.block(i.Bytes())
	if c == nil || c.u32(controlOutboxes) == 0 {
		return nil
	}
	at := c.u32(controlOutboxes)
	c.putU32(controlOutboxes, 0)
	for left := len(i.ends); at != 0; left-- {
		b, err := i.read(uint64(at), outboxSize)
		if err != nil {
			return err
		}
		e := i.ends[binary.LittleEndian.Uint32(b[outboxStream:])]
		if left == 0 || e == nil || e.outbox.at != at {
			return errOutboxList
		}
		at = binary.LittleEndian.Uint32(b[outboxNext:])
		binary.LittleEndian.PutUint32(b[outboxListed:], 0)
		if err := e.sendAll(); err != nil {
			return err
		}
	}
	return nil
}

// sendAll sends what is gathered in the outbox of an end, if the window is full, too: it is little, and the guest has to wait with
// the next message.
func (e *streamEnd) sendAll() error {
	gathered, err := e.takeGathered()
	if err != nil || len(gathered) == 0 {
		return err
	}
	s := e.stream
	s.mu.Lock()
	p := e.out.empty()
	s.mu.Unlock()
	err = e.fill(p, gathered)
	if p.size > 0 {
		s.put(e.out, p)
	}
	e.outbox.sent = time.Time{}
	if err == nil && s.isOver() {
		err = e.setLimit(1) // so that the guest hears of it with the next message
	}
	return err
}

// isOver says that nobody takes messages any more.
func (s *stream) isOver() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended || s.cancelled
}
