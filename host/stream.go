package host

import (
	"context"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/host/internal/link"
)

// stream is a streaming call between two ends, each a guest's instance or something outside. The host keeps what one end has sent
// until the other takes it, up to a window; then the sender waits. So both run at the same time, each on a thread of its own.
type stream struct {
	method *method
	// ctx is done when the client does not wait any more; for a client from outside, when its own is.
	ctx    context.Context
	cancel context.CancelFunc
	// client and server are told when there is something that they wait for. server is set, with mu held, when there is one.
	client, server waker
	// isOutside says that the client is not a guest, so that replies are kept as wire bytes.
	isOutside bool
	// isRemote says the same of the server, and of requests.
	isRemote bool

	mu sync.Mutex
	// up has what the client sends, down what the server sends.
	up, down queue
	// header is there when the server has sent it; ended, st and trailer when the call is over.
	header           []byte
	hasHeader, ended bool
	st               *status.Status
	trailer          []byte
	// cancelled says that the client went before the call was over.
	cancelled bool
	// call is the server's call, when there is a server.
	call *pendingCall
	// clientWaits says that the client waits for header or end.
	clientWaits bool
	profile     streamProfile
}

// waker is an end of a stream that can be told that something has changed.
type waker interface{ wake() }

// queue has the messages of one direction.
type queue struct {
	parcels []*parcel // in order, from first on
	first   int
	n       int // messages in them
	bytes   int
	closed  bool // there will be no more
	// senderWaits and receiverWaits say who is to be told.
	senderWaits, receiverWaits bool
	// free are parcels to be used again, of freeBytes together.
	free      []*parcel
	freeBytes int
	// changes counts what a receiver may wait for.
	changes atomic.Uint32
}

// parcel has messages between two ends: records or, if one end is outside, the wire bytes of a single message.
type parcel struct {
	records link.Parcel
	wire    []byte
	size    int
}

// len is the number of messages.
func (p *parcel) len() int { return max(p.records.Len(), 1) }

const (
	// window is how many bytes of messages one direction of a stream holds, beside the parcel that exceeds it, and windowMessages
	// how many messages. A sender that waits goes on when half of it is free.
	window         = 256 << 10
	windowMessages = 1024
	// Up to keptParcels with keptBytes together are kept for use by the same direction.
	keptParcels = 64
	keptBytes   = 64 << 10
)

func newStream(ctx context.Context, m *method) *stream {
	s := &stream{method: m}
	s.ctx, s.cancel = context.WithCancel(ctx)
	return s
}

func (q *queue) isFull() bool { return q.bytes >= window || q.n >= windowMessages }

// hasRoom says that a sender who waited may go on.
func (q *queue) hasRoom() bool { return q.bytes <= window/2 && q.n <= windowMessages/2 }

// empty returns a parcel to fill.
func (q *queue) empty() *parcel {
	if n := len(q.free); n > 0 {
		p := q.free[n-1]
		q.free = q.free[:n-1]
		q.freeBytes -= p.size
		return p
	}
	return new(parcel)
}

// put adds messages.
func (q *queue) put(p *parcel) {
	if q.first > 0 && len(q.parcels) == cap(q.parcels) {
		n := copy(q.parcels, q.parcels[q.first:])
		clear(q.parcels[n:])
		q.parcels, q.first = q.parcels[:n], 0
	}
	q.parcels = append(q.parcels, p)
	q.n += p.len()
	q.bytes += p.size
}

// take moves parcels to buf: at least one if there are any, and no more than bytes and len(buf) messages beyond it.
func (q *queue) take(buf []*parcel, bytes int) (n int) {
	messages := 0
	for n < len(buf) && q.first < len(q.parcels) {
		p := q.parcels[q.first]
		bytes -= p.size
		messages += p.len()
		if (bytes < 0 || messages > len(buf)) && n > 0 {
			break
		}
		buf[n] = p
		n++
		q.parcels[q.first] = nil
		q.first++
		q.n -= p.len()
		q.bytes -= p.size
	}
	if q.first == len(q.parcels) {
		q.parcels, q.first = q.parcels[:0], 0
	}
	return n
}

// recycle keeps parcels that have been received for use by the sender.
func (q *queue) recycle(parcels []*parcel) {
	for _, p := range parcels {
		p.wire = nil
		if len(q.free) < keptParcels && q.freeBytes+p.size <= keptBytes {
			p.records.Reset()
			q.free = append(q.free, p)
			q.freeBytes += p.size
		}
	}
}

// drop forgets all messages.
func (q *queue) drop() {
	q.parcels, q.first, q.n, q.bytes, q.free, q.freeBytes = nil, 0, 0, 0, nil, 0
}

// The state of an operation; see package guest.
const (
	streamDone = iota
	streamBlocked
	streamOver
	streamFailed
)

// mayPut says whether a sender may add a message to q. s.mu is held.
func (s *stream) mayPut(q *queue) int {
	switch {
	case s.cancelled && q == &s.down:
		return streamFailed
	case s.ended || s.cancelled:
		return streamOver
	case q.isFull():
		q.senderWaits = true
		return streamBlocked
	default:
		return streamDone
	}
}

// receiver is the end that receives from q.
func (s *stream) receiver(q *queue) waker {
	if q == &s.up {
		return s.server
	}
	return s.client
}

// sender is the end that sends to q.
func (s *stream) sender(q *queue) waker {
	if q == &s.up {
		return s.client
	}
	return s.server
}

