package host

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// newTestStream is a stream between two ends that count.
func newTestStream(t testing.TB) (s *stream, client, server *end) {
	s = newStream(t.Context(), &method{})
	client, server = newEnd(), newEnd()
	s.client, s.server = client, server
	t.Cleanup(s.cancel)
	return s, client, server
}

func sized(n int) *parcel { return &parcel{size: n} }

// checkTake checks what taking one message says.
func (s *stream) checkTake(t *testing.T, what string, q *queue, want *parcel, state int) {
	t.Helper()
	var buf [1]*parcel
	if n, got := s.take(q, buf[:], batchBytes); got != state || buf[0] != want || n != min(n, 1) || (n == 1) != (want != nil) {
		t.Errorf("%s: took %v and state %d, want %v and %d", what, buf[0], got, want, state)
	}
}

func (s *stream) checkPut(t *testing.T, what string, q *queue, state int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if got := s.mayPut(q); got != state {
		t.Errorf("%s: state %d, want %d", what, got, state)
	}
}

// Messages come in the order in which they were sent, however they are taken, and memory of the queue is used again.
func TestQueue_order(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var q queue
	var sent, got []*parcel
	for range 5000 {
		for range r.IntN(20) {
			m := sized(r.IntN(100))
			q.put(m)
			sent = append(sent, m)
		}
		buf := make([]*parcel, r.IntN(24))
		n := q.take(buf, r.IntN(1000))
		got = append(got, buf[:n]...)
		bytes := 0
		for _, m := range sent[len(got):] {
			bytes += m.size
		}
		if q.bytes != bytes || q.n != len(sent)-len(got) {
			t.Fatalf("the queue says %d messages of %d bytes, and has %d of %d", q.n, q.bytes, len(sent)-len(got), bytes)
		}
	}
	got = append(got, q.parcels[q.first:]...)
	if !slices.Equal(sent, got) {
		t.Error("messages were lost or have changed places")
	}
	if c := cap(q.parcels); c > 4*(q.n+1024) {
		t.Errorf("the queue has room for %d messages, with %d in it", c, q.n)
	}
	if q.drop(); q.n != 0 || q.bytes != 0 {
		t.Error("the queue has messages after drop")
	}
}

// A batch has at least one message, and no more bytes beyond that than asked for.
func TestQueue_batch(t *testing.T) {
	var q queue
	for _, n := range []int{100, 60, 40, 1, 0, 0} {
		q.put(sized(n))
	}
	buf := make([]*parcel, 16)
	for i, want := range []int{1, 2, 3} {
		n := q.take(buf, []int{50, 100, 100}[i])
		if n != want {
			t.Errorf("batch %d has %d messages, want %d", i, n, want)
		}
	}
	if n := q.take(buf, 100); n != 0 {
		t.Errorf("got %d messages of an empty queue", n)
	}
}

// Messages are used again by the same direction: small ones, and no more than a few.
func TestQueue_recycle(t *testing.T) {
	var q queue
	var all []*parcel
	for range 2 * keptParcels {
		all = append(all, &parcel{size: 10, wire: []byte("abc")})
	}
	q.recycle(append([]*parcel{{size: keptBytes + 1}}, all...))
	if len(q.free) != keptParcels || q.freeBytes != 10*keptParcels {
		t.Errorf("kept %d parcels with %d bytes, want %d", len(q.free), q.freeBytes, keptParcels)
	}
	for range keptParcels {
		if m := q.empty(); !slices.Contains(all, m) || m.wire != nil {
			t.Errorf("got %+v", m)
		}
	}
	if m := q.empty(); slices.Contains(all, m) {
		t.Error("a message is used twice")
	}
	q.recycle([]*parcel{{size: keptBytes}, {size: 1}})
	if len(q.free) != 1 || q.freeBytes != keptBytes {
		t.Errorf("kept %d parcels with %d bytes, want one with %d", len(q.free), q.freeBytes, keptBytes)
	}
}

