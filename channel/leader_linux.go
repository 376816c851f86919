package channel

import (
	"cmp"
	"context"
	"runtime"
	"slices"
)

// claim makes the caller the leader, if there is none, and has the peer know that it need not wake anybody.
func (p *memoryPipe) claim() bool {
	p.mu.Lock()
	free := !p.led
	p.led = true
	p.mu.Unlock()
	if free && p.m.in.wait.Load() != awake {
		p.m.in.wait.Store(awake)
	}
	return free
}

// call leads from before the frame is sent: the peer may answer before this goroutine does anything else, and would wake another one.
func (p *memoryPipe) call(ctx context.Context, closed <-chan struct{}, h header, g *gather, w *waiter) (sent bool, err error) {
	if !p.enter() {
		return false, ErrClosed
	}
	if p.claim() {
		if p.try(h, g) {
			err := p.lead(ctx, closed, w)
			p.exit()
			return true, err
		}
		p.depart()
	}
	p.exit()
	if err := p.send(ctx, closed, h, g); err != nil {
		return false, err
	}
	return true, p.await(ctx, closed, w)
}

// reply leads while the frame is sent, for the same reason. If the peer has sent something meanwhile, the worker that replies is left to
// find it: it looks as soon as Serve returns, and if that takes long, one that sleeps does when longestWait is over.
func (p *memoryPipe) reply(h header, g *gather) bool {
	if !p.enter() {
		return false
	}
	defer p.exit()
	leads := p.claim()
	sent := p.try(h, g)
	if leads {
		p.mu.Lock()
		if p.followers.empty() && len(p.idle) > 0 && !p.m.in.empty() {
			p.led = false
		} else {
			p.release()
		}
		p.mu.Unlock()
	}
	return sent
}

func (p *memoryPipe) await(ctx context.Context, closed <-chan struct{}, w *waiter) error {
	for !w.fired() {
		if !p.enter() {
			return p.ended(ctx, closed, w)
		}
		p.mu.Lock()
		if !p.led {
			p.led = true
			p.mu.Unlock()
			err := p.lead(ctx, closed, w)
			p.exit()
			return err
		}
		p.followers.add(w)
		p.mu.Unlock()
		err := p.parked(ctx, closed, w)
		p.mu.Lock()
		promoted := w.promoted
		w.promoted = false
		if !promoted {
			p.followers.remove(w)
		}
		p.mu.Unlock()
		w.unpark()
		if promoted && (err != nil || w.fired()) {
			p.depart()
			promoted = false
		}
		if promoted {
			err := p.lead(ctx, closed, w)
			p.exit()
			return err
		}
		p.exit()
		if err != nil {
			return err
		}
	}
	return nil
}

// ended waits until w is fired by whoever has stopped the pipe.
func (p *memoryPipe) ended(ctx context.Context, closed <-chan struct{}, w *waiter) error {
	for !w.fired() {
		if err := p.parked(ctx, closed, w); err != nil {
			return err
		}
	}
	return nil
}

// parked waits for a sign by the leader, which may be for nothing.
func (p *memoryPipe) parked(ctx context.Context, closed <-chan struct{}, w *waiter) error {
	if !w.park() {
		return nil
	}
	select {
	case <-w.wake:
		return nil
	case <-ctx.Done():
		return w.unless(ctx.Err())
	case <-closed:
		return w.unless(ErrAbandoned)
	}
}

// lead looks at the ring until w is fired, and then has somebody else do so.
func (p *memoryPipe) lead(ctx context.Context, closed <-chan struct{}, w *waiter) error {
	others := false
	for {
		n, stopped := p.read()
		if n > 0 {
			p.c.hire()
			others = true
		}
		if w.fired() {
			p.lend(w)
			return nil
		}
		if stopped {
			p.depart()
			return p.ended(ctx, closed, w)
		}
		if n > 0 {
			continue
		}
		if err := given(ctx, closed); err != nil {
			p.depart()
			return w.unless(err)
		}
		if others {
			// They are on this processor, and make more to wait for.
			others = false
			runtime.Gosched()
			continue
		}
		if w.patient || !p.callers.spin(p, func() bool { return !p.m.in.empty() || w.fired() }) {
			p.sleep(ctx, closed, w)
		}
	}
}

// read takes what is in the ring. The caller is the leader. stopped says that the channel was closed.
func (p *memoryPipe) read() (n int, stopped bool) {
	r := &p.m.in
	if r.wait.Load() != awake {
		r.wait.Store(awake)
	}
	n, err := p.take()
	if err != nil {
		p.c.fail(err)
	}
	if p.draining.Load() && p.draining.CompareAndSwap(true, false) {
		p.take()
		close(p.drained)
	}
	return n, p.stopping.Load()
}

// take receives what is in the ring. The caller is the leader.
func (p *memoryPipe) take() (n int, err error) {
	n, err = p.m.in.read(p.c.receive)
	return n, cmp.Or(err, p.c.received())
}

// sleep lets the leader sleep until there is something to read, w is fired, or given would return an error; or for nothing.
func (p *memoryPipe) sleep(ctx context.Context, closed <-chan struct{}, w *waiter) {
	r := &p.m.in
	bell := r.bells[leaderBell]
	value := bell.Load()
	r.wait.Store(firstBell + leaderBell)
	if !r.empty() || !w.sleep() {
		return
	}
	stop := p.alarm(ctx, closed, p.nudge)
	if given(ctx, closed) == nil && !p.stopping.Load() && !p.draining.Load() {
		futexWait(bell, value)
	}
	stop()
	w.unsleep()
}

