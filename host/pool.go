package host

import (
	"context"
	"errors"
	"sync"
)

// pool holds the instances of a function. A call takes an idle instance, or a new one, or waits for one.
//
// Only calls from outside wait. A call from another function always gets an instance, beyond the maximum if need be: it
// holds an instance of its caller, so waiting could deadlock (A calls B calls A). The number of instances stays bounded,
// because calls from outside are, and because calls nest to a bounded depth.
type pool struct {
	create func(ctx context.Context, depth int) (*instance, error)
	max    int

	mu      sync.Mutex
	idle    []*instance // the last one was used last, so that its memory is warm
	total   int
	waiting []chan *instance
	closed  bool
}

var errStopped = errors.New("the host is stopping")

// get returns an instance for a call at a depth, 0 being from outside. The caller returns it with put or discard.
func (p *pool) get(ctx context.Context, depth int) (*instance, error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, errStopped
	}
	if n := len(p.idle); n > 0 {
		inst := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		inst.depth = depth
		return inst, nil
	}
	if depth > 0 || p.total < p.max {
		p.total++
		p.mu.Unlock()
		return p.make(ctx, depth)
	}
	ready := make(chan *instance, 1)
	p.waiting = append(p.waiting, ready)
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

// put returns an instance that is whole.
func (p *pool) put(inst *instance) {
	p.mu.Lock()
	if p.closed {
		p.total--
		p.mu.Unlock()
		inst.iso.Close()
		return
	}
	if len(p.waiting) > 0 {
		w := p.waiting[0]
		p.waiting = p.waiting[1:]
		p.mu.Unlock()
		w <- inst
		return
	}
	p.idle = append(p.idle, inst)
	p.mu.Unlock()
}

// discard closes an instance that is broken.
func (p *pool) discard(inst *instance) {
	inst.iso.Close()
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

// close closes idle instances and refuses further calls; instances in use are closed when they come back.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, w := range p.waiting {
		close(w)
	}
	p.waiting = nil
	for _, inst := range p.idle {
		inst.iso.Close()
	}
	p.total -= len(p.idle)
	p.idle = nil
}