// A sender waits when the window is full, and goes on when half of it is free: not for each message that is taken.
func TestStream_window(t *testing.T) {
	for _, tt := range []struct {
		name       string
		size       int
		full, half int // messages
	}{
		{"bytes", window / 8, 8, 4},
		{"messages", 0, windowMessages, windowMessages / 2},
		{"one that exceeds it", 10 * window, 1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, client, server := newTestStream(t)
			for _, q := range []*queue{&s.up, &s.down} {
				sender := client
				if q == &s.down {
					sender = server
				}
				for i := range tt.full {
					s.checkPut(t, fmt.Sprint("message ", i), q, streamDone)
					s.put(q, sized(tt.size))
				}
				s.checkPut(t, "full", q, streamBlocked)
				var buf [1]*parcel
				for left := tt.full - 1; left >= 0; left-- {
					s.take(q, buf[:], 0)
					woken := int32(0)
					if left == tt.half {
						woken = 1
					}
					sender.times(t, fmt.Sprintf("%d messages are left", left), woken)
				}
				s.checkPut(t, "empty", q, streamDone)
			}
		})
	}
}

// Whoever does not wait is not woken; who waits is woken once.
func TestStream_wakes(t *testing.T) {
	s, client, server := newTestStream(t)
	a, b := sized(1), sized(1)
	s.put(&s.up, a)
	server.times(t, "the server does not wait", 0)
	s.checkTake(t, "first", &s.up, a, streamDone)
	s.checkTake(t, "none", &s.up, nil, streamBlocked)
	s.checkTake(t, "none", &s.up, nil, streamBlocked)
	s.put(&s.up, b)
	s.put(&s.up, a)
	server.times(t, "two messages", 1)
	s.checkTake(t, "second", &s.up, b, streamDone)
	s.checkTake(t, "third", &s.up, a, streamDone)
	s.checkTake(t, "none", &s.up, nil, streamBlocked)
	s.closeQueue(&s.up)
	server.times(t, "no more messages", 1)
	s.checkTake(t, "closed", &s.up, nil, streamOver)
	client.times(t, "nothing for the client", 0)

	s.checkTake(t, "no replies", &s.down, nil, streamBlocked)
	s.put(&s.down, a)
	client.times(t, "a reply", 1)
	s.checkTake(t, "a reply", &s.down, a, streamDone)
	server.times(t, "nothing for the server", 0)
}

// What was sent before the end is delivered after it; what is sent after it is not.
func TestStream_end(t *testing.T) {
	s, client, server := newTestStream(t)
	a, b := sized(window), sized(1)
	s.checkTake(t, "none yet", &s.down, nil, streamBlocked)
	s.put(&s.down, a)
	s.put(&s.down, b)
	client.times(t, "a reply", 1)
	s.put(&s.up, sized(window))
	s.checkPut(t, "the server does not keep up", &s.up, streamBlocked)

	st := status.New(codes.NotFound, "no")
	s.end(st, nil)
	client.times(t, "end", 1)
	server.times(t, "end", 0)
	s.end(nil, nil)
	client.times(t, "second end", 0)
	if s.st != st {
		t.Errorf("ended with %v", s.st)
	}
	if s.ctx.Err() == nil {
		t.Error("the context of the call is not done")
	}
	s.checkPut(t, "after the end", &s.up, streamOver)
	s.checkPut(t, "after the end", &s.down, streamOver)
	s.put(&s.down, sized(1))
	s.checkTake(t, "first", &s.down, a, streamDone)
	s.checkTake(t, "second", &s.down, b, streamDone)
	s.checkTake(t, "third", &s.down, nil, streamOver)
	s.checkTake(t, "requests", &s.up, nil, streamOver)
	s.leave()
	if s.cancelled {
		t.Error("a call is cancelled that is over")
	}
}

// A client that goes cancels the call: the server is told, by both directions, and nothing is delivered.
func TestStream_leave(t *testing.T) {
	s, client, server := newTestStream(t)
	s.put(&s.down, sized(window))
	s.checkPut(t, "the client does not keep up", &s.down, streamBlocked)
	s.checkTake(t, "no requests", &s.up, nil, streamBlocked)
	s.leave()
	server.times(t, "cancelled", 1)
	client.times(t, "cancelled", 0)
	s.leave()
	server.times(t, "cancelled twice", 0)
	if s.ctx.Err() == nil {
		t.Error("the context of the call is not done")
	}
	s.checkPut(t, "the server sends", &s.down, streamFailed)
	s.checkPut(t, "the client sends", &s.up, streamOver)
	s.checkTake(t, "the server receives", &s.up, nil, streamFailed)
	s.put(&s.down, sized(1))
	if s.up.n+s.down.n != 0 {
		t.Error("there are messages")
	}
	s.end(errCanceled(), nil)
	client.times(t, "end", 0)
}

