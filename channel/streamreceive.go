package channel

import "encoding/binary"

// receive takes a frame of a stream.
func (s *Stream) receive(h header, a, b []byte) error {
	switch h.kind {
	case kindMessage:
		if s.left > 0 || s.part.left() > 0 || (h.size == 0 && h.total > 0) || !s.allowed(h) {
			return violation("a message of %d bytes in stream %d, where it is not allowed", h.total, s.id)
		}
		return s.receiveMessage(h, a, b)
	case kindMore:
		if s.part.left() > 0 {
			if h.size == 0 || int(h.size) > s.part.left() {
				return violation("a frame of %d bytes in stream %d, of which %d are left", h.size, s.id, s.part.left())
			}
			return s.receivePart(h, a, b)
		}
		if h.size == 0 || h.total != s.left {
			return violation("a frame with %d of %d bytes in stream %d, where %d are left", h.size, h.total, s.id, s.left)
		}
		return s.receiveMessage(h, a, b)
	case kindHeader, kindEnd:
		if s.part.left() > 0 || uint64(h.total) > outcomeHead+uint64(s.c.limits.Load().metadata) || (h.size == 0 && h.total > 0) ||
			(h.kind == kindHeader && (s.left > 0 || s.partKind == kindHeader)) {
			return violation("a frame of kind %d and %d bytes in stream %d, where it is not allowed", h.kind, h.total, s.id)
		}
		s.left = 0
		s.partKind = h.kind
		s.part.begin(int(h.total))
		return s.receivePart(h, a, b)
	case kindCredit:
		return s.receiveCredit(h, a, b)
	case kindCloseSend:
		if h.total > 0 || s.left > 0 {
			return violation("the end of stream %d in the middle of a message", s.id)
		}
		s.mu.Lock()
		s.recvClosed = true
		s.received.fire(s.c.pipe)
		s.mu.Unlock()
		return nil
	}
	return violation("a frame of kind %d in stream %d", h.kind, s.id)
}

// allowed checks the size of a message that begins.
func (s *Stream) allowed(h header) bool {
	if h.flags&flagTooLarge != 0 {
		return h.total == 8 && h.size == 8
	}
	return h.total <= s.c.limits.Load().accepted
}

// batch is of messages that are received one after the other for the same stream, which is locked meanwhile: locks and atomic operations
// cost more for each small message than the rest does, as each waits until what was copied before is in the cache.
type batch struct {
	stream *Stream // nil between batches
	cost   int     // of what was queued
	size   int     // of what came, with that which nobody will receive
}

// mostBatch is after how much a batch ends, so that who receives does not wait for long.
const mostBatch = 16 << 10

// received ends a batch.
func (c *Conn) received() error {
	s, cost := c.batch.stream, c.batch.cost
	if s == nil {
		return nil
	}
	c.batch = batch{}
	queued := c.queued.Add(int64(cost))
	if len(s.received.waiters) > 0 {
		s.received.fire(c.pipe)
	}
	s.mu.Unlock()
	if held := c.limits.Load().held; queued > 2*int64(held) {
		return violation("more than the %d bytes that may wait to be received", held)
	}
	return nil
}

// receiveMessage begins a batch, or goes on with one.
func (s *Stream) receiveMessage(h header, a, b []byte) error {
	s.left = h.total - h.size
	batch := &s.c.batch
	if batch.stream == nil {
		s.mu.Lock()
		batch.stream = s
	}
	batch.size += frameCost + int(h.size)
	if s.recvClosed {
		return violation("a message in stream %d after its end", s.id)
	}
	if s.ended || s.err != nil {
		return nil
	}
	if err := s.queue.add(h, a, b); err != nil {
		return err
	}
	batch.cost += frameCost + int(h.size)
	if s.answer == 0 && !s.hasHeader {
		s.hasHeader = true
		s.known.fire(s.c.pipe)
	}
	return nil
}

// borrows says whether the ring may be lent to who receives the stream: not in the middle of a header or an end, of which more is to be seen
// when it comes, nor on the server's side when the call is over, whose number may be another one's soon. The caller receives frames.
func (s *Stream) borrows() bool {
	return s != nil && s.part.left() == 0 && (s.answer == 0 || !s.over.Load())
}

// receivePart adds to a header or an end, of which nothing is kept if the stream was closed.
func (s *Stream) receivePart(h header, a, b []byte) error {
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed || s.part.skipped > 0 {
		s.part.skip(int(h.size))
	} else {
		s.part.add(a, b)
	}
	if s.part.left() > 0 {
		return nil
	}
	s.c.recent = nil // it may have ended
	content, skipped := s.part.b, s.part.skipped > 0
	s.part = body{}
	if skipped {
		if s.partKind == kindEnd {
			s.c.forget(s.id, s.held)
		}
		return nil
	}
	if s.partKind == kindHeader {
		s.mu.Lock()
		s.header, s.hasHeader = content, true
		s.known.fire(s.c.pipe)
		s.mu.Unlock()
		return nil
	}
	status, trailer, rest, err := parseOutcome(content, s.c.limits.Load())
	if err == nil && len(rest) > 0 {
		err = violation("%d bytes after the trailer of stream %d", len(rest), s.id)
	}
	if err != nil || !s.c.forget(s.id, s.held) {
		return err
	}
	s.mu.Lock()
	s.ended, s.status, s.trailer = true, status, trailer
	if h.flags&flagAbandoned != 0 && s.err == nil {
		s.err = ErrAbandoned
	}
	s.fireAll()
	s.mu.Unlock()
	return nil
}

func (s *Stream) receiveCredit(h header, a, b []byte) error {
	if h.size != 4 || h.total != 4 {
		return violation("a credit of %d bytes", h.size)
	}
	var buf [4]byte
	copy(buf[copy(buf[:], a):], b)
	n := binary.LittleEndian.Uint32(buf[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	if uint64(n) > uint64(window) || s.credit+int(n) > window {
		return violation("a credit of %d bytes for stream %d, which has %d", n, s.id, s.credit)
	}
	s.credit += int(n)
	if len(s.sendable.waiters) > 0 {
		s.sendable.fire(s.c.pipe)
	}
	return nil
}
