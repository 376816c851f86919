package host

import (
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cofaas/cofaas/host/engine"
)

// Instances in which calls wait, and what events do.

// park has a call wait in an instance, and returns the instance.
func (f *function) park(inst *instance, id uint32) *pendingCall {
	c := inst.goesOn(nil, id)
	c.done = make(chan struct{})
	f.pool.put(inst)
	return c
}

// An instance in which calls wait serves others, but only if none is idle.
func TestPool_parked(t *testing.T) {
	f := newFakeFunction(t, 2)
	a, b := f.take(t), f.take(t)
	f.park(a, 1)
	f.pool.put(b)
	if got := f.take(t); got != b {
		t.Error("the idle instance was not taken")
	}
	for range 3 {
		if got := f.take(t); got != a {
			t.Fatal("the parked instance was not taken")
		}
		f.pool.put(a)
	}
	if n := f.pool.size(); n != 2 {
		t.Errorf("got %d instances", n)
	}
}

// An instance runs once for each time that there is news while nobody owns it, and takes all of it.
func TestPool_post(t *testing.T) {
	for _, tt := range []struct {
		name string
		put  func(f *function, inst *instance)
	}{
		{"idle", func(f *function, inst *instance) { f.pool.put(inst) }},
		{"parked", func(f *function, inst *instance) { f.park(inst, 1) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFakeFunction(t, 1)
			inst := f.take(t)
			run, ran := make(chan struct{}), make(chan []event)
			inst.resume = fakeExport(func([]uint64) error { <-run; ran <- inst.allEvents(); return nil })
			tt.put(f, inst)
			for n := range uint32(3) {
				want := []event{{eventStream, n}}
				f.pool.post(inst, want[0])
				if n == 1 {
					// It is running, and takes this too.
					want = append(want, event{eventStream, 100})
					f.pool.post(inst, want[1])
				}
				run <- struct{}{}
				if got := <-ran; !slices.Equal(got, want) {
					t.Errorf("got events %v, want %v", got, want)
				}
				f.pool.runs.Wait()
			}
		})
	}
}

// An instance that somebody owns runs when it is returned, before it serves who waits, and once.
func TestPool_postOwned(t *testing.T) {
	f := newFakeFunction(t, 1)
	inst := f.take(t)
	var runs atomic.Int32
	inst.resume = fakeExport(func([]uint64) error { runs.Add(1); inst.allEvents(); return nil })
	got := make(chan *instance)
	go func() {
		next, _ := f.pool.get(t.Context(), 0)
		got <- next
	}()
	eventually(t, "nobody waits", func() bool {
		f.pool.mu.Lock()
		defer f.pool.mu.Unlock()
		return len(f.pool.waiting) == 1
	})
	f.pool.post(inst, event{eventReply, 1})
	f.pool.post(inst, event{eventReply, 2})
	if runs.Load() != 0 {
		t.Error("the instance runs although it is in use")
	}
	f.pool.put(inst)
	if next := <-got; next != inst || runs.Load() != 1 {
		t.Errorf("ran %d times", runs.Load())
	}
	f.pool.put(inst)
	f.pool.runs.Wait()
	if runs.Load() != 1 {
		t.Errorf("ran %d times", runs.Load())
	}
}

// An instance that always has events does not keep calls waiting: they take turns.
func TestPool_turns(t *testing.T) {
	f := newFakeFunction(t, 1)
	inst := f.take(t)
	inst.resume = fakeExport(func([]uint64) error {
		inst.allEvents()
		f.pool.post(inst, event{eventWake, 1})
		return nil
	})
	got := make(chan error, 1)
	go func() {
		waited, err := f.pool.get(t.Context(), 0)
		if err == nil {
			waited.resume = fakeExport(func([]uint64) error { waited.allEvents(); return nil })
			f.pool.put(waited)
		}
		got <- err
	}()
	for f.pool.queued.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	f.pool.post(inst, event{eventWake, 1})
	f.pool.put(inst)
	select {
	case err := <-got:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("the call has not got the instance")
	}
}

// A guest that dies when it runs is replaced, and so is one that does not take what it is told: it would run for ever.
func TestPool_run_Errors(t *testing.T) {
	trap := &engine.TrapError{Cause: errors.New("no")}
	for _, tt := range []struct {
		name         string
		resume, want error
	}{{"trap", trap, trap}, {"deaf", nil, errDeaf}} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFakeFunction(t, 1)
			inst := f.take(t)
			inst.resume = fakeExport(func([]uint64) error { return tt.resume })
			c := f.park(inst, 1)
			f.pool.post(inst, event{eventStream, 1})
			<-c.done
			f.pool.runs.Wait()
			if want := callError("fake", tt.want); c.st.Message() != want.Message() || c.st.Code() != want.Code() {
				t.Errorf("got %v, want %v", c.st, want)
			}
			if n := f.pool.size(); n != 0 {
				t.Errorf("%d instances are left", n)
			}
		})
	}
}

