package host

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/metadata"

	"github.com/cofaas/cofaas/host/engine"
	"github.com/cofaas/cofaas/host/internal/sockets"
)

// instance is one isolate of a function. It is used by one goroutine at a time: whoever took it from the pool.
type instance struct {
	fn  *function
	iso engine.Instance
	// exports are the methods that the function exports, by the index of exportMethod. What turns messages for codecs comes last, and is
	// nil if the guest has none.
	exports, posts []engine.Func
	realloc        engine.Func
	// reallocating is how many calls of realloc are in progress, each from an import that the one before has called.
	reallocating int
	// control is the address of the control block; 0 means that there is none.
	control uint32
	// resume lets the guest run until it can do no more. It is nil for guests that run only while they are called.
	resume engine.Func
	// stack passes core values to exports and back.
	stack, reallocStack []uint64

	// What the pool's mutex guards.

	place place
	index int // in the list of its place
	dead  bool
	// events are for the guest to take. news is told of them while the instance is starting.
	events     []event
	eventCount atomic.Int32
	news       chan struct{}
	// uses counts how often the instance was taken, and settleUses is the number when it was looked at whether it has settled.
	uses, settleUses uint64

	// What belongs to the owner.

	// subs are what the guest waits for, as it said last.
	subs subscriptions
	// sockets are the guest's descriptors, or nil if it has never had any, and socketNews is told when one is ready.
	sockets    *sockets.Table
	socketNews <-chan struct{}
	// hears says that the guest has taken events since it was resumed.
	hears bool
	// unsettled says that there may be goroutines and timers of which nobody knows, because the last call did not wait.
	unsettled bool
	// wake is when the guest's next timer runs, armed when timer runs.
	wake, armed time.Time
	timer       *time.Timer
	// idleSince is when the guest last had nothing to do, and lingers says that it was not for long.
	idleSince time.Time
	lingers   bool
	// served are calls that wait in this guest, by its numbers, and calls those that it waits for, by the host's.
	served, calls map[uint32]*pendingCall
	lastCall      uint32
	// made counts the calls that the guest has made.
	made uint32
	// metaBuffer has the metadata of the call that the guest is making.
	metaBuffer []byte
	// ends are the guest's ends of streams, by number.
	ends    map[uint32]*streamEnd
	lastEnd uint32
	routes  heldRoutes
	// initialising says that the guest cannot give its thread back.
	initialising, ready bool

	// timed is the run of the guest if it is timed for the profile, span the call that it makes, and shard where it counts.
	timed *guestRun
	span  span
	shard uint32

	// overdue is about calls in served for which nobody waits any more.
	overdue overdue

	// The call that is being served.

	// polled is when the handler has first asked for events while the call was on its caller's thread, and moves says that it was told
	// to leave it.
	polled time.Time
	moves  bool
	// bound says that the thread cannot leave the instance before the call is over, because a guest further down cannot wait.
	bound bool
	// ran says that the instance was last used because of an event.
	ran bool
	// root is the context of the call from outside that this thread serves, or nil.
	root context.Context
	// calling is the instance that this one waits for.
	calling edgeEnd
	// stopped says that the instance was told to stop. It is guarded by the mutex of the host's watch until the instance has
	// returned.
	stopped bool
	// depth is the number of calls between the front and this one.
	depth int
	// front is the context of a call from outside, whose metadata is fetched on demand; meta is the metadata of a call
	// from another function.
	front context.Context
	meta  []byte
}

