package channel

import (
	"context"
	"errors"
	"sync"
)

// outbox lets many write to a pipe. Frames of one goroutine keep their order, posted ones included, and nobody who needs much room is
// overtaken for ever by those who need little.
type outbox struct {
	sink sink
	fail func(error)
	done <-chan struct{}

	mu sync.Mutex
	// behind counts those who found no room, posted frames being one; while there are any, all others wait behind them.
	behind int
	posted []postedFrame
	// kept is what posted frames have in bytes.
	kept   int
	closed bool
	// turn has one element if nobody waits for room.
	turn chan struct{}
}

// mostKept bounds what is kept for a peer that does not read.
const mostKept = 64 << 20

type postedFrame struct {
	header header
	body   []byte
}

// sink is where the frames of an outbox go.
type sink interface {
	// put writes a frame if there is room. The outbox is locked.
	put(h header, g *gather) bool
	// mustFlush says that the peer gets a frame that was just put only if flush is called. The outbox is locked.
	mustFlush(h header) bool
	// flush sees to it that the peer gets what was put.
	flush()
	// room waits until there may be more room. One goroutine at a time calls it.
	room(ctx context.Context, closed <-chan struct{}) error
}

func (o *outbox) init(s sink, c *Conn) {
	o.sink, o.fail, o.done, o.turn = s, c.fail, c.done, make(chan struct{}, 1)
	o.turn <- struct{}{}
}

// try sends a frame if there is room.
func (o *outbox) try(h header, g *gather) bool {
	o.mu.Lock()
	sent := !o.closed && o.behind == 0 && o.sink.put(h, g)
	flush := sent && o.sink.mustFlush(h)
	o.mu.Unlock()
	if flush {
		o.sink.flush()
	}
	return sent
}

func (o *outbox) send(ctx context.Context, closed <-chan struct{}, h header, g *gather) error {
	if o.try(h, g) {
		return nil
	}
	o.mu.Lock()
	o.behind++
	o.mu.Unlock()
	return o.sendBehind(ctx, closed, func() bool { return o.sink.put(h, g) })
}

// sendBehind waits for its turn and for room. What was posted goes first.
func (o *outbox) sendBehind(ctx context.Context, closed <-chan struct{}, put func() bool) error {
	select {
	case <-o.turn:
	default:
		select {
		case <-o.turn:
		case <-ctx.Done():
			return o.giveUp(ctx.Err())
		case <-closed:
			return o.giveUp(ErrAbandoned)
		case <-o.done:
			return o.giveUp(ErrClosed)
		}
	}
	defer func() { o.turn <- struct{}{} }()
	for {
		o.mu.Lock()
		if o.closed {
			o.behind--
			o.mu.Unlock()
			return ErrClosed
		}
		sent := o.putPosted() && put()
		if sent {
			o.behind--
		}
		o.mu.Unlock()
		o.sink.flush()
		if sent {
			return nil
		}
		if err := o.sink.room(ctx, closed); err != nil {
			return o.giveUp(err)
		}
	}
}

func (o *outbox) giveUp(err error) error {
	o.mu.Lock()
	o.behind--
	o.mu.Unlock()
	return err
}

// putPosted writes what was posted and returns whether that was all. The outbox is locked.
func (o *outbox) putPosted() bool {
	for len(o.posted) > 0 {
		p := &o.posted[0]
		if !o.sink.put(p.header, &gather{parts: [5][]byte{p.body}}) {
			return false
		}
		o.kept -= len(p.body) + headerSize
		*p = postedFrame{}
		o.posted = o.posted[1:]
	}
	o.posted = nil
	return true
}

// post sends a body, and never waits.
func (o *outbox) post(h header, g *gather) {
	left := g.len()
	o.mu.Lock()
	if o.closed {
		o.mu.Unlock()
		return
	}
	for first := true; first || left > 0; first = false {
		h := h.next(left, first)
		left -= int(h.size)
		if o.behind == 0 && o.sink.put(h, g) {
			continue
		}
		body := make([]byte, h.size)
		g.take(body)
		if len(o.posted) == 0 {
			o.behind++
			go o.sendBehind(context.Background(), nil, func() bool { return true })
		}
		o.posted = append(o.posted, postedFrame{h, body})
		o.kept += len(body) + headerSize
	}
	tooMuch := o.kept > mostKept
	o.mu.Unlock()
	if tooMuch {
		go o.fail(errors.New("channel: the peer does not read what is sent to it"))
	}
	o.sink.flush()
}

// settle waits until what was posted was put.
func (o *outbox) settle(ctx context.Context) error {
	o.mu.Lock()
	behind := len(o.posted) > 0
	if behind {
		o.behind++
	}
	o.mu.Unlock()
	if !behind {
		return nil
	}
	return o.sendBehind(ctx, nil, func() bool { return true })
}

// close has all that is sent from now on fail. Those who wait are told by done.
func (o *outbox) close() {
	o.mu.Lock()
	o.closed = true
	o.posted = nil
	o.mu.Unlock()
}
