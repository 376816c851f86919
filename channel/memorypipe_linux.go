package channel

import (
	"context"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// memoryPipe is the pipe of kind Memory. At most one goroutine at a time, the leader, looks at the ring in which the peer writes: one that
// waits for something, or a worker. What it finds for others it hands to them. When it has what it wants another one takes over, which
// costs nothing if that one sleeps already: the peer then wakes that one.
//
// If nobody leads, the word wait of the ring says how to wake somebody, or it is awake and a worker is on its way, which calls attend or
// leave.
type memoryPipe struct {
	c      *Conn
	m      *memory
	socket *socket
	files  filesQueue
	outbox

	// users counts those who use the memory, with one for the pipe itself until it is stopped; the last one unmaps it.
	users    atomic.Int64
	unmap    sync.Once
	stopping atomic.Bool
	// draining is set when the peer is gone, and drained closed when what it has sent before was read.
	draining atomic.Bool
	drained  chan struct{}

	callers, workers, writers spinner

	mu  sync.Mutex
	led bool
	// idle are the bells of workers that sleep, and unused those that nobody sleeps at.
	idle, unused []int
	// followers wait for the leader to hand something to them, or to become the leader, the first first.
	followers waiterList
	// watched are channels which a goroutine watches for those who sleep.
	watched map[<-chan struct{}]struct{}
}

const (
	// leaderBell is the bell at which the leader sleeps; the others are for workers.
	leaderBell = bells - 1
	// mostIdle is how many workers sleep at most.
	mostIdle = 3
)

// drainTime bounds how long the end of a channel waits for the leader to read what the peer has sent before it ended, who may have no
// processor to do so. Whether there is a leader still is looked at every drainStep.
const (
	drainTime = 30 * time.Second
	drainStep = 10 * time.Millisecond
)

func newMemoryPipe(c *Conn, s *socket, m *memory) pipe {
	p := &memoryPipe{c: c, m: m, socket: s, drained: make(chan struct{}), watched: map[<-chan struct{}]struct{}{}}
	p.files.c = c
	p.users.Store(1)
	for k := range leaderBell {
		p.unused = append(p.unused, leaderBell-1-k)
	}
	p.outbox.init(p, c)
	return p
}

func (p *memoryPipe) start() {
	go func() {
		receive := func(h header, b []byte) error {
			if h.kind != kindBell || h.total != 0 {
				return violation("a frame of kind %d on the socket", h.kind)
			}
			p.c.summon()
			return nil
		}
		err := p.socket.receiveAll(receive, func() error { return nil }, p.files.add)
		p.drain()
		p.c.fail(err)
	}()
}

// enter is called before the memory is used by one who does not hold the outbox' mutex, and exit afterwards, if it has returned true.
func (p *memoryPipe) enter() bool {
	if p.users.Add(1) > 1 && !p.stopping.Load() {
		return true
	}
	p.exit()
	return false
}

func (p *memoryPipe) exit() {
	if p.users.Add(-1) == 0 {
		p.unmap.Do(p.m.unmap)
	}
}

// stop wakes everybody who sleeps.
func (p *memoryPipe) stop() {
	p.outbox.close()
	p.stopping.Store(true)
	p.mu.Lock()
	for _, bell := range p.m.in.bells {
		bell.Add(1)
		futexWake(bell)
	}
	p.m.out.room.Add(1)
	futexWake(p.m.out.room)
	p.mu.Unlock()
	p.socket.close()
	p.exit()
}

// drain has what the peer has sent before it ended read.
func (p *memoryPipe) drain() {
	if !p.enter() {
		return
	}
	defer p.exit()
	p.draining.Store(true)
	timer, step := time.NewTimer(drainTime), time.NewTicker(drainStep)
	defer timer.Stop()
	defer step.Stop()
	for !p.drainAlone() {
		p.nudge()
		select {
		case <-p.drained:
			return
		case <-timer.C:
			return
		case <-p.c.done:
			return
		case <-step.C: // the leader may have gone without another look
		}
	}
}

// drainAlone reads what there is if nobody else does.
func (p *memoryPipe) drainAlone() bool {
	p.mu.Lock()
	led := p.led
	p.led = true
	p.mu.Unlock()
	if led {
		return false
	}
	p.take()
	p.depart()
	return true
}

func (p *memoryPipe) put(h header, g *gather) bool {
	done, ok := p.m.out.put(h, g)
	if !ok {
		go p.c.fail(violation("an index that makes no sense"))
	}
	return done
}

func (p *memoryPipe) mustFlush(h header) bool {
	r := &p.m.out
	switch how := r.wait.Load(); {
	case how == awake:
		return false
	case how&isLent == 0 || h.kind != kindMessage && h.kind != kindMore:
		return true
	default:
		return (how&lentAnswers != 0) != (h.flags&flagAnswer != 0) || r.lent.Load() != h.id
	}
}

// flush has the peer look at what was put.
func (p *memoryPipe) flush() {
	if !p.enter() {
		return
	}
	r := &p.m.out
	if how := r.wait.Load(); how != awake && r.wait.CompareAndSwap(how, awake) {
		switch how &= howToWake; { // which the peer may have made anything
		case firstBell <= how && how < firstBell+bells:
			bell := r.bells[how-firstBell]
			bell.Add(1)
			futexWake(bell)
		case how == bySocket:
			p.socket.bell()
		}
	}
	p.exit()
}

func (p *memoryPipe) settle(ctx context.Context) error {
	if err := p.outbox.settle(ctx); err != nil {
		return err
	}
	return p.socket.settle(ctx) // bells and files
}

// room waits until the peer has read something. Only the one whose turn it is calls it.
func (p *memoryPipe) room(ctx context.Context, closed <-chan struct{}) error {
	if !p.enter() {
		return ErrClosed
	}
	defer p.exit()
	r := &p.m.out
	grown := func() bool { return r.head.Load() != r.seen }
	if p.writers.spin(p, grown) {
		return nil
	}
	value := r.room.Load()
	r.want.Store(1)
	stop := p.alarm(ctx, closed, p.nudgeWriter)
	defer stop()
	switch {
	case p.stopping.Load():
		return ErrClosed
	case grown():
		return nil
	}
	if err := given(ctx, closed); err != nil {
		return err
	}
	futexWait(r.room, value)
	return given(ctx, closed)
}

// given returns why one who waits gives up, if it does.
func given(ctx context.Context, closed <-chan struct{}) error {
	select {
	case <-closed:
		return ErrAbandoned
	default:
		return ctx.Err()
	}
}

// alarm has wake called when ctx ends or closed is closed, until stop is called.
func (p *memoryPipe) alarm(ctx context.Context, closed <-chan struct{}, wake func()) (stop func()) {
	if closed != nil {
		p.watch(closed)
	}
	if ctx.Done() == nil {
		return func() {}
	}
	s := context.AfterFunc(ctx, wake)
	return func() { s() }
}

// watch wakes those who sleep when closed is closed. The goroutine that does so serves all calls with the same channel.
func (p *memoryPipe) watch(closed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, watched := p.watched[closed]; watched {
		return
	}
	p.watched[closed] = struct{}{}
	go func() {
		select {
		case <-closed:
		case <-p.c.done:
		}
		p.mu.Lock()
		delete(p.watched, closed)
		p.mu.Unlock()
		p.nudge()
		p.nudgeWriter()
	}()
}

func (p *memoryPipe) nudge() { p.ring(p.m.in.bells[leaderBell]) }

func (p *memoryPipe) nudgeWriter() { p.ring(p.m.out.room) }

func (p *memoryPipe) ring(bell *atomic.Uint32) {
	if p.enter() {
		bell.Add(1)
		futexWake(bell)
		p.exit()
	}
}

func (p *memoryPipe) sendFiles(tag []byte, files []*os.File) error {
	return p.socket.sendFiles(tag, files)
}
