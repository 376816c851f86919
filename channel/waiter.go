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
	// patient is set for one who has no use for what is waited for at once, and who sleeps therefore.
	patient bool
	// messages is set for one who waits for messages of a stream, and who will do so again soon when some have come.
	messages *Stream

	// The rest is the pipe's, and guarded by its mutex. promoted says that this waiter has become the leader.
	promoted   bool
	prev, next *waiter
}

const (
	waiting = iota
	// parked is the state of one who receives from wake.
	parked
	// asleep is the state of a leader that has to be nudged.
	asleep
	done
)

func newWaiter() *waiter { return &waiter{wake: make(chan struct{}, 1)} }

func (w *waiter) reset() {
	w.state.Store(waiting)
	w.patient = false
}

// park says that wake will be received from; if it returns false the waiter was fired.
func (w *waiter) park() bool {
	return w.state.CompareAndSwap(waiting, parked) || w.state.Load() == parked
}

// unpark is for one who goes on waiting by other means.
func (w *waiter) unpark() { w.state.CompareAndSwap(parked, waiting) }

// sleep says that the pipe has to be told when the waiter is fired; if it returns false it was.
func (w *waiter) sleep() bool { return w.state.CompareAndSwap(waiting, asleep) }

func (w *waiter) unsleep() { w.state.CompareAndSwap(asleep, waiting) }

// fire wakes one who waits by p.
func (w *waiter) fire(p pipe) {
	switch w.state.Swap(done) {
	case parked:
		w.nudge()
	case asleep:
		p.nudge()
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
	w.messages = nil
	waiters.Put(w)
}

func (e *event) fire(p pipe) {
	for i, w := range e.waiters {
		w.fire(p)
		e.waiters[i] = nil
	}
	e.waiters = e.waiters[:0]
}

// waiterList is a list of waiters, in the order in which they have come.
type waiterList struct{ first, last *waiter }

func (l *waiterList) empty() bool { return l.first == nil }

func (l *waiterList) add(w *waiter) {
	w.prev, w.next = l.last, nil
	if l.last == nil {
		l.first = w
	} else {
		l.last.next = w
	}
	l.last = w
}

func (l *waiterList) remove(w *waiter) {
	if w.prev == nil {
		l.first = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		l.last = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.prev, w.next = nil, nil
}
