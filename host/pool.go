package host

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// pool holds the instances of a function. Whoever takes an instance owns it: nobody else runs it or touches what belongs to it. A
// call takes an instance that does nothing, or one in which other calls are waiting, or a new one, or waits for one.
//
// A call from another function holds an instance of its caller, so that waiting could deadlock (A calls B calls A). It waits only if
// its caller can give its instance away meanwhile, which guests that do not know how to wait cannot: their calls get an instance
// beyond the maximum if need be.
type pool struct {
	create func(ctx context.Context, depth int) (*instance, error)
	max    int

	mu sync.Mutex
	// idle instances have nothing to do; in parked ones calls are waiting. The last one was used last, so that its memory is warm.
	idle, parked []*instance
	total        int
	waiting      []chan *instance
	closed       bool
	// settling says that settler is going to run.
	settling bool
	settler  *time.Timer
	// lingering counts the instances that linger, and wanted those who wait for one of them.
	lingering, wanted atomic.Int32
	// queued is how many calls wait.
	queued atomic.Int32
	// runs counts the instances that run because of an event, and whoever reads from a client, which may have an instance run.
	runs sync.WaitGroup
}

// place is where an instance is.
type place int

const (
	owned place = iota
	inIdle
	inParked
)

var (
	errStopped = errors.New("the host is stopping")
	errDeaf    = errors.New("the guest takes no events when it is resumed")
)

// now is get for a call that does not wait: it returns nil if there is no instance, unless there must be one, beyond the maximum if
// need be.
func (p *pool) now(ctx context.Context, depth int, must bool) (*instance, error) {
	p.mu.Lock()
	if n := len(p.idle) - 1; n >= 0 { // so it is not closed
		inst := p.idle[n]
		p.idle[n] = nil
		p.idle = p.idle[:n]
		inst.place = owned
		inst.uses++
		p.mu.Unlock()
		inst.depth = depth
		return inst, nil
	}
	defer p.mu.Unlock()
	return p.obtain(ctx, depth, must)
}

// obtain takes an instance, or makes one, which it may do beyond the maximum. It returns nil if there is none. The caller holds mu, which
// may be released meanwhile.
func (p *pool) obtain(ctx context.Context, depth int, beyond bool) (*instance, error) {
	inst := (*instance)(nil)
	if !p.closed {
		inst = p.available()
	}
	switch {
	case inst != nil:
		p.take(inst)
		inst.depth = depth
		return inst, nil
	case p.closed: // perhaps meanwhile
		return nil, errStopped
	case !beyond && p.total >= p.max:
		return nil, nil
	}
	p.total++
	p.mu.Unlock()
	defer p.mu.Lock()
	return p.make(ctx, depth)
}

// get returns an instance for a call at a depth, 0 being on a thread of its own. The caller returns it with put or discard.
func (p *pool) get(ctx context.Context, depth int) (*instance, error) {
	p.mu.Lock()
	if inst, err := p.obtain(ctx, depth, false); inst != nil || err != nil {
		p.mu.Unlock()
		return inst, err
	}
	ready := make(chan *instance, 1)
	p.waiting = append(p.waiting, ready)
	p.queued.Add(1)
	defer p.queued.Add(-1)
	p.mu.Unlock()
	select {
	case inst, ok := <-ready:
		return p.woken(ctx, inst, ok, depth)
	case <-ctx.Done():
	}
	p.mu.Lock()
	for i, w := range p.waiting {
		if w == ready {
			p.waiting = append(p.waiting[:i], p.waiting[i+1:]...)
			p.mu.Unlock()
			return nil, ctx.Err()
		}
	}
	p.mu.Unlock()
	// Somebody has already answered: pass it on.
	if inst, ok := <-ready; ok {
		if inst != nil {
			p.put(inst)
		} else {
			p.lost()
		}
	}
	return nil, ctx.Err()
}

// available is the instance for the next call, or nil. The caller holds mu, which may be released meanwhile.
func (p *pool) available() *instance {
	if inst := p.last(); inst != nil {
		return inst
	}
	return p.awaitLingering()
}

// last is the instance that was returned last, or nil.
func (p *pool) last() *instance {
	if n := len(p.idle); n > 0 {
		return p.idle[n-1]
	}
	if n := len(p.parked); n > 0 {
		return p.parked[n-1]
	}
	return nil
}

// take makes the caller, who holds mu, the owner of an instance that has none.
func (p *pool) take(inst *instance) {
	list := &p.idle
	if inst.place == inParked {
		list = &p.parked
	}
	n := len(*list) - 1
	moved := (*list)[n]
	(*list)[inst.index], moved.index = moved, inst.index
	(*list)[n] = nil
	*list = (*list)[:n]
	inst.place = owned
	inst.uses++
}

// woken turns what a waiting call was sent into an instance: one that was returned, or, as nil, the right to make one.
func (p *pool) woken(ctx context.Context, inst *instance, ok bool, depth int) (*instance, error) {
	switch {
	case !ok:
		return nil, errStopped
	case inst == nil:
		return p.make(ctx, depth)
	default:
		inst.depth = depth
		return inst, nil
	}
}

// make makes an instance that total already counts.
func (p *pool) make(ctx context.Context, depth int) (*instance, error) {
	inst, err := p.create(ctx, depth)
	if err != nil {
		p.lost()
		return nil, err
	}
	return inst, nil
}

