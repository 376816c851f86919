package host

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// watch ends guests that go on for too long after their call has ended: its client has gone, or its deadline has passed. Natively a
// handler may take its time to notice; here it would keep an instance, and a processor, forever.
type watch struct {
	// overrun is how long a guest may go on.
	overrun time.Duration

	mu     sync.Mutex
	calls  map[*outsideCall]struct{}
	runs   map[*backgroundRun]struct{}
	looked time.Time // last
	done   chan struct{}
	group  sync.WaitGroup
}

// outsideCall is a call from outside while guests are running for it.
type outsideCall struct {
	ctx context.Context
	// running is the instance that serves it.
	running edgeEnd
	ended   time.Time // when the context was first seen to be done
}

// backgroundRun is an instance that runs because of an event.
type backgroundRun struct {
	running edgeEnd
	inst    *instance
	began   time.Time
}

// overdue is about the calls in an instance for which nobody waits any more. It is safe for concurrent use.
type overdue struct {
	mu    sync.Mutex
	calls int
	since time.Time
}

func (o *overdue) begin() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.calls++; o.calls == 1 {
		o.since = time.Now()
	}
}

func (o *overdue) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls--
}

// postpone is for a time that does not count.
func (o *overdue) postpone(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.since = o.since.Add(d)
}

// isFor says whether there have been such calls for a time.
func (o *overdue) isFor(d time.Duration, now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.calls > 0 && now.Sub(o.since) >= d
}

// edgeEnd is the instance at the far end of a call, nil when there is no call.
//
// Whoever waits for the instance takes it out when it has returned. Before the instance is stopped, it is replaced by claimed: that
// makes the waiting one ask, with [watch.returned], so that what is stopped is not an instance which meanwhile serves another call.
type edgeEnd struct {
	p atomic.Pointer[instance]
	// stopped is the instance while it is claimed because it was told to stop. It is guarded by the mutex of the watch.
	stopped *instance
}

var claimed = new(instance)

var errOverrun = errors.New("it went on for too long after its call had been cancelled or its deadline had passed")

// watchInterval is how often calls are looked at, if overrun is not shorter.
const watchInterval = 100 * time.Millisecond

func newWatch(overrun time.Duration) *watch {
	w := &watch{overrun: overrun, calls: map[*outsideCall]struct{}{}, runs: map[*backgroundRun]struct{}{}, done: make(chan struct{})}
	w.group.Go(func() {
		tick := time.NewTicker(w.interval())
		defer tick.Stop()
		for {
			select {
			case now := <-tick.C:
				w.look(now)
			case <-w.done:
				return
			}
		}
	})
	return w
}

func (w *watch) interval() time.Duration { return min(watchInterval, w.overrun) }

func (w *watch) close() {
	close(w.done)
	w.group.Wait()
}

// begin says that an instance runs for a call from outside.
func (w *watch) begin(ctx context.Context, inst *instance) *outsideCall {
	c := &outsideCall{ctx: ctx}
	c.running.p.Store(inst)
	w.mu.Lock()
	w.calls[c] = struct{}{}
	w.mu.Unlock()
	return c
}

// end says that the instance has returned. It reports whether the instance was stopped.
func (w *watch) end(c *outsideCall, inst *instance) (stopped bool) {
	w.mu.Lock()
	delete(w.calls, c)
	w.mu.Unlock()
	return inst.stopped
}

// returned says that an instance at the end of a call has returned. It reports whether it was stopped.
func (w *watch) returned(e *edgeEnd, inst *instance) (stopped bool) {
	if e.p.Swap(nil) == inst {
		return false
	}
	w.mu.Lock() // until it has been decided
	defer w.mu.Unlock()
	e.stopped = nil
	return inst.stopped
}

// run calls an instance, for nobody who waits for it.
func (w *watch) run(inst *instance, call func() error) error {
	r := &backgroundRun{inst: inst, began: time.Now()}
	r.running.p.Store(inst)
	w.mu.Lock()
	w.runs[r] = struct{}{}
	w.mu.Unlock()
	err := call()
	w.mu.Lock()
	delete(w.runs, r)
	w.mu.Unlock()
	if inst.stopped {
		err = errOverrun
	}
	return err
}

// stopRuns stops all instances that run because of an event.
func (w *watch) stopRuns() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for r := range w.runs {
		w.stop(&r.running)
	}
}

// hasStopped says whether an instance, which is executing, was told to stop.
func (w *watch) hasStopped(inst *instance) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return inst.stopped
}

func (w *watch) look(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	held := w.held(now)
	for c := range w.calls {
		if c.ctx.Err() == nil {
			continue
		}
		if c.ended.IsZero() {
			c.ended = now
			continue
		}
		c.ended = c.ended.Add(held)
		if now.Sub(c.ended) >= w.overrun {
			w.stop(&c.running)
			c.ended = now // Its caller is given as much time, and so on.
		}
	}
	// A guest may run in the background for as long as it likes, unless it holds up calls.
	for r := range w.runs {
		r.began = r.began.Add(held)
		r.inst.overdue.postpone(held)
		if now.Sub(r.began) >= w.overrun && r.inst.overdue.isFor(w.overrun, now) {
			w.stop(&r.running)
			r.began = now
		}
	}
}

// held returns for how long the watch was held up since it has last looked. Then guests were too, as the process or the machine was stopped,
// or had other things to do: it does not count.
func (w *watch) held(now time.Time) time.Duration {
	last := w.looked
	w.looked = now
	if last.IsZero() {
		return 0
	}
	return max(0, now.Sub(last)-2*w.interval())
}

// stop stops the instance that is executing: the last one in a chain of calls. The others wait for it. An instance stays claimed
// when it is stopped, so that it is stopped once, and whoever waits for it hears of it.
func (w *watch) stop(e *edgeEnd) {
	if e.stopped != nil {
		// It may have made a call before it noticed.
		w.stop(&e.stopped.calling)
		return
	}
	inst := e.p.Load()
	if inst == nil || !e.p.CompareAndSwap(inst, claimed) {
		return
	}
	if inst.calling.p.Load() != nil {
		w.stop(&inst.calling)
		e.p.CompareAndSwap(claimed, inst)
		return
	}
	e.stopped, inst.stopped = inst, true
	inst.iso.Stop()
}
