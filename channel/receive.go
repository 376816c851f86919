package channel

import (
	"encoding/binary"
	"fmt"
	"math"
)

// receive takes a frame of the peer's. Its contents are in two parts, of which the latter may be empty; the peer may be changing them, so
// they are looked at in a copy only. One goroutine at a time calls it, and it waits for nobody. An error is the peer's, and ends the
// channel. Whoever calls it calls received when there are no more frames for now, or one was wrong.
func (c *Conn) receive(h header, a, b []byte) error {
	answer := h.flags&flagAnswer != 0
	s := c.recent
	// One in the middle of a message may have ended, and what followed of that message was dropped: it is looked up.
	another := s != nil && s.left == 0 && h.kind == kindMessage && h.id == s.id && answer == (s.answer == 0)
	if !another || c.batch.size >= mostBatch {
		if err := c.received(); err != nil {
			return err
		}
	}
	if another {
		return s.receive(h, a, b) // which drops it if the call has ended
	}
	if h.kind == kindHello {
		return c.receiveHello(h, a, b)
	}
	if c.peer.Load() == nil {
		return violation("a frame of kind %d before its hello", h.kind)
	}
	switch h.kind {
	case kindCall, kindOpen, kindCancel, kindCloseSend:
		if answer {
			return violation("a frame of kind %d as an answer", h.kind)
		}
	case kindReply, kindHeader, kindEnd:
		if !answer {
			return violation("a frame of kind %d that is no answer", h.kind)
		}
	}
	switch h.kind {
	case kindCall, kindOpen:
		return c.receiveCall(h, a, b)
	case kindFiles, kindBell:
		return violation("a frame of kind %d in a place where it does not belong", h.kind)
	}
	if !answer {
		return c.receiveForServer(h, a, b)
	}
	c.mu.Lock()
	made := c.calls[h.id]
	unary, _ := made.(*call)
	abandoned := unary != nil && unary.abandoned
	c.mu.Unlock()
	switch made := made.(type) {
	case *call:
		return c.receiveReply(h, made, abandoned, a, b)
	case *Stream:
		c.recent = made
		return made.receive(h, a, b)
	}
	// What was sent at the same time as the end of its call is of no use any more.
	return nil
}

func (c *Conn) receiveHello(h header, a, b []byte) error {
	if h.size != helloSize || h.total != helloSize {
		return violation("no hello of %d bytes: both ends must be built with the same release", helloSize)
	}
	var buf [helloSize]byte
	copy(buf[copy(buf[:], a):], b)
	l, err := parseHello(buf[:])
	if err != nil {
		return err
	}
	if c.peer.Swap(&l) == nil {
		close(c.greeted)
	}
	return nil
}

// receiveForServer takes a frame for a call of the peer's that has begun.
func (c *Conn) receiveForServer(h header, a, b []byte) error {
	if s := c.incoming[h.id]; s != nil {
		switch h.kind {
		case kindMore:
			return c.continueCall(h, s, a, b)
		case kindCancel:
			delete(c.incoming, h.id)
			s.cancelled, s.refused = true, true
			c.work.add(s)
			return nil
		}
		return violation("a frame of kind %d for call %d, which is not complete", h.kind, h.id)
	}
	c.mu.Lock()
	s := c.serving[h.id]
	c.mu.Unlock()
	switch {
	case s.call == nil:
		// It has ended, and the peer does not know yet.
		return nil
	case h.kind == kindCancel:
		s.call.cancel(c, h.id)
		return nil
	case s.stream == nil:
		return violation("a frame of kind %d for call %d, which is no stream", h.kind, h.id)
	}
	c.recent = s.stream
	return s.stream.receive(h, a, b)
}

// receiveCall begins a call of the peer's.
func (c *Conn) receiveCall(h header, a, b []byte) error {
	limits := c.limits.Load()
	most := callHead + uint64(limits.metadata)
	if h.kind == kindCall {
		most += uint64(limits.accepted)
	}
	if uint64(h.total) > most || h.size == 0 || c.incoming[h.id] != nil {
		return violation("a call of %d bytes, where %d are allowed, or a second one of its number", h.total, most)
	}
	c.recent = nil // it may have had this number
	s := serverCallPool.Get().(*ServerCall)
	s.mu.Lock()
	s.c, s.id = c, h.id
	s.mu.Unlock()
	if h.kind == kindOpen {
		s.Stream = newStream(c, h.id, s)
	}
	s.body.begin(int(h.total))
	s.held = uint64(h.total)
	c.mu.Lock()
	c.unanswered++
	c.held += s.held
	tooMany := c.tooMany(limits)
	c.mu.Unlock()
	if tooMany {
		return violation("more than the %d calls, or %d bytes, that it may", limits.calls, limits.held)
	}
	if h.size < h.total {
		c.incoming[h.id] = s
	}
	return c.continueCall(h, s, a, b)
}