// A guest that runs only when it is called is not run for an event, and hears of what comes while it is called.
func TestPool_postNoResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeFunction(t, 1)
		inst := f.take(t)
		inst.resume = nil
		inst.wake = time.Now().Add(time.Millisecond)
		f.park(inst, 1)
		f.pool.post(inst, event{eventStream, 1})
		time.Sleep(5 * time.Millisecond)
		if got := f.take(t); got != inst || len(inst.events) != 0 {
			t.Errorf("got events %v", inst.events)
		}
		f.pool.post(inst, event{eventStream, 2})
		inst.checkEvents(t, "while it is called", event{eventStream, 2})
		f.pool.post(inst, event{eventStream, 3})
		f.pool.put(inst)
		if got := f.take(t); got != inst {
			t.Error("the instance is not there")
		}
	})
}

// A timer of the guest's has it run at its time, and not after it was stopped.
func TestPool_wake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeFunction(t, 1)
		inst := f.take(t)
		ran := make(chan []event, 1)
		inst.resume = fakeExport(func([]uint64) error {
			inst.wake = time.Time{}
			ran <- inst.allEvents()
			return nil
		})
		begin := time.Now()
		inst.wake = begin.Add(5 * time.Millisecond)
		f.pool.put(inst)
		if got := <-ran; !slices.Equal(got, []event{{eventWake, 0}}) || time.Since(begin) != 5*time.Millisecond {
			t.Errorf("got events %v after %v", got, time.Since(begin))
		}
		f.pool.runs.Wait()
		inst = f.take(t)
		inst.wake = time.Now().Add(5 * time.Millisecond)
		f.pool.put(inst)
		inst = f.take(t)
		inst.wake = time.Time{}
		f.pool.put(inst)
		select {
		case got := <-ran:
			t.Errorf("got events %v", got)
		case <-time.After(10 * time.Millisecond):
		}
	})
}

// What calls have left to goroutines is run when the instance has not been called for a while, and once.
func TestPool_settle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeFunction(t, 2)
		var runs [2]atomic.Int32
		var insts []*instance
		for n := range 2 {
			inst := f.take(t)
			inst.resume = fakeExport(func([]uint64) error { runs[n].Add(1); return nil })
			insts = append(insts, inst)
		}
		insts[0].unsettled = true
		// It is called all the time, so it has no time for that.
		for until := time.Now().Add(10 * settleAfter); time.Now().Before(until); {
			f.pool.put(insts[0])
			time.Sleep(settleAfter / 4)
			if f.take(t) != insts[0] {
				t.Fatal("another instance")
			}
			if n := runs[0].Load(); n > 0 {
				t.Fatalf("ran %d times while it was called", n)
			}
		}
		f.pool.put(insts[0])
		f.pool.put(insts[1])
		time.Sleep(5 * settleAfter)
		f.pool.runs.Wait()
		if a, b := runs[0].Load(), runs[1].Load(); a != 1 || b != 0 {
			t.Errorf("ran %d times, and the settled one %d times", a, b)
		}
	})
}

// When the pool closes, the calls that wait in it fail, nothing runs any more, and who comes at that moment is refused.
func TestPool_closeParked(t *testing.T) {
	f := newFakeFunction(t, 2)
	parked, busy := f.take(t), f.take(t)
	var runs atomic.Int32
	for _, inst := range []*instance{parked, busy} {
		inst.resume = fakeExport(func([]uint64) error { runs.Add(1); inst.allEvents(); return nil })
	}
	c := f.park(parked, 1)
	f.pool.post(busy, event{eventReply, 1})
	busy.unsettled = true
	f.pool.close()
	<-c.done
	if !errors.Is(c.st.Err(), callError("", errStopped).Err()) {
		t.Errorf("got %v", c.st)
	}
	f.pool.post(busy, event{eventReply, 2})
	f.pool.put(busy)
	f.pool.settle()
	f.pool.runs.Wait()
	if runs.Load() != 0 || f.pool.size() != 0 {
		t.Errorf("ran %d times, %d instances are left", runs.Load(), f.pool.size())
	}
}

