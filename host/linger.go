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
	disturbed := func() bool { return i.eventCount.Load() > 0 || p.wanted.Load() > 0 }
	if i.probes() {
		if i.lingerForSockets(until, disturbed) {
			return true
		}
		i.lingers = i.eventCount.Load() > 0
	} else if !spinUntil(until, disturbed) {
		i.lingers = false
	}
	return i.eventCount.Load() > 0
}

// maxProbed is at how many sockets an instance looks while it lingers: each look costs a system call for each. If there are more, it waits to
// be told.
const maxProbed = 4

// probes says that an instance that lingers looks at the sockets for which the guest waits.
func (i *instance) probes() bool { return len(i.subs.sockets) > 0 && len(i.subs.sockets) <= maxProbed }

// lingerForSockets waits until a socket is ready for which the guest waits. It reports whether there is one. A look at the socket itself
// tells sooner than the runtime's poller, which another thread has to be woken for.
func (i *instance) lingerForSockets(until time.Time, disturbed func() bool) bool {
	for looks := 1; !disturbed(); looks++ {
		for _, s := range i.subs.sockets {
			if ready, _ := i.sockets.Probe(s.fd, s.write); ready {
				return true
			}
		}
		if !time.Now().Before(until) {
			return false
		}
		if looks%probesPerYield == 0 || single {
			runtime.Gosched()
		}
	}
	return false
}

// probesPerYield is how often a thread that lingers looks at sockets between two chances for other goroutines.
const probesPerYield = 64

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
