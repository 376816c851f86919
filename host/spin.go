package host

import (
	"runtime"
	"time"
)

// spin is about waiting for the next message of a stream for a moment before the guest is told that there is none: to give the thread
// back and be woken takes the guest many times as long as a message takes. While it spins none of the guest's goroutines run, so it
// is short, ends when there is something else for the instance to do, and is tried the more rarely the more often it was in vain.
type spin struct {
	// since is when the guest was told that there are no messages, if that is what it was told last.
	since time.Time
	// on says whether to spin the next time: the last message came soon.
	on bool
	// skip is how many times not to spin, and vain how many it will be after the next time in vain.
	skip, vain int
}

const (
	// spinTime is how long a receiver spins: as long as the other side takes that has to be woken.
	spinTime = 50 * time.Microsecond
	maxVain  = 256
)

// await takes messages for the guest, for which it may spin.
func (e *streamEnd) await(buf []*parcel) (n, state int) {
	s, q := e.stream, e.in
	if e.spin.on {
		seen := q.changes.Load()
		if n, state = s.look(q, buf, batchBytes, false); state != streamBlocked {
			return n, state
		}
		e.spin.on = false
		if e.spin.skip > 0 {
			e.spin.skip--
		} else {
			i, p := e.inst, e.inst.fn.pool
			spinUntil(time.Now().Add(spinTime), func() bool {
				return q.changes.Load() != seen || i.eventCount.Load() > 0 || p.queued.Load() > 0
			})
			if e.spin.on = q.changes.Load() != seen; e.spin.on {
				e.spin.vain = 0
			} else {
				e.spin.vain = min(2*e.spin.vain+1, maxVain)
				e.spin.skip = e.spin.vain
			}
		}
	}
	n, state = s.take(q, buf, batchBytes)
	switch {
	case state == streamBlocked:
		e.spin.since = time.Now()
	case !e.spin.since.IsZero():
		e.spin.on = time.Since(e.spin.since) < lingerTime
		e.spin.since = time.Time{}
	}
	return n, state
}

const (
	// turnsPerTime is how often a spinning thread looks between two looks at the clock, and timesPerYield how often it looks at the clock
	// between two chances for other goroutines, each of which costs microseconds and may cost it its processor.
	turnsPerTime  = 64
	timesPerYield = 64
)

// single says that there is one processor for all goroutines. It is no constant, but asking for it stops them all for a moment.
var single = runtime.GOMAXPROCS(0) == 1

// spinUntil waits until something is true, without giving the thread away for more than a moment. It reports whether it has become true
// in time.
func spinUntil(end time.Time, is func() bool) bool {
	for looks := 1; ; looks++ {
		for range turnsPerTime {
			if is() {
				return true
			}
		}
		if !time.Now().Before(end) {
			return false
		}
		if looks%timesPerYield == 1 || single {
			runtime.Gosched()
		}
	}
}
