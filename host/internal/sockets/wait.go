package sockets

import "sync/atomic"

// direction is what is waited for: to read, or to write.
type direction int

const (
	reading direction = iota
	writing
)

func directionOf(write bool) direction {
	if write {
		return writing
	}
	return reading
}

// waiter is a descriptor as its socket knows it: whom to tell that a direction may have become ready.
//
// A table is in an epoch, which ends when its owner is notified or forgets what it armed. A direction is armed if it wants to hear of the
// epoch that is; so ending an epoch disarms every descriptor at once, and of all who would notify in an epoch one does. No wake-up is lost
// if a socket first makes its readiness visible and then calls wake, because who arms first says what it wants and then looks whether that is
// ready: one of the two sees what the other did.
type waiter struct {
	table *Table
	want  [2]atomic.Uint64 // the epoch, or 0
}

// claim says whether the direction is armed, and if so ends the epoch: the caller then notifies the table's owner. It may be called by any
// goroutine.
func (w *waiter) claim(d direction) bool {
	epoch := w.want[d].Load()
	return epoch != 0 && w.table.epoch.CompareAndSwap(epoch, epoch+1)
}

// wake notifies the table's owner if the direction is armed. It is called with no lock held that a table's method takes.
func (w *waiter) wake(d direction) {
	if w.claim(d) {
		w.table.notify()
	}
}

// wakeBoth is for what ends a socket: errors and hang-ups.
func (w *waiter) wakeBoth() {
	w.wake(reading)
	w.wake(writing)
}
