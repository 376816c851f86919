package host

import (
	"encoding/binary"
	"time"

	"github.com/cofaas/cofaas/host/engine"
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

// Of the system interface: WASI snapshot preview 1, in the layout of its witx.
const (
	systemInterface  = "wasi_snapshot_preview1"
	subscriptionSize = 48
	subscriptionTag  = 8
	subscriptionUnit = 16 // the descriptor, or the clock's id
	clockTimeout     = 24
	clockFlags       = 40
	clockIsAbsolute  = 1
	eventSize        = 32
	eventErrno       = 8
	eventType        = 10
	typeClock        = 0
	typeRead         = 1
	errnoBadf        = 8
	errnoInval       = 28
	fdstatSize       = 24
	filetypeSocket   = 6
	fdflagNonblock   = 4
)

// systemImports replace functions of the system interface.
func systemImports() []engine.Import {
	return []engine.Import{
		{
			Module: systemInterface, Name: "poll_oneoff",
			Params: []abi.Core{abi.I32, abi.I32, abi.I32, abi.I32}, Results: []abi.Core{abi.I32},
			Func: func(state any, stack []uint64) error {
				errno, err := state.(*instance).poll(uint32(stack[0]), uint32(stack[1]), uint32(stack[2]), uint32(stack[3]))
				stack[0] = uint64(errno)
				return err
			},
		},
		{
			Module: systemInterface, Name: "fd_fdstat_get",
			Params: []abi.Core{abi.I32, abi.I32}, Results: []abi.Core{abi.I32},
			Func: func(state any, stack []uint64) error {
				if fd := uint32(stack[0]); fd != standbyFD && fd != settledFD {
					return engine.ErrDefault
				}
				stat, err := state.(*instance).read(stack[1], fdstatSize)
				if err != nil {
					return err
				}
				clear(stat)
				stat[0] = filetypeSocket
				binary.LittleEndian.PutUint16(stat[2:], fdflagNonblock)
				stack[0] = 0
				return nil
			},
		},
	}
}

// subscriptions are what a guest waits for.
type subscriptions struct {
	standby, settled int   // the places in the list, or -1
	timeout          int64 // in ns, or negative for none
	clock            int
}

// poll implements poll_oneoff.
func (i *instance) poll(in, out, n, count uint32) (errno uint32, err error) {
	if n == 0 || n > 1<<16 {
		return errnoInval, nil
	}
	list, err := i.read(uint64(in), uint64(n)*subscriptionSize)
	if err != nil {
		return 0, err
	}
	if _, err := i.read(uint64(out), uint64(n)*eventSize); err != nil {
		return 0, err
	}
	subs, bad := parseSubscriptions(list)
	if bad >= 0 {
		return 0, i.answer(list, bad, errnoBadf, out, count)
	}
	if subs.timeout != 0 {
		if err := i.sendGathered(); err != nil {
			return 0, err
		}
	}
	ready, held := -1, false
	switch {
	case subs.timeout == 0:
		// The runtime looks in passing.
	case subs.standby < 0 && subs.settled < 0:
		// Not the poller, but something that waits for nothing but time.
		i.sleep(time.Duration(max(subs.timeout, 0)))
		ready = subs.clock
		held = true
	default:
		ready = i.idle(subs)
		held = i.captive()
	}
	if held && i.fn.host.watch.hasStopped(i) {
		return 0, errOverrun
	}
	return 0, i.answer(list, ready, 0, out, count)
}

// idle is called when nothing in the guest can run. It returns the place of the subscription to answer, or -1.
func (i *instance) idle(subs subscriptions) int {
	i.wake = time.Time{}
	if subs.timeout > 0 {
		i.wake = time.Now().Add(time.Duration(subs.timeout))
	}
	if i.captive() {
		return i.waitHere(subs)
	}
	i.linger()
	i.setEvents()
	if subs.settled >= 0 {
		return subs.settled
	}
	return subs.standby
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

// waitHere waits for events or for time to pass.
func (i *instance) waitHere(subs subscriptions) int {
	if !i.waitForNews(i.fn.host.closing) {
		return subs.clock
	}
	i.setEvents()
	return max(subs.standby, subs.settled)
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

func parseSubscriptions(list []byte) (subs subscriptions, bad int) {
	subs = subscriptions{standby: -1, settled: -1, timeout: -1, clock: -1}
	for at := 0; at < len(list); at += subscriptionSize {
		s, place := list[at:at+subscriptionSize], at/subscriptionSize
		if s[subscriptionTag] == typeClock {
			subs.clock = place
			subs.timeout = int64(min(binary.LittleEndian.Uint64(s[clockTimeout:]), 1<<62))
			if binary.LittleEndian.Uint16(s[clockFlags:])&clockIsAbsolute != 0 {
				return subs, place
			}
			continue
		}
		switch fd := binary.LittleEndian.Uint32(s[subscriptionUnit:]); {
		case fd == standbyFD && s[subscriptionTag] == typeRead:
			subs.standby = place
		case fd == settledFD && s[subscriptionTag] == typeRead:
			subs.settled = place
		default:
			return subs, place
		}
	}
	return subs, -1
}

// answer writes the event of the subscription at a place, or none for -1.
func (i *instance) answer(list []byte, place int, errno uint16, out, count uint32) error {
	n, err := i.read(uint64(count), 4)
	if err != nil {
		return err
	}
	binary.LittleEndian.PutUint32(n, 0)
	if place < 0 {
		return nil
	}
	e, err := i.read(uint64(out), eventSize)
	if err != nil {
		return err
	}
	binary.LittleEndian.PutUint32(n, 1)
	s := list[place*subscriptionSize:]
	clear(e)
	copy(e, s[:8]) // the user data
	binary.LittleEndian.PutUint16(e[eventErrno:], errno)
	e[eventType] = s[subscriptionTag]
	return nil
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
