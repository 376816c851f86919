package channel

import (
	"sync"
	"sync/atomic"
)

// A waiter is woken once, when what is waited for has come.
type waiter struct {
	state atomic.Uint32
	// wake has room for one, and what it says has to be looked up: it may be for nothing.
	wake chan struct{}
}

const (
	waiting = iota
	// parked is the state of one who receives from wake.
	parked
	done
)

func newWaiter() *waiter { return &waiter{wake: make(chan struct{}, 1)} }

func (w *waiter) reset() { w.state.Store(waiting) }

// park says that wake will be received from; if it returns false the waiter was fired.
func (w *waiter) park() bool {
	return w.state.CompareAndSwap(waiting, parked) || w.state.Load() == parked
}

// unpark is for one who goes on waiting by other means.
func (w *waiter) unpark() { w.state.CompareAndSwap(parked, waiting) }

func (w *waiter) fire() {
	if w.state.Swap(done) == parked {
		w.nudge()
	}
}

// unless is for one who stops waiting: err does not matter if what was waited for has come.
func (w *waiter) unless(err error) error {
	if w.fired() {
		return nil
	}
	return err
}

func (w *waiter) nudge() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *waiter) fired() bool { return w.state.Load() == done }

var waiters = sync.Pool{New: func() any { return newWaiter() }}

// event is something that may be waited for by several. It is guarded by its owner's mutex.
type event struct{ waiters []*waiter }

// waiter registers one who waits for the next fire.
func (e *event) waiter() *waiter {
	w := waiters.Get().(*waiter)
	w.reset()
	e.waiters = append(e.waiters, w)
	return w
}

// release takes w back, which need not have been fired.
func (e *event) release(w *waiter) {
	for i, o := range e.waiters {
		if o == w {
			last := len(e.waiters) - 1
			e.waiters[i], e.waiters[last] = e.waiters[last], nil
			e.waiters = e.waiters[:last]
			break
		}
	}
	waiters.Put(w)
}

func (e *event) fire() {
	for i, w := range e.waiters {
		w.fire()
		e.waiters[i] = nil
	}
	e.waiters = e.waiters[:0]
}