func TestPool_closeWhileLingering(t *testing.T) {
	for _, must := range []bool{false, true} {
		for range 100 {
			f := newFakeFunction(t, 1)
			busy := f.take(t)
			f.pool.lingering.Store(1)
			done := make(chan error)
			go func() {
				var err error
				if must {
					_, err = f.pool.now(t.Context(), 1, true)
				} else {
					_, err = f.pool.get(t.Context(), 0)
				}
				done <- err
			}()
			for f.pool.wanted.Load() == 0 {
				time.Sleep(time.Microsecond)
				if len(done) > 0 {
					break
				}
				f.pool.mu.Lock()
				waits := len(f.pool.waiting) > 0
				f.pool.mu.Unlock()
				if waits || must && f.pool.size() > 1 {
					break // it was faster
				}
			}
			f.pool.close()
			select {
			case err := <-done:
				if err != nil && !errors.Is(err, errStopped) {
					t.Fatal(err)
				}
			case <-time.After(time.Minute):
				t.Fatal("a call waits for an instance of a pool that is closed")
			}
			f.pool.put(busy)
		}
	}
}

// An instance that lingers gives way to whoever wants it.
func TestLinger(t *testing.T) {
	f := newFakeFunction(t, 1)
	inst := f.take(t)
	inst.lingers = true
	if inst.linger() {
		t.Error("it lingers for no call")
	}
	inst.goesOn(nil, 1).done = make(chan struct{})
	if inst.linger() || inst.lingers {
		t.Error("nobody came, and it will linger again")
	}
	inst.idleSince = time.Now().Add(time.Hour) // just now, however long it takes to get there
	if inst.heard(); !inst.lingers {
		t.Error("it was not idle for long, and does not linger")
	}
	f.pool.post(inst, event{eventStream, 1})
	if !inst.linger() {
		t.Error("there was an event")
	}
	inst.allEvents()
	f.pool.wanted.Store(1)
	if inst.linger() || !inst.lingers {
		t.Error("it lingers although it is wanted")
	}
	inst.idleSince = time.Now().Add(-time.Second)
	if inst.heard(); inst.lingers {
		t.Error("it was idle for long, and lingers")
	}
}

// Events and calls at once: no instance is used by two, and no event is lost or heard twice.
func TestPool_hammerEvents(t *testing.T) {
	const limit, workers, rounds = 3, 8, 500
	checkGoroutines(t)
	f := newFakeFunction(t, limit)
	var insts []*instance
	used := map[*instance]*atomic.Bool{}
	heard := map[*instance]map[uint32]int{}
	hear := func(inst *instance) {
		for _, e := range inst.allEvents() {
			heard[inst][e.id]++
		}
	}
	use := func(inst *instance) func() {
		if !used[inst].CompareAndSwap(false, true) {
			t.Error("an instance is used by two")
		}
		hear(inst)
		return func() { used[inst].Store(false) }
	}
	for n := range uint32(limit) {
		inst := f.take(t)
		used[inst], heard[inst] = new(atomic.Bool), map[uint32]int{}
		inst.resume = fakeExport(func([]uint64) error { use(inst)(); return nil })
		insts = append(insts, inst)
		if n > 0 {
			inst.goesOn(nil, n).done = make(chan struct{})
		}
	}
	for _, inst := range insts {
		f.pool.put(inst)
	}
	var group sync.WaitGroup
	var number atomic.Uint32
	posted := make([]map[uint32]bool, workers)
	for w := range workers {
		posted[w] = map[uint32]bool{}
		group.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 1))
			for range rounds {
				if w%2 == 0 {
					n := number.Add(1)
					f.pool.post(insts[r.IntN(limit)], event{eventStream, n})
					posted[w][n] = true
					continue
				}
				inst, err := f.pool.get(t.Context(), 0)
				if err != nil {
					t.Error(err)
					return
				}
				done := use(inst)
				inst.unsettled = r.IntN(4) == 0
				done()
				f.pool.put(inst)
			}
		})
	}
	group.Wait()
	eventually(t, "instances are still running", func() bool {
		f.pool.mu.Lock()
		defer f.pool.mu.Unlock()
		return len(f.pool.idle)+len(f.pool.parked) == limit && !f.pool.settling
	})
	f.pool.runs.Wait()
	if len(f.pool.idle) != 1 || len(f.pool.parked) != limit-1 {
		t.Errorf("%d instances are idle and %d parked", len(f.pool.idle), len(f.pool.parked))
	}
	times := map[uint32]int{}
	for _, h := range heard {
		for n, k := range h {
			times[n] += k
		}
	}
	for _, p := range posted {
		for n := range p {
			if times[n] != 1 {
				t.Errorf("event %d was heard %d times", n, times[n])
			}
		}
	}
}