// put returns an instance that is whole. If there are events for it, it runs first.
func (p *pool) put(inst *instance) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		p.discard(inst, errStopped)
		return
	}
	if inst.moves {
		inst.moves = false
		inst.setEventList(append(inst.events, event{eventGoOn, 0}))
	}
	// Events and calls that wait take turns.
	if len(inst.events) > 0 && inst.resume != nil && !(inst.ran && len(p.waiting) > 0) {
		p.runs.Add(1)
		p.mu.Unlock()
		go p.run(inst)
		return
	}
	inst.ran = false
	if len(p.waiting) > 0 {
		w := p.waiting[0]
		p.waiting = p.waiting[1:]
		p.mu.Unlock()
		w <- inst
		return
	}
	if inst.wake != inst.armed {
		inst.arm(p)
	}
	if inst.isWaiting() {
		inst.place, inst.index = inParked, len(p.parked)
		p.parked = append(p.parked, inst)
	} else {
		inst.place, inst.index = inIdle, len(p.idle)
		p.idle = append(p.idle, inst)
	}
	if inst.unsettled && !p.settling {
		p.settleSoon()
	}
	p.mu.Unlock()
}

// post gives an instance an event. It runs as soon as nobody owns it.
func (p *pool) post(inst *instance, e event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if inst.dead || p.closed || inst.place != owned && inst.resume == nil {
		return
	}
	inst.setEventList(append(inst.events, e))
	if inst.place != owned {
		p.start(inst)
		return
	}
	if inst.news != nil {
		select {
		case inst.news <- struct{}{}:
		default: // it has not seen the last
		}
	}
}

// setEventList sets the events of an instance. The caller holds mu.
func (i *instance) setEventList(events []event) {
	i.events = events
	i.eventCount.Store(int32(len(events)))
}

// retract takes an event back of which the guest does not want to hear any more.
func (p *pool) retract(inst *instance, e event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	inst.setEventList(slices.DeleteFunc(inst.events, func(other event) bool { return other == e }))
}

// start takes an instance and lets it run. The caller holds mu.
func (p *pool) start(inst *instance) {
	p.take(inst)
	p.runs.Add(1)
	go p.run(inst)
}

// run lets an instance run until it can do no more, and returns it.
func (p *pool) run(inst *instance) {
	defer p.runs.Done()
	inst.depth = 0
	inst.heard()
	inst.ran = true
	told := inst.eventCount.Load() > 0
	inst.hears = false
	err := inst.fn.host.watch.run(inst, inst.run)
	if err == nil && told && !inst.hears {
		err = errDeaf // it would run for ever
	}
	if err != nil {
		inst.fn.died(inst, err)
		return
	}
	p.put(inst)
}

// takeEvents moves events of an instance to buf, and says how many remain. The caller owns the instance.
func (p *pool) takeEvents(inst *instance, buf []event) (n, rest int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n = copy(buf, inst.events)
	inst.hears = inst.hears || n > 0
	inst.setEventList(inst.events[:copy(inst.events, inst.events[n:])])
	return n, len(inst.events)
}

// settleAfter is how long an instance has not been called before it runs to let its goroutines and timers do what calls have left to
// them. Until then nobody knows of them: a call that does not wait returns at once.
const settleAfter = 2 * time.Millisecond

// settleSoon makes sure that unsettled instances run. The caller holds mu.
func (p *pool) settleSoon() {
	p.settling = true
	if p.settler == nil {
		p.settler = time.AfterFunc(settleAfter, p.settle)
	} else {
		p.settler.Reset(settleAfter)
	}
}

// settle lets unsettled instances run that have not been used since the last time.
func (p *pool) settle() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.settling = false
	if p.closed {
		return
	}
	var quiet []*instance
	for _, list := range [][]*instance{p.idle, p.parked} {
		for _, inst := range list {
			if !inst.unsettled {
				continue
			}
			if inst.settleUses == inst.uses {
				quiet = append(quiet, inst)
			} else {
				inst.settleUses, p.settling = inst.uses, true
			}
		}
	}
	for _, inst := range quiet {
		p.start(inst)
	}
	if p.settling {
		p.settler.Reset(settleAfter)
	}
}

// discard closes an instance that is broken, or not needed any more: its calls fail with an error.
func (p *pool) discard(inst *instance, err error) {
	p.mu.Lock()
	inst.dead, inst.events = true, nil
	p.mu.Unlock()
	inst.close(err)
	p.lost()
}

// lost gives the place of an instance to the first waiting call.
func (p *pool) lost() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) > 0 && !p.closed {
		w := p.waiting[0]
		p.waiting = p.waiting[1:]
		w <- nil
		return
	}
	p.total--
}

// size returns the number of instances, those in use included.
func (p *pool) size() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.total
}

// close closes instances that nobody owns and refuses further calls; instances in use are closed when they come back.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	for _, w := range p.waiting {
		close(w)
	}
	p.waiting = nil
	free := append(p.idle, p.parked...)
	for _, inst := range free {
		inst.place = owned
	}
	p.idle, p.parked = nil, nil
	if p.settler != nil {
		p.settler.Stop()
	}
	p.mu.Unlock()
	for _, inst := range free {
		p.discard(inst, errStopped)
	}
}