// newInstance makes an instance and runs its main up to Serve.
func newInstance(ctx context.Context, fn *function, depth int) (_ *instance, err error) {
	module, err := fn.module()
	if err != nil {
		return nil, err
	}
	inst := &instance{fn: fn, depth: depth, shard: fn.host.profile.shard(), stack: make([]uint64, maxCore), reallocStack: make([]uint64, 4)}
	inst.iso, err = module.Instantiate(ctx, fn.config(inst))
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			inst.iso.Close()
			err = fmt.Errorf("function %s: %w", fn.name, err)
		}
	}()
	inst.realloc = inst.findRealloc()
	for _, m := range fn.exports {
		f := inst.iso.Func(m.export)
		if f == nil {
			return nil, fmt.Errorf("the guest does not export %q", m.export)
		}
		inst.exports = append(inst.exports, fn.host.profile.export(inst, m, f))
		inst.posts = append(inst.posts, inst.iso.Func(m.post))
	}
	if fn.codecs != nil {
		inst.exports, inst.posts = append(inst.exports, fn.codecs.in(inst)), append(inst.posts, inst.iso.Func(fn.codecs.method.post))
	}
	if err := inst.start(ctx); err != nil {
		inst.lose(err)
		return nil, err
	}
	return inst, nil
}

// start runs the guest's main until it serves.
func (i *instance) start(ctx context.Context) error {
	i.news = make(chan struct{}, 1)
	i.initialising = true
	if f := i.iso.Func(initialiseExport); f != nil {
		if err := f.Call(i.stack); err != nil {
			return fmt.Errorf("initialisation: %w", err)
		}
	}
	i.initialising = false
	if f := i.iso.Func(controlExport); f != nil {
		if err := f.Call(i.stack); err != nil {
			return fmt.Errorf("control block: %w", err)
		}
		i.control = uint32(i.stack[0])
		if uint64(i.control)+controlSize > uint64(len(i.Bytes())) {
			return errors.New("the control block is out of bounds")
		}
		i.resume = i.fn.host.profile.resume(i, i.iso.Func(resumeExport))
	}
	if f := i.iso.Func(initComponentExport); f != nil {
		clear(i.stack)
		if err := f.Call(i.stack); err != nil {
			return fmt.Errorf("main: %w", err)
		}
		if uint32(i.stack[0]) != 0 {
			return errMainReturned
		}
		if err := i.sendGathered(); err != nil {
			return fmt.Errorf("main: %w", err)
		}
		if err := i.untilReady(ctx); err != nil {
			return err
		}
	}
	i.fn.pool.mu.Lock()
	i.news = nil
	i.fn.pool.mu.Unlock()
	return nil
}

var (
	errMainReturned = errors.New("main returned before it served: it has to reach (*grpc.Server).Serve")
	errNeverServes  = errors.New("main waits for what cannot come, before it served: it has to reach (*grpc.Server).Serve")
)

// untilReady lets a guest run whose main has to wait for something before it serves.
func (i *instance) untilReady(ctx context.Context) error {
	for i.resume != nil && !i.ready {
		if i.wake.IsZero() && len(i.calls) == 0 && len(i.subs.sockets) == 0 && i.eventCount.Load() == 0 {
			return errNeverServes
		}
		i.waitForNews(ctx.Done())
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("main does not serve: %w", err)
		}
		if err := i.run(); err != nil {
			return fmt.Errorf("main: %w", err)
		}
		if b := i.block(i.Bytes()); b.u32(controlOver) != 0 {
			return errMainReturned
		}
	}
	return nil
}

// run lets the guest run until it can do no more.
func (i *instance) run() error {
	i.unsettled, i.root = false, nil
	i.setEvents()
	if err := i.resume.Call(i.stack); err != nil {
		return err
	}
	return i.sendGathered()
}

// isWaiting says whether there are calls in the guest that wait.
func (i *instance) isWaiting() bool { return len(i.served) > 0 || len(i.calls) > 0 || len(i.ends) > 0 }

// arm sees to it that the guest runs when it is time for its timers. The caller holds the pool's mutex.
func (i *instance) arm(p *pool) {
	if i.wake.Equal(i.armed) {
		return
	}
	i.armed = i.wake
	switch {
	case i.wake.IsZero():
		i.timer.Stop()
	case i.timer == nil:
		i.timer = time.AfterFunc(time.Until(i.wake), func() { p.post(i, event{eventWake, 0}) })
	default:
		i.timer.Reset(time.Until(i.wake))
	}
}

