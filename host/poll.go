package host

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/cofaas/cofaas/host/engine"
	"github.com/cofaas/cofaas/host/internal/sockets"
	"github.com/cofaas/cofaas/host/internal/wasi"
	"github.com/cofaas/cofaas/internal/abi"
)

// What a Go guest waits for when nothing in it can run, and how the host hears of it: the system interface's poll_oneoff is called
// with time to wait. The host never waits in it. It answers that one of two descriptors of its own can be read, for which a
// goroutine of package guest waits: settled if the host has only let the guest run, standby if it has called an export that cannot
// return yet. Either gives the host its thread back. See package guest, port.go.
const (
	standbyFD = 0x7fff0000
	settledFD = standbyFD + 1
)

// systemImports replace functions of the system interface, and are the interface of sockets beside it.
func systemImports() []engine.Import {
	imports := slices.Concat(wasi.Sockets(), wasi.Net())
	for i := range imports {
		if imports[i].Name == "fd_fdstat_get" {
			imports[i].Func = ownFdstat(imports[i].Func)
		}
	}
	return append(imports, engine.Import{
		Module: wasi.Module, Name: "poll_oneoff",
		Params: []abi.Core{abi.I32, abi.I32, abi.I32, abi.I32}, Results: []abi.Core{abi.I32},
		Func: func(state any, stack []uint64) error {
			errno, err := state.(*instance).poll(uint32(stack[0]), uint32(stack[1]), uint32(stack[2]), uint32(stack[3]))
			stack[0] = uint64(errno)
			return err
		},
	})
}

// ownFdstat is fd_fdstat_get for the host's own descriptors too, which look like sockets.
func ownFdstat(f func(state any, stack []uint64) error) func(state any, stack []uint64) error {
	return func(state any, stack []uint64) error {
		if fd := uint32(stack[0]); fd == standbyFD || fd == settledFD {
			stack[0] = uint64(wasi.PutFdstat(state.(*instance).Bytes(), uint32(stack[1]), true))
			return nil
		}
		return f(state, stack)
	}
}

// subscriptions are what a guest waits for.
type subscriptions struct {
	standby, settled int   // the places in the list, or -1
	timeout          int64 // in ns, or negative for none
	clock            int
	// sockets are those of sockets.
	sockets []socketSubscription
}

type socketSubscription struct {
	place int
	fd    uint32
	write bool
}

// poll implements poll_oneoff.
func (i *instance) poll(in, out, n, count uint32) (sockets.Errno, error) {
	p, errno, err := wasi.NewPoll(i.Bytes(), in, out, n, count)
	if errno != 0 || err != nil {
		return errno, err
	}
	if bad := i.parseSubscriptions(&p); bad >= 0 {
		p.Answer(bad, sockets.ErrnoBadf)
		p.Done()
		return 0, nil
	}
	subs := &i.subs
	if subs.timeout != 0 {
		if err := i.sendGathered(); err != nil {
			return 0, err
		}
		p, _, _ = wasi.NewPoll(i.Bytes(), in, out, n, count) // The memory may have grown, and moved.
	}
	held := false
	switch {
	case i.answerSockets(&p):
	case subs.timeout == 0:
		// The runtime looks in passing.
	case subs.standby < 0 && subs.settled < 0 && len(subs.sockets) == 0:
		// Not the poller, but something that waits for nothing but time.
		i.sleep(time.Duration(max(subs.timeout, 0)))
		p.Answer(subs.clock, 0)
		held = true
	default:
		i.idle(&p)
		held = i.captive()
	}
	if held && i.fn.host.watch.hasStopped(i) {
		return 0, errOverrun
	}
	p.Done()
	return 0, nil
}

// idle is called when nothing in the guest can run. It answers the subscription that lets the guest go on.
func (i *instance) idle(p *wasi.Poll) {
	subs := &i.subs
	i.wake = time.Time{}
	if subs.timeout > 0 {
		i.wake = time.Now().Add(time.Duration(subs.timeout))
	}
	if i.captive() || subs.standby < 0 && subs.settled < 0 {
		i.awaitSockets()
		i.waitHere(p)
		return
	}
	if i.probes() {
		i.sockets.Disarm()
		if i.linger() && i.answerSockets(p) {
			return
		}
		i.awaitSockets()
	} else {
		i.awaitSockets()
		if i.linger() && i.answerSockets(p) {
			i.fn.pool.retract(i, event{eventWake, 0}) // which said so
			return
		}
	}
	i.setEvents()
	if subs.settled >= 0 {
		p.Answer(subs.settled, 0)
	} else {
		p.Answer(subs.standby, 0)
	}
}

// stopInterval is how often a guest that waits on its thread is asked whether it was told to stop.
const stopInterval = 10 * time.Millisecond

// sleep waits for a time, or until the guest is told to stop.
func (i *instance) sleep(d time.Duration) {
	for until := time.Now().Add(d); !i.fn.host.watch.hasStopped(i); {
		left := time.Until(until)
		if left <= 0 {
			return
		}
		time.Sleep(min(left, stopInterval))
	}
}

