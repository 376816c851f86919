package channel

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"sync"
	"sync/atomic"
)

// Stream is an end of a streaming call. One goroutine may send while another receives; beyond that it is not safe for concurrent use, but
// for Close, Header and Result, which may be called any time.
//
// On the server's side ErrAbandoned says that the caller does not wait for the call any more.
type Stream struct {
	c  *Conn
	id uint32
	// held is what the opening of the stream counts for among the requests that the peer holds.
	held uint64
	// answer is flagAnswer on the server's side, and call the call.
	answer uint8
	call   *ServerCall

	// outgoing belongs to the one who sends, as does ahead, what may be sent beside credit; broken is set when only a part of a message was
	// sent.
	outgoing gather
	ahead    int
	broken   bool
	// over is set when nothing can be sent any more.
	over atomic.Bool

	// in belongs to the one who receives.
	in incoming
	// part is a header or an end that comes in several frames, and left what is to come of a message that does; they belong to receive.
	part     body
	partKind kind
	left     uint32

	mu    sync.Mutex
	queue queue
	// credit is what may be sent.
	credit int
	// sendClosed is set by CloseSend, and recvClosed when the peer has called it.
	sendClosed, recvClosed bool
	// ended is set when the outcome is known, or was sent. err is set when there is none.
	ended           bool
	err             error
	closed          bool
	header          []byte
	hasHeader       bool
	status, trailer []byte

	// received is fired for what Recv waits for, sendable for Send, and known for Header and Result.
	received, sendable, known event
}

func newStream(c *Conn, id uint32, call *ServerCall) *Stream {
	s := &Stream{c: c, id: id, call: call, credit: window, queue: queue{granted: window}}
	if call != nil {
		s.answer = flagAnswer
	}
	return s
}

var errEnded = errors.New("channel: a message after the end of a stream, or after CloseSend")

// OpenStream begins a streaming call. It waits for nothing but for the peer to have begun to use the channel. Whoever opens a stream closes
// it.
func (c *Conn) OpenStream(h *Header) (*Stream, error) {
	if err := c.greet(context.Background(), nil); err != nil {
		return nil, err
	}
	if err := c.fits(h.side(), 0); err != nil {
		return nil, err
	}
	var head [callHead]byte
	g := h.gather(&head, nil)
	s := newStream(c, 0, nil)
	s.held = uint64(g.len())
	id, err := c.register(s, s.held)
	if err != nil {
		return nil, err
	}
	c.pipe.post(header{kind: kindOpen, id: id}, &g)
	return s, nil
}

// Send sends a message, which is not used any more when it returns. It waits while the peer does not keep up, and no longer than ctx.
// io.EOF says that the call is over: Result knows how it ended. A message larger than the peer takes is no error here: its Recv returns a
// *SizeError. When ctx ends while a large message is sent, the stream can only be ended or closed.
func (s *Stream) Send(ctx context.Context, message []byte) error {
	h := header{kind: kindMessage, flags: s.answer, id: s.id}
	if uint64(len(message)) > uint64(s.c.peer.Load().message) {
		h.flags |= flagTooLarge
		message = sizeBody(len(message))
	}
	if s.broken {
		return errEnded
	}
	s.outgoing = gather{parts: [5][]byte{message}}
	left := len(message)
	for first := true; first || left > 0; first = false {
		h = h.next(left, first)
		err := s.takeCredit(ctx, frameCost+int(h.size))
		if err == nil {
			if err = s.c.pipe.send(ctx, nil, h, &s.outgoing); err != nil {
				s.ahead += frameCost + int(h.size)
			}
		}
		if err != nil {
			s.broken = !first
			return err
		}
		left -= int(h.size)
	}
	return nil
}

// creditAhead is what the one who sends takes of the credit, so that many small messages do not lock the stream each.
const creditAhead = 16 << 10

