package host

import (
	"runtime"
	"time"
)

// To give a thread back and to be woken by an event costs a guest several microseconds, and the thread more. In a busy stream the
// next message is there sooner. So an instance that has heard from others soon after it had nothing to do lingers the next time: its
// thread keeps looking for events for a moment.
//
// Nobody else can use the instance meanwhile, but whoever wants to says so, and then it does not linger.

// lingerTime is how long an instance lingers, and how soon the last event must have come for it to do so.
const lingerTime = 200 * time.Microsecond

// linger waits for a moment, if it is worth while. It reports whether there are events.
func (i *instance) linger() bool {
	now := time.Now()
	i.idleSince = now
	if !i.lingers || !i.isWaiting() && len(i.subs.sockets) == 0 {
		return false
	}
	p := i.fn.pool
	until := now.Add(lingerTime)
	if !i.wake.IsZero() && i.wake.Before(until) {
		until = i.wake
	}
	p.lingering.Add(1)
	defer p.lingering.Add(-1)
	if !spinUntil(until, func() bool { return i.eventCount.Load() > 0 || p.wanted.Load() > 0 }) {
		i.lingers = false
	}
	return i.eventCount.Load() > 0
}

// heard takes note that the instance runs because of an event.
func (i *instance) heard() { i.lingers = time.Since(i.idleSince) < lingerTime }

// awaitLingering waits until an instance that lingers has been returned, and takes it. It returns nil if that takes too long. The
// caller holds mu.
func (p *pool) awaitLingering() *instance {
	if p.lingering.Load() == 0 {
		return nil
	}
	p.wanted.Add(1)
	defer p.wanted.Add(-1)
	for until := time.Now().Add(2 * lingerTime); time.Now().Before(until) && !p.closed; {
		p.mu.Unlock()
		runtime.Gosched()
		p.mu.Lock()
		if inst := p.last(); inst != nil {
			return inst
		}
	}
	return nil
}