// captive says that the thread cannot be had back: the guest initialises itself, or allocates memory for an import.
func (i *instance) captive() bool { return i.initialising || i.reallocating > 0 }

// waitHere waits for events, for sockets, or for time to pass.
func (i *instance) waitHere(p *wasi.Poll) {
	subs := &i.subs
	news := i.waitForNews(i.fn.host.closing)
	switch {
	case i.answerSockets(p):
	case news && max(subs.standby, subs.settled) >= 0:
		i.setEvents()
		p.Answer(max(subs.standby, subs.settled), 0)
	case !news && subs.clock >= 0:
		p.Answer(subs.clock, 0)
	}
}

// waitForNews waits until there are events, and returns true, or until it is time for the guest's timers, or for stop.
func (i *instance) waitForNews(stop <-chan struct{}) bool {
	var timer <-chan time.Time
	if !i.wake.IsZero() {
		timer = time.After(time.Until(i.wake))
	}
	tick := time.NewTicker(stopInterval)
	defer tick.Stop()
	for i.eventCount.Load() == 0 {
		select {
		case <-i.news:
		case <-i.socketNews:
			return true
		case <-tick.C:
			if i.fn.host.watch.hasStopped(i) {
				return false
			}
		case <-timer:
			return false
		case <-stop:
			return false
		}
	}
	return true
}

// parseSubscriptions takes note of what the guest waits for. It returns the place of one that cannot be waited for, or -1.
func (i *instance) parseSubscriptions(p *wasi.Poll) (bad int) {
	subs := &i.subs
	*subs = subscriptions{standby: -1, settled: -1, timeout: -1, clock: -1, sockets: subs.sockets[:0]}
	for place := range p.Len() {
		switch s := p.At(place); {
		case s.Tag == wasi.TagClock:
			subs.clock, subs.timeout = place, s.Timeout
			if s.Absolute {
				return place
			}
		case s.FD == standbyFD && s.Tag == wasi.TagRead:
			subs.standby = place
		case s.FD == settledFD && s.Tag == wasi.TagRead:
			subs.settled = place
		case i.sockets != nil && wasi.IsSocket(s.FD) && (s.Tag == wasi.TagRead || s.Tag == wasi.TagWrite):
			if _, ok := i.sockets.IsStream(s.FD); !ok {
				return place
			}
			subs.sockets = append(subs.sockets, socketSubscription{place, s.FD, s.Tag == wasi.TagWrite})
		default:
			return place
		}
	}
	return -1
}

// setEvents tells the guest how many events there are.
func (i *instance) setEvents() {
	if b := i.block(i.Bytes()); b != nil {
		b.putU32(controlEvents, uint32(i.eventCount.Load()))
	}
}

// giveEvents is the import by which the guest takes events. It returns their number.
func (i *instance) giveEvents(at, n uint32) (uint32, error) {
	const size = 8
	buf := make([]event, min(n, 32))
	taken, rest := i.fn.pool.takeEvents(i, buf)
	mem, err := i.read(uint64(at), uint64(taken*size))
	if err != nil {
		return 0, err
	}
	for j, e := range buf[:taken] {
		binary.LittleEndian.PutUint32(mem[j*size:], e.kind)
		binary.LittleEndian.PutUint32(mem[j*size+4:], e.id)
	}
	if b := i.block(i.Bytes()); b != nil {
		b.putU32(controlEvents, uint32(rest))
	}
	return uint32(taken), nil
}

// What a guest is told that asks while it is busy; see package guest.
const (
	pollNothing = iota
	pollEvents
	pollMove
)

// moveAfter is how long a call may hold up its caller's thread, from the first time that its handler asks, before it is told to give
// the thread back.
const moveAfter = time.Millisecond

// pollBusy is for a guest that computes, and so does not hear of events.
func (i *instance) pollBusy() int {
	if i.resume != nil && !i.bound && !i.moves && !i.captive() && i.shouldMove() {
		i.moves = true
		return pollMove
	}
	if i.root != nil && i.root.Err() != nil {
		i.root = nil
		i.fn.pool.post(i, event{eventCancelLast, 0})
	}
	i.setEvents()
	if i.eventCount.Load() > 0 {
		return pollEvents
	}
	return pollNothing
}

// shouldMove says that a handler should let others have the thread: those who wait for the instance, or its caller.
func (i *instance) shouldMove() bool {
	if i.fn.pool.queued.Load() > 0 {
		return true
	}
	if i.depth == 0 {
		return false
	}
	now := time.Now()
	if i.polled.IsZero() {
		i.polled = now
	}
	return now.Sub(i.polled) > moveAfter
}

// event is something that a guest is told.
type event struct{ kind, id uint32 }

// Kinds of events; see package guest.
const (
	eventWake = iota
	eventReply
	eventCancel
	eventCancelLast
	eventStream
	eventGoOn
)