// takeCredit waits until n bytes may be sent.
func (s *Stream) takeCredit(ctx context.Context, n int) error {
	if s.ahead >= n && !s.over.Load() {
		s.ahead -= n
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.ended:
			return io.EOF
		case s.err != nil:
			return s.err
		case s.sendClosed:
			return errEnded
		case s.ahead+s.credit >= n:
			taken := min(s.credit, max(n-s.ahead, creditAhead))
			s.credit -= taken
			s.ahead += taken - n
			return nil
		}
		// The peer has much to do until then, and may need the processor for it.
		if err := s.await(ctx, &s.sendable, true); err != nil {
			return err
		}
	}
}

// wait waits for an event. The stream is locked when it is called and when it returns.
func (s *Stream) wait(ctx context.Context, e *event) error { return s.await(ctx, e, false) }

// await is wait, and patient if there is no hurry.
func (s *Stream) await(ctx context.Context, e *event, patient bool) error {
	w := e.waiter()
	w.patient = patient
	if e == &s.received {
		w.messages = s
	}
	s.mu.Unlock()
	err := s.c.pipe.await(ctx, nil, w)
	s.mu.Lock()
	e.release(w)
	if s.err != nil {
		// It is looked at by the caller, and comes after what has been received.
		return nil
	}
	return err
}

// Recv receives a message, which is valid until the next Recv. io.EOF says that there are no more: the peer has said so, or the call has
// ended. Other errors are ctx's, ErrClosed, ErrAbandoned after Close or for a cancelled call, and a *SizeError.
func (s *Stream) Recv(ctx context.Context) ([]byte, error) {
	in := &s.in
	if in.whole.total > 0 && in.whole.left() == 0 {
		in.whole.free()
	}
	for {
		if in.next == len(in.taken) {
			if err := s.takeQueue(ctx); err != nil {
				return nil, err
			}
		}
		f := in.frame()
		switch {
		case f.tooLarge:
			size, _ := sizeError(f.b, s.c.limits.Load())
			return nil, size
		case f.first && len(f.b) == f.total:
			return f.b, nil
		case f.first:
			in.whole.begin(f.total)
		}
		in.whole.add(f.b, nil)
		if in.whole.left() == 0 {
			return in.whole.b, nil
		}
	}
}

// takeQueue takes what has been received, and waits until that is something.
func (s *Stream) takeQueue(ctx context.Context) error {
	s.mu.Lock()
	for len(s.queue.b) == 0 {
		var err error
		switch {
		case s.closed:
			err = ErrAbandoned
		case s.ended || s.recvClosed:
			err = io.EOF
		case s.err != nil:
			err = s.err
		default:
			err = s.wait(ctx, &s.received)
			if len(s.queue.b) > 0 {
				err = nil
			}
		}
		if err != nil {
			s.mu.Unlock()
			return err
		}
	}
	s.c.queued.Add(-int64(s.queue.cost))
	credit := s.queue.take(&s.in)
	over := s.ended || s.recvClosed || s.err != nil
	s.mu.Unlock()
	if credit > 0 && !over {
		return s.sendCredit(ctx, credit)
	}
	return nil
}

// sendCredit lets the peer send more. If that is not possible before ctx ends, what was received remains.
func (s *Stream) sendCredit(ctx context.Context, n int) error {
	var b [4]byte
	binary.LittleEndian.PutUint32(b[:], uint32(n))
	g := gather{parts: [5][]byte{b[:]}}
	h := header{kind: kindCredit, flags: s.answer, id: s.id, size: 4, total: 4}
	s.mu.Lock()
	s.queue.granted += n
	s.mu.Unlock()
	err := s.c.pipe.send(ctx, nil, h, &g)
	if err == nil || errors.Is(err, ErrClosed) {
		return nil
	}
	s.mu.Lock()
	s.queue.granted -= n
	s.queue.owed += n
	s.mu.Unlock()
	return err
}

// CloseSend says that no more messages will be sent.
func (s *Stream) CloseSend() error {
	if s.broken {
		return errEnded
	}
	s.mu.Lock()
	err, over := s.err, s.ended || s.sendClosed
	s.sendClosed = true
	s.over.Store(true)
	s.mu.Unlock()
	if err == nil && !over {
		s.c.pipe.post(header{kind: kindCloseSend, id: s.id}, &gather{})
	}
	return err
}