// lose ends what other instances and clients have to do with the instance, because of an error.
func (i *instance) lose(err error) {
	if i.timer != nil {
		i.timer.Stop()
	}
	for _, c := range i.served {
		c.fail(callError(i.fn.name, err))
	}
	for _, c := range i.calls {
		c.abandon()
	}
	for _, e := range i.ends {
		if e.out == &e.stream.up {
			e.stream.leave()
		}
	}
	if i.sockets != nil {
		i.sockets.CloseAll()
	}
	if i.routes != nil {
		i.fn.routes.releaseAll(&i.routes)
	}
	i.served, i.calls, i.ends = nil, nil, nil
}

// close frees the instance.
func (i *instance) close(err error) {
	i.lose(err)
	i.iso.Close()
}

// Bytes implements link.Memory.
func (i *instance) Bytes() []byte { return i.iso.Memory() }

// OneBlock implements link.Memory.
func (i *instance) OneBlock() bool { return i.control != 0 }

// block returns the control block in the memory, which must be the instance's memory as it is now, or nil.
func (i *instance) block(mem []byte) controlBlock {
	if i.control == 0 {
		return nil
	}
	return controlBlock(mem[i.control : i.control+controlSize])
}

// Alloc implements link.Memory: from the inbound arena without a call, else from the guest's cabi_realloc.
func (i *instance) Alloc(size, align uint32) (uint32, error) {
	if c := i.block(i.Bytes()); c != nil {
		next, end := c.u32(controlArenaNext), c.u32(controlArenaEnd)
		if next <= end && uint64(size)+8 <= uint64(end-next) && next&7 == 0 {
			c.putU32(controlArenaNext, next+(size+7)&^7)
			return next, nil
		}
	}
	if i.realloc == nil {
		return 0, errors.New("the guest has no cabi_realloc")
	}
	realloc, s := i.realloc, i.reallocStack
	if i.reallocating > 0 {
		if i.reallocating == maxReallocating {
			return 0, errors.New("cabi_realloc calls imports that call it again")
		}
		// The outer call is still on the function's stack, so this one takes a function of its own.
		realloc, s = i.findRealloc(), make([]uint64, len(s))
	}
	i.reallocating++
	s[0], s[1], s[2], s[3] = 0, 0, uint64(align), uint64(size)
	err := realloc.Call(s)
	i.reallocating--
	if err != nil {
		return 0, fmt.Errorf("cabi_realloc: %w", err)
	}
	return uint32(s[0]), nil
}

// maxReallocating is how deep cabi_realloc may nest. The canonical ABI has it call nothing, but a Go guest may run another
// goroutine while it allocates.
const maxReallocating = 4

func (i *instance) findRealloc() engine.Func {
	if f := i.iso.Func("cabi_realloc"); f != nil {
		return f
	}
	return i.iso.Func("cabi_export_realloc")
}

// metadata returns the encoded metadata of the call being served.
func (i *instance) metadata() []byte {
	if i.front != nil {
		if md, ok := metadata.FromIncomingContext(i.front); ok {
			return encodeMeta(md)
		}
		return nil
	}
	return i.meta
}

// read returns the n bytes at an address, or an error that is the guest's fault.
func (i *instance) read(ptr, n uint64) ([]byte, error) {
	mem := i.Bytes()
	if uint64(uint32(ptr))+uint64(uint32(n)) > uint64(len(mem)) {
		return nil, fmt.Errorf("address 0x%x with %d bytes is out of bounds", uint32(ptr), uint32(n))
	}
	return mem[uint32(ptr):][:uint32(n)], nil
}

// writeList stores an address and a count at an address of the guest.
func (i *instance) writeList(at, ptr, n uint32) error {
	mem, err := i.read(uint64(at), 8)
	if err != nil {
		return err
	}
	binary.LittleEndian.PutUint32(mem, ptr)
	binary.LittleEndian.PutUint32(mem[4:], n)
	return nil
}