// tooMany says whether the peer has made more calls than it may. It may know of an answer before this end has counted it: hence twice.
func (c *Conn) tooMany(l *limits) bool { return c.unanswered > 2*int(l.calls) || c.held > 2*l.held }

// continueCall adds to the request of a call, and has the call served when it is complete.
func (c *Conn) continueCall(h header, s *ServerCall, a, b []byte) error {
	if h.size == 0 || int(h.size) > s.body.left() {
		return violation("a frame of %d bytes for call %d, of which %d are left", h.size, h.id, s.body.left())
	}
	s.body.add(a, b)
	if s.body.left() > 0 {
		return nil
	}
	delete(c.incoming, h.id)
	request, err := s.parseCall(s.body.b, c.method, c.limits.Load())
	switch {
	case err != nil:
		return err
	case s.Stream == nil:
		s.Request = request
	case len(request) > 0:
		return violation("a stream that begins with a message")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	if c.serving[h.id].call != nil {
		return violation("a second call %d", h.id)
	}
	c.serving[h.id] = served{s, s.Stream}
	c.work.add(s)
	return nil
}

// method returns the name of a method without allocating for those that were called before.
func (c *Conn) method(name []byte) string {
	if s, ok := c.methods[string(name)]; ok {
		return s
	}
	s := string(name)
	if len(c.methods) < 1024 && len(s) < 1024 {
		c.methods[s] = s
	}
	return s
}

// receiveReply takes the reply of a unary call, of which nothing is kept if the call was abandoned.
func (c *Conn) receiveReply(h header, call *call, abandoned bool, a, b []byte) error {
	switch {
	case h.kind == kindReply && call.body.total == 0:
		limits := c.limits.Load()
		most := outcomeHead + uint64(limits.metadata) + uint64(limits.accepted)
		if uint64(h.total) > most || h.total == 0 {
			return violation("a reply of %d bytes, where %d are allowed", h.total, most)
		}
		if h.flags&(flagAbandoned|flagTooLarge) != 0 && h.total > 8 {
			return violation("a reply without a message, of %d bytes", h.total)
		}
		call.body.begin(int(h.total))
	case h.kind != kindMore || h.size == 0 || int(h.size) > call.body.left():
		return violation("a frame of kind %d and %d bytes for call %d, of which %d are left", h.kind, h.size, h.id, call.body.left())
	}
	last := int(h.size) == call.body.left()
	if last && !c.forget(h.id, call.held) {
		return nil
	}
	if abandoned {
		call.body.skip(int(h.size))
		return nil
	}
	call.body.add(a, b)
	if !last {
		return nil
	}
	err := call.finish(h.flags, c.limits.Load())
	call.w.fire(c.pipe)
	return err
}

// finish sets a call's outcome.
func (call *call) finish(flags uint8, l *limits) (err error) {
	switch {
	case flags&flagAbandoned != 0:
		call.err = ErrAbandoned
	case flags&flagTooLarge != 0:
		call.err, err = sizeError(call.body.b, l)
	default:
		r := &call.reply
		if r.Status, r.Metadata, r.Payload, err = parseOutcome(call.body.b, l); err != nil {
			call.err = err
		}
	}
	return err
}

// sizeError is for a frame with flagTooLarge.
func sizeError(b []byte, l *limits) (size, err error) {
	if len(b) != 8 {
		err = violation("%d bytes for the size of a message", len(b))
		return err, err
	}
	n := binary.LittleEndian.Uint64(b)
	return &SizeError{Size: int(min(n, math.MaxInt)), Max: int(l.message)}, nil
}

// forget is for a call made here that has ended.
func (c *Conn) forget(id uint32, held uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	delete(c.calls, id)
	c.outgoing -= held
	return true
}

// fail ends the channel for an error of the peer's or of the system's.
func (c *Conn) fail(err error) {
	c.mu.Lock()
	if c.cause == nil && !c.closed {
		c.cause = fmt.Errorf("%w: %w", ErrClosed, err)
	}
	c.mu.Unlock()
	c.Close()
}