// SendHeader sends the header of a server, once.
func (s *Stream) SendHeader(metadata []byte) error {
	if len(metadata) > int(s.c.peer.Load().metadata) {
		return ErrMetadata
	}
	s.mu.Lock()
	err := s.err
	if s.ended || s.hasHeader {
		err = errAnswered
	}
	s.hasHeader = true
	s.mu.Unlock()
	if err == nil {
		s.c.pipe.post(header{kind: kindHeader, flags: flagAnswer, id: s.id}, &gather{parts: [5][]byte{metadata}})
	}
	return err
}

// Header waits for the server's header, and no longer than ctx. There is none, with ok being true, if a message has come before one; ok
// is false if the call has ended without either.
func (s *Stream) Header(ctx context.Context) (metadata []byte, ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.hasHeader:
			return s.header, true, nil
		case s.ended:
			return nil, false, nil
		case s.err != nil:
			return nil, false, s.err
		}
		if err := s.wait(ctx, &s.known); err != nil {
			return nil, false, err
		}
	}
}

// End ends the call, on the server's side. What was sent before can still be received. ErrMetadata, for a status and trailer larger than
// the peer allows, leaves the call to be ended.
func (s *Stream) End(status, trailer []byte) error {
	if len(status)+len(trailer) > int(s.c.peer.Load().metadata) {
		return ErrMetadata
	}
	var head [outcomeHead]byte
	return s.finish(outcome(&head, status, trailer, nil), 0)
}

// abandon ends a call that Serve has not ended.
func (s *Stream) abandon() {
	var head [outcomeHead]byte
	s.finish(outcome(&head, nil, nil, nil), flagAbandoned)
}

func (s *Stream) finish(g gather, flags uint8) error {
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return errAnswered
	}
	s.ended = true
	s.drop()
	s.fireAll()
	s.mu.Unlock()
	_, cancelled := s.call.end()
	if cancelled {
		flags = flagAbandoned
		g = gather{parts: [5][]byte{make([]byte, outcomeHead)}}
	}
	_, err := s.c.send(context.Background(), nil, header{kind: kindEnd, flags: flagAnswer | flags, id: s.id}, &g)
	s.call.answered()
	return err
}

// Result waits for how the server has ended the call, and no longer than ctx. What has been sent may still be received.
func (s *Stream) Result(ctx context.Context) (status, trailer []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.ended:
			return s.status, s.trailer, s.err
		case s.err != nil:
			return nil, nil, s.err
		}
		if err := s.wait(ctx, &s.known); err != nil {
			return nil, nil, err
		}
	}
}

// Close ends the use of a stream, on the client's side. A call that has not ended is cancelled.
func (s *Stream) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	cancel := !s.ended && s.err == nil
	if s.err == nil && !s.ended {
		s.err = ErrAbandoned
	}
	s.drop()
	s.fireAll()
	s.mu.Unlock()
	if cancel {
		s.c.pipe.post(header{kind: kindCancel, id: s.id}, &gather{})
	}
	return nil
}

func (s *Stream) begin(id uint32) { s.id = id }

// cancel is called when the client has cancelled.
func (s *Stream) cancel() { s.fail(ErrAbandoned) }

// abort is called when the channel was closed.
func (s *Stream) abort(*Conn) { s.fail(ErrClosed) }

func (s *Stream) fail(err error) {
	s.mu.Lock()
	if s.err == nil && !s.ended {
		s.err = err
	}
	s.fireAll()
	s.mu.Unlock()
}

// fireAll is called when the call is over.
func (s *Stream) fireAll() {
	s.over.Store(true)
	s.received.fire(s.c.pipe)
	s.sendable.fire(s.c.pipe)
	s.known.fire(s.c.pipe)
}

// drop forgets what nobody will receive.
func (s *Stream) drop() {
	s.c.queued.Add(-int64(s.queue.cost))
	s.queue.b, s.queue.cost = nil, 0
}