// put adds messages and tells their receiver.
func (s *stream) put(q *queue, p *parcel) {
	s.profile.put(q == &s.up, p)
	s.mu.Lock()
	if !s.ended && !s.cancelled {
		q.put(p)
	}
	q.changes.Add(1)
	wake, receiver := q.receiverWaits, s.receiver(q)
	q.receiverWaits = false
	if q == &s.down && !s.hasHeader {
		// As on the wire, where the header comes before the first message.
		s.hasHeader = true
		wake = wake || s.clientWaits
		s.clientWaits = false
	}
	s.mu.Unlock()
	if wake {
		receiver.wake()
	}
}

// closeQueue says that there will be no more messages.
func (s *stream) closeQueue(q *queue) {
	s.mu.Lock()
	q.closed = true
	q.changes.Add(1)
	wake, receiver := q.receiverWaits, s.receiver(q)
	q.receiverWaits = false
	s.mu.Unlock()
	if wake {
		receiver.wake()
	}
}

// take takes messages for their receiver. If there are none, the receiver is told when there are.
func (s *stream) take(q *queue, buf []*parcel, bytes int) (n, state int) {
	return s.look(q, buf, bytes, true)
}

// look is take for a receiver that may look again, and need not be told.
func (s *stream) look(q *queue, buf []*parcel, bytes int, waits bool) (n, state int) {
	s.mu.Lock()
	n = q.take(buf, bytes)
	wake := false
	switch {
	case n > 0:
		wake = q.senderWaits && q.hasRoom()
		if wake {
			q.senderWaits = false
		}
	case s.cancelled && q == &s.up:
		state = streamFailed
	case q.closed || s.ended:
		state = streamOver
	default:
		q.receiverWaits = waits
		state = streamBlocked
	}
	sender := s.sender(q)
	s.mu.Unlock()
	if wake {
		sender.wake()
	}
	return n, state
}

func (s *stream) recycle(q *queue, parcels []*parcel) {
	s.mu.Lock()
	q.recycle(parcels)
	s.mu.Unlock()
}

// sendHeader sends the header of the server. Only the first one counts.
func (s *stream) sendHeader(meta []byte) {
	s.mu.Lock()
	wake := false
	if !s.hasHeader && !s.ended {
		s.header, s.hasHeader = meta, true
		wake = s.clientWaits
		s.clientWaits = false
	}
	s.mu.Unlock()
	if wake {
		s.client.wake()
	}
}

// end ends the call on behalf of the server. st is nil for OK.
func (s *stream) end(st *status.Status, meta []byte) {
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return
	}
	s.ended, s.st = true, st
	s.profile.end(st)
	header, trailer := splitMeta(meta)
	s.trailer = trailer
	// As on the wire, a call that fails at once has only a trailer.
	if !s.hasHeader && (st == nil || len(header) > 0) {
		s.header, s.hasHeader = header, true
	}
	wake := s.clientWaits || s.down.receiverWaits || s.up.senderWaits
	s.clientWaits, s.down.receiverWaits, s.up.senderWaits = false, false, false
	s.up.drop()
	s.down.changes.Add(1)
	s.mu.Unlock()
	s.cancel()
	if wake {
		s.client.wake()
	}
}

// leave says that the client does not wait any more. The server is told if the call is not over.
func (s *stream) leave() {
	s.mu.Lock()
	if s.ended || s.cancelled {
		s.down.drop()
		s.mu.Unlock()
		return
	}
	s.cancelled = true
	s.up.drop()
	s.down.drop()
	s.up.changes.Add(1)
	call, server := s.call, s.server
	wake := s.up.receiverWaits || s.down.senderWaits
	s.up.receiverWaits, s.down.senderWaits = false, false
	s.mu.Unlock()
	s.cancel()
	if call != nil {
		call.abandon()
	}
	if wake {
		server.wake()
	}
}

// serving notes the server's call.
func (s *stream) serving(c *pendingCall) {
	s.mu.Lock()
	s.call, s.server = c, c.stream
	cancelled := s.cancelled
	s.mu.Unlock()
	if cancelled {
		c.abandon()
	}
}

// errCanceled is what a server is told whose client has gone.
func errCanceled() *status.Status {
	return status.New(codes.Canceled, context.Canceled.Error())
}

// serve runs the server's part of a call in an instance that the caller owns, until it ends or waits.
func (s *stream) serve(m *exportMethod, inst *instance, cc callContext) {
	f := m.fn
	end := inst.open(s, &s.down, &s.up)
	c := &pendingCall{method: m, callee: inst, stream: end}
	s.serving(c)
	inst.meta, inst.root, inst.bound = cc.meta, s.ctx, false
	inst.stack[0] = uint64(end.id)
	var addr, left uint32
	err := f.host.watch.run(inst, func() (err error) {
		addr, left, err = inst.serve(m, &cc)
		return err
	})
	if err != nil {
		c.fail(f.died(inst, err))
		return
	}
	if left != 0 {
		c.leave(left)
		f.release(inst)
		return
	}
	st, err := m.readEnd(inst, addr)
	if err != nil {
		c.fail(f.died(inst, err))
		return
	}
	inst.shut(end)
	if failed := f.finish(inst, m, addr, &cc); failed != nil {
		st = failed
	}
	c.st, c.meta = st, cc.replyMeta
	c.over()
}

// readEnd reads the result of a streaming method: result<_, status>.
func (m *method) readEnd(inst *instance, at uint32) (*status.Status, error) {
	result, err := inst.read(uint64(at), uint64(m.size))
	if err != nil {
		return nil, err
	}
	switch result[0] {
	case 0:
		return nil, nil
	case 1:
		return m.readStatus(inst, at)
	default:
		return nil, errDiscriminant
	}
}

var errDiscriminant = &link.BadValueError{Problem: "the discriminant of a result is neither 0 nor 1"}