// lendTries is how often what has come meanwhile is read before the ring is lent.
const lendTries = 4

// lend is depart for one who was handed what it waited for. If those are messages of a stream it is about to look at the ring again, and
// nobody need be woken for more messages of that stream until then: the ring is lent to the stream. All else that the peer sends ends that.
// Messages that nobody looks for remain in the ring, in which there is room for more than a stream's window.
func (p *memoryPipe) lend(w *waiter) {
	r := &p.m.in
	for try := 0; w.messages.borrows() && try < lendTries; try++ {
		s := w.messages
		p.mu.Lock()
		if !p.followers.empty() {
			p.mu.Unlock()
			break
		}
		p.led = false
		how := p.sleeper() | isLent
		if s.answer == 0 {
			how |= lentAnswers
		}
		r.lent.Store(s.id)
		r.wait.Store(how)
		if r.empty() || !r.wait.CompareAndSwap(how, awake) {
			p.mu.Unlock()
			return
		}
		p.led = true
		p.mu.Unlock()
		n, stopped := p.read()
		if n > 0 {
			p.c.hire()
		}
		if stopped {
			break
		}
	}
	p.depart()
}

// lent says whether the ring is lent: the leader will be back. The pipe is locked.
func (p *memoryPipe) lent() bool { return p.m.in.wait.Load()&isLent != 0 && !p.stopping.Load() }

// sleeper says how the peer wakes a worker. The pipe is locked.
func (p *memoryPipe) sleeper() uint32 {
	if n := len(p.idle); n > 0 {
		return firstBell + uint32(p.idle[n-1])
	}
	return bySocket
}

// depart has somebody else look at the ring. The caller is the leader.
func (p *memoryPipe) depart() {
	p.mu.Lock()
	p.release()
	p.mu.Unlock()
}

// release is depart with the pipe locked.
func (p *memoryPipe) release() {
	if w := p.followers.first; w != nil {
		p.followers.remove(w)
		w.promoted = true
		w.nudge()
		return
	}
	p.led = false
	r := &p.m.in
	how := p.sleeper()
	r.wait.Store(how)
	if !r.empty() && r.wait.CompareAndSwap(how, awake) {
		p.c.summon()
	}
}

// leave is called by a worker before it serves a call, if no other worker is on its way.
func (p *memoryPipe) leave() {
	if !p.enter() {
		return
	}
	p.mu.Lock()
	if !p.led && p.m.in.wait.Load() == awake {
		p.release()
	}
	p.mu.Unlock()
	p.exit()
}

// attend looks at the ring until there is a call to serve, or this worker is not needed.
func (p *memoryPipe) attend(served bool) bool {
	if !p.enter() {
		return false
	}
	defer p.exit()
	for {
		p.mu.Lock()
		if !p.led && !p.lent() {
			p.led = true
			p.mu.Unlock()
			if found, stopped := p.look(); found || stopped {
				return found
			}
			p.mu.Lock()
			if !p.followers.empty() {
				p.release()
			} else {
				p.led = false
			}
		}
		// One that waits until the leader departs is enough, if there are no others that have served.
		enough := 1
		if served {
			enough = mostIdle
		}
		if len(p.idle) >= enough {
			if !p.led && !p.lent() {
				p.release()
			}
			p.mu.Unlock()
			return false
		}
		if !p.doze() {
			return false
		}
	}
}

// look has a worker look at the ring until there is a call, which it then serves, or nothing at all. In the latter case it is the leader
// still.
func (p *memoryPipe) look() (found, stopped bool) {
	others := false
	for {
		n, stopped := p.read()
		others = others || n > 0
		if stopped {
			p.depart()
			return false, true
		}
		if p.c.work.any() {
			p.mu.Lock()
			if p.followers.empty() {
				// It calls leave, or another one is on its way.
				p.led = false
			} else {
				p.release()
			}
			p.mu.Unlock()
			return true, false
		}
		switch {
		case n > 0:
		case others:
			others = false
			runtime.Gosched()
		case !p.workers.spin(p, func() bool { return !p.m.in.empty() }):
			return false, false
		}
	}
}

// doze lets a worker sleep. The pipe is locked when it is called, and not when it returns. It returns false if nothing has happened for
// long.
func (p *memoryPipe) doze() bool {
	r := &p.m.in
	last := len(p.unused) - 1
	k := p.unused[last]
	p.unused = p.unused[:last]
	p.idle = append(p.idle, k)
	bell := r.bells[k]
	value := bell.Load()
	sleeps := !p.stopping.Load()
	if !p.led && !p.lent() {
		how := firstBell + uint32(k)
		r.wait.Store(how)
		sleeps = sleeps && (r.empty() || !r.wait.CompareAndSwap(how, awake))
	}
	if sleeps {
		p.mu.Unlock()
		futexWait(bell, value)
		p.mu.Lock()
	}
	defer p.mu.Unlock()
	p.idle = slices.DeleteFunc(p.idle, func(o int) bool { return o == k })
	p.unused = append(p.unused, k)
	how := r.wait.Load()
	mine := how&howToWake == firstBell+uint32(k)
	if !sleeps || bell.Load() != value || p.stopping.Load() {
		if mine {
			// The bell was rung for what came before the ring was lent. Nobody sleeps at it any more, so the loan is over.
			r.wait.CompareAndSwap(how, awake)
		}
		return true
	}
	if !p.led && mine && r.wait.CompareAndSwap(how, awake) {
		p.release()
		return false
	}
	// If it is awake the peer is about to ring the bell.
	return !p.led && r.wait.Load() == awake
}
