package channel

import (
	"context"
	"errors"
	"sync"
)

// ServerCall is a call of the peer.
type ServerCall struct {
	// Header is valid until Serve returns, and so is Request, the message of a unary call.
	Header
	Request []byte
	// Stream is nil for a unary call.
	Stream *Stream

	c       *Conn
	id      uint32
	body    body
	held    uint64
	refused bool
	head    [outcomeHead]byte
	g       gather

	mu sync.Mutex
	// over is set when the call was answered, or Serve has returned; cancelled when nobody waits for an answer.
	over, cancelled bool
	onCancel        func()
}

var serverCallPool = sync.Pool{New: func() any { return new(ServerCall) }}

var errAnswered = errors.New("channel: a call that was answered already: answer each once")

// OnCancel has f called, once, when the caller does not wait for the call any more, or the channel is closed; at once if that is so
// already, and never after the call is over. f must not block, nor use the call. A second OnCancel replaces the first.
func (s *ServerCall) OnCancel(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return
	}
	if s.cancelled {
		f()
		return
	}
	s.onCancel = f
}

// cancel is called when nobody waits for call id of c any more, which may not be s any more.
func (s *ServerCall) cancel(c *Conn, id uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.c != c || s.id != id || s.over || s.cancelled {
		return
	}
	s.cancelled = true
	if f := s.onCancel; f != nil {
		s.onCancel = nil
		f()
	}
	if s.Stream != nil {
		s.Stream.cancel()
	}
}

// end is called when a call is about to be answered; the answer is to be sent if first is true.
func (s *ServerCall) end() (first, cancelled bool) {
	s.mu.Lock()
	first, cancelled = !s.over, s.cancelled
	s.over, s.onCancel = true, nil
	s.mu.Unlock()
	if first {
		c := s.c
		c.mu.Lock()
		if !c.closed {
			delete(c.serving, s.id)
		}
		c.mu.Unlock()
	}
	return first, cancelled
}

// answered is called when the answer was sent.
func (s *ServerCall) answered() {
	s.c.mu.Lock()
	s.c.unanswered--
	s.c.held -= s.held
	s.c.mu.Unlock()
}

// Reply ends a unary call, once. Status is empty for success. Nothing of what it is given is used when it has returned. Serve should return
// soon then, as the goroutine may be the one that looks for the next calls. A payload larger than the peer allows is no error here: the caller gets a *SizeError. ErrMetadata, for a status and
// metadata larger than the peer allows, leaves the call to be answered.
func (s *ServerCall) Reply(status, metadata, payload []byte) error {
	c := s.c
	if len(status)+len(metadata) > int(c.peer.Load().metadata) {
		return ErrMetadata
	}
	first, cancelled := s.end()
	if !first {
		return errAnswered
	}
	defer s.answered()
	h := header{kind: kindReply, id: s.id, flags: flagAnswer}
	switch {
	case cancelled:
		h.flags |= flagAbandoned
		s.g = gather{parts: [5][]byte{s.head[:]}}
	case uint64(len(payload)) > uint64(c.peer.Load().message):
		h.flags |= flagTooLarge
		s.g = gather{parts: [5][]byte{sizeBody(len(payload))}}
	default:
		s.g = outcome(&s.head, status, metadata, payload)
	}
	if h := h.next(s.g.len(), true); h.size == h.total && c.pipe.reply(h, &s.g) {
		return nil
	}
	_, err := c.send(context.Background(), nil, h, &s.g)
	return err
}

// serve runs a call, and ends it if Serve did not.
func (c *Conn) serve(s *ServerCall) {
	if !s.refused {
		c.cfg.Serve(s)
	}
	if s.Stream != nil {
		s.Stream.abandon()
	} else if first, _ := s.end(); first {
		s.g = gather{parts: [5][]byte{s.head[:]}}
		c.send(context.Background(), nil, header{kind: kindReply, id: s.id, flags: flagAnswer | flagAbandoned}, &s.g)
		s.answered()
	}
	s.recycle()
}

func (s *ServerCall) recycle() {
	s.body.free()
	s.mu.Lock()
	s.Header, s.Request, s.Stream = Header{}, nil, nil
	s.c, s.id, s.held, s.refused, s.g = nil, 0, 0, false, gather{}
	s.over, s.cancelled = false, false
	s.mu.Unlock()
	serverCallPool.Put(s)
}

// workers are the goroutines that serve. As many as there are calls that do not return are made, and none for a call that another worker
// comes to soon.
type workers struct {
	mu sync.Mutex
	// queue[at:] are the calls that nobody serves yet.
	queue []*ServerCall
	at    int
	// coming is set if a worker was started, or woken, that has not looked at the queue yet.
	coming bool
}

// add queues a call. Whoever has received it sees to it that it is served.
func (w *workers) add(s *ServerCall) {
	w.mu.Lock()
	w.queue = append(w.queue, s)
	w.mu.Unlock()
}

// any says whether there are calls.
func (w *workers) any() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at < len(w.queue)
}

// take returns a call, or nil. next says that another worker has to be started for the next calls, and last that nobody else is on the
// way to the queue or the pipe. here says that the caller is the worker that was on its way.
func (w *workers) take(here bool) (s *ServerCall, next, last bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if here {
		w.coming = false
	}
	if w.at == len(w.queue) {
		return nil, false, false
	}
	s = w.queue[w.at]
	w.queue[w.at] = nil
	w.at++
	if w.at == len(w.queue) {
		w.queue, w.at = w.queue[:0], 0
		return s, false, !w.coming
	}
	next = !w.coming
	w.coming = true
	return s, next, false
}

// wanted says whether a worker has to be started. any says that it is to look at the pipe, even if there are no calls in the queue.
func (w *workers) wanted(any bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.coming || !any && w.at == len(w.queue) {
		return false
	}
	w.coming = true
	return true
}

// worker serves until it is not needed any more.
func (c *Conn) worker() {
	here, served := true, false
	for {
		s, next, last := c.work.take(here)
		here = false
		if s == nil {
			if !c.pipe.attend(served) {
				return
			}
			continue
		}
		if next {
			go c.worker()
		}
		if last {
			c.pipe.leave()
		}
		c.serve(s)
		served = true
	}
}

// hire has a worker look at the queue, if there is something in it.
func (c *Conn) hire() {
	if c.work.wanted(false) {
		go c.worker()
	}
}

// summon has a worker look at the pipe.
func (c *Conn) summon() {
	if c.work.wanted(true) {
		go c.worker()
	}
}