// A client may go before there is a server.
func TestStream_leaveEarly(t *testing.T) {
	s := newStream(t.Context(), &method{})
	s.client = newEnd()
	s.put(&s.up, sized(1))
	s.leave()
	s.end(errCanceled(), nil)
}

// The header goes first, and once.
func TestStream_header(t *testing.T) {
	header, trailer := encodeMeta(map[string][]string{"h": {"1"}}), encodeMeta(map[string][]string{"t": {"2"}})
	trailer[8] |= metaTrailer
	both := append(slices.Clone(header), trailer...)

	type want struct {
		header, trailer string
		has             bool
	}
	check := func(t *testing.T, s *stream, w want) {
		t.Helper()
		if string(s.header) != w.header || string(s.trailer) != w.trailer || s.hasHeader != w.has {
			t.Errorf("got header %q (%v), trailer %q", s.header, s.hasHeader, s.trailer)
		}
	}
	failed := status.New(codes.Aborted, "")
	for _, tt := range []struct {
		name string
		do   func(s *stream)
		want want
	}{
		{"nothing", func(s *stream) { s.end(nil, nil) }, want{has: true}},
		{"with the end", func(s *stream) { s.end(nil, both) }, want{string(header), string(trailer), true}},
		{"before the end", func(s *stream) { s.sendHeader(header); s.end(nil, trailer) }, want{string(header), string(trailer), true}},
		{"twice", func(s *stream) { s.sendHeader(nil); s.sendHeader(header); s.end(nil, both) }, want{"", string(trailer), true}},
		{"trailer only", func(s *stream) { s.end(failed, trailer) }, want{"", string(trailer), false}},
		{"with the failure", func(s *stream) { s.end(failed, both) }, want{string(header), string(trailer), true}},
		{"after the end", func(s *stream) { s.end(failed, nil); s.sendHeader(header) }, want{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, client, _ := newTestStream(t)
			s.clientWaits = true
			tt.do(s)
			check(t, s, tt.want)
			client.times(t, "header or end", 1)
		})
	}
}

// The first message implies a header, as on the wire, and wakes a client that waits for one.
func TestStream_headerImplied(t *testing.T) {
	s, client, _ := newTestStream(t)
	s.clientWaits = true
	s.put(&s.up, sized(1))
	if s.hasHeader {
		t.Error("a request implies a header")
	}
	s.put(&s.down, sized(1))
	client.times(t, "the client", 1)
	if !s.hasHeader || s.clientWaits {
		t.Errorf("header: %t, the client waits: %t", s.hasHeader, s.clientWaits)
	}
	if s.sendHeader([]byte("late")); s.header != nil {
		t.Errorf("got the header %q after a message", s.header)
	}
}

// A server that has left its export is told when its client goes, before or after that.
func TestStream_left(t *testing.T) {
	for _, first := range []bool{true, false} {
		f := newFakeFunction(t, 1)
		inst := f.take(t)
		s, _, _ := newTestStream(t)
		c := inst.goesOn(nil, 7)
		c.stream = inst.open(s, &s.down, &s.up)
		if first {
			s.serving(c)
			s.leave()
		} else {
			s.leave()
			s.serving(c)
		}
		if got := inst.allEvents(); !slices.Equal(got, []event{{eventCancel, 7}}) {
			t.Errorf("left first: %v: got events %v", first, got)
		}
		if inst.overdue.calls != 1 {
			t.Errorf("%d calls are overdue", inst.overdue.calls)
		}
	}
}

// Ends that send and receive as fast as they can, in both directions: nothing is lost, nothing changes places, and nobody waits for
// what has come already.
func TestStream_hammer(t *testing.T) {
	const streams, messages = 8, 3000
	checkGoroutines(t)
	var group sync.WaitGroup
	for n := range streams {
		s, client, server := newTestStream(t)
		// Each end has two goroutines, which an event is for.
		wait := map[*queue][2]chan struct{}{}
		for _, q := range []*queue{&s.up, &s.down} {
			wait[q] = [2]chan struct{}{make(chan struct{}, 1), make(chan struct{}, 1)}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		t.Cleanup(cancel)
		split := func(e *end, channels ...chan struct{}) {
			group.Go(func() {
				for {
					select {
					case <-e.woken:
					case <-s.ctx.Done():
						return
					}
					for _, c := range channels {
						select {
						case c <- struct{}{}:
						default:
						}
					}
				}
			})
		}
		split(client, wait[&s.up][0], wait[&s.down][1])
		split(server, wait[&s.down][0], wait[&s.up][1])
		var ends sync.WaitGroup
		for i, q := range []*queue{&s.up, &s.down} {
			send, receive := wait[q][0], wait[q][1]
			ends.Go(func() {
				r := rand.New(rand.NewPCG(uint64(n), uint64(i)))
				for number := range messages {
					for {
						s.mu.Lock()
						state := s.mayPut(q)
						m := new(parcel)
						if state == streamDone {
							m = q.empty()
						}
						s.mu.Unlock()
						if state == streamDone {
							m.size, m.wire = r.IntN(window/16), fmt.Append(nil, number)
							s.put(q, m)
							break
						}
						select {
						case <-send:
						case <-ctx.Done():
							t.Error("a sender was not woken")
							return
						}
					}
					if r.IntN(100) == 0 {
						runtime.Gosched()
					}
				}
				s.closeQueue(q)
			})
			ends.Go(func() {
				r := rand.New(rand.NewPCG(uint64(i), uint64(n)))
				next := 0
				var buf [maxBatch]*parcel
				for {
					k, state := s.take(q, buf[:1+r.IntN(maxBatch)], batchBytes)
					for _, m := range buf[:k] {
						if string(m.wire) != fmt.Sprint(next) {
							t.Errorf("got message %s, want %d", m.wire, next)
							return
						}
						next++
					}
					s.recycle(q, buf[:k])
					switch state {
					case streamOver:
						if next != messages {
							t.Errorf("got %d messages, want %d", next, messages)
						}
						return
					case streamBlocked:
						select {
						case <-receive:
						case <-ctx.Done():
							t.Error("a receiver was not woken")
							return
						}
					}
				}
			})
		}
		group.Go(func() {
			ends.Wait()
			s.end(nil, nil)
		})
	}
	group.Wait()
}

// Calls that end or are left at any moment: whoever waits is told.
func TestStream_hammerEnd(t *testing.T) {
	checkGoroutines(t)
	for n := range 300 {
		s, client, server := newTestStream(t)
		var group sync.WaitGroup
		receive := func(q *queue, e *end) {
			var buf [maxBatch]*parcel
			for {
				switch _, state := s.take(q, buf[:], batchBytes); state {
				case streamOver, streamFailed:
					return
				case streamBlocked:
					select {
					case <-e.woken:
					case <-time.After(time.Minute):
						t.Error("a receiver was not woken")
						return
					}
				}
			}
		}
		send := func(q *queue, e *end) {
			for {
				s.mu.Lock()
				state := s.mayPut(q)
				s.mu.Unlock()
				switch state {
				case streamDone:
					s.put(q, sized(window/4))
				case streamBlocked:
					select {
					case <-e.woken:
					case <-time.After(time.Minute):
						t.Error("a sender was not woken")
						return
					}
				default:
					return
				}
			}
		}
		// The client sends to a server that does not receive, or the other way round.
		switch n % 3 {
		case 0:
			group.Go(func() { send(&s.up, client) })
			group.Go(func() { s.end(nil, nil) })
		case 1:
			group.Go(func() { send(&s.down, server) })
			group.Go(s.leave)
		default:
			group.Go(func() { receive(&s.down, client) })
			group.Go(func() { s.end(nil, nil) })
		}
		group.Wait()
	}
}
