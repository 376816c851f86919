package host

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/host/engine"
	"github.com/cofaas/cofaas/internal/abi"
)

// spinGuest serves an interface: Echo, and an Act that never returns by itself.
func spinGuest(iface string) []byte {
	w := &wasm{}
	stop := uint32(1) // after the allocator's
	spin := forever(i32Const(0), memoryGrow, drop, globalGet(stop), when(unreachable))
	newGuestModule(w, methodCode{iface + "#echo", returnBlob(localGet(0), localGet(1))},
		methodCode{iface + "#act", seq(spin, unreachable)})
	if got := w.global(0); got != stop {
		panic("the global has another index")
	}
	w.exports = append(w.exports, append(append(wasmName(abi.StopGlobal), 3), uleb(nil, stop)...))
	return w.binary()
}

// idle waits until all instances are idle, and returns those of a function.
func (s *served) idle(t *testing.T, function string) []*instance {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		busy := 0
		var of []*instance
		for name, f := range s.functions {
			f.pool.mu.Lock()
			busy += f.pool.total - len(f.pool.idle)
			if name == function {
				of = append(of, f.pool.idle...)
			}
			f.pool.mu.Unlock()
		}
		if busy == 0 {
			return of
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d instances are still busy", busy)
		}
	}
}

// ended has clients give calls up after a time, until one of these has reached the function, and asserts that its instance was ended. A
// client may have given up before the server has heard of the call.
func (s *served) ended(t *testing.T, function string, first time.Duration, call func(d time.Duration)) {
	t.Helper()
	patiently(t, first, func(d time.Duration) bool {
		before, uses := s.idle(t, function), uint64(0)
		used := func(inst *instance) uint64 {
			p := s.functions[function].pool
			p.mu.Lock()
			defer p.mu.Unlock()
			return inst.uses
		}
		if len(before) > 0 {
			uses = used(before[0])
		}
		call(d)
		after := s.idle(t, function)
		if len(before) == 0 || len(after) == 0 || after[0] != before[0] {
			return true
		}
		if used(before[0]) == uses {
			return false
		}
		t.Error("the instance is still there")
		return true
	})
}

// patiently tries something with more and more time until it works.
func patiently(t *testing.T, d time.Duration, try func(d time.Duration) bool) {
	t.Helper()
	for ; !try(d); d *= 2 {
		if d > time.Minute {
			t.Fatal("it does not work, whatever the time")
		}
	}
}

var spinSpec = Function{Name: "spin", Exports: []string{"test.Front"}}

// A guest that goes on when nobody waits for it any more is ended, and replaced.
func TestWatch(t *testing.T) {
	for _, tt := range []struct {
		name string
		call func(t *testing.T, d time.Duration) context.Context
		want codes.Code
	}{
		{"deadline", func(t *testing.T, d time.Duration) context.Context {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			t.Cleanup(cancel)
			return ctx
		}, codes.DeadlineExceeded},
		{"cancelled", func(t *testing.T, d time.Duration) context.Context {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(d, cancel)
			return ctx
		}, codes.Canceled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, newApp(t, guests{{spinSpec, spinGuest("front")}}), Options{MaxInstances: 1, Overrun: 5 * time.Millisecond})
			for range 3 {
				s.ended(t, "spin", 10*time.Millisecond, func(d time.Duration) {
					if _, err := s.call(tt.call(t, d), "Front/Act", nil); status.Code(err) != tt.want {
						t.Errorf("got %v, want %v", err, tt.want)
					}
				})
				s.checkEcho(t, "Front/Echo")
			}
		})
	}
}

// Of a chain of calls, the one that executes is ended. Its caller gets a status, and lives.
func TestWatch_chain(t *testing.T) {
	// A caller that is held up for as long as guests may go on is ended rightly.
	patiently(t, 5*time.Millisecond, func(overrun time.Duration) bool {
		s := serve(t, newApp(t, guests{{frontSpec, relayGuest()}, {Function{Name: "spin", Exports: []string{"test.Back"}}, spinGuest("back")}},
			Edge{"front", "spin", "test.Back"}), Options{MaxInstances: 1, Overrun: overrun})
		front := s.idle(t, "front")[0]
		for range 3 {
			s.ended(t, "spin", 10*time.Millisecond, func(d time.Duration) {
				ctx, cancel := context.WithTimeout(t.Context(), d)
				defer cancel()
				if _, err := s.call(ctx, "Front/Act", nil); status.Code(err) != codes.DeadlineExceeded {
					t.Errorf("got %v", err)
				}
			})
			s.checkEcho(t, "Front/Echo")
			if got := s.idle(t, "front"); len(got) == 0 || got[0] != front {
				return false
			}
		}
		return true
	})
}

// A call that somebody waits for is not ended, however long it takes.
func TestWatch_patience(t *testing.T) {
	s := serve(t, newApp(t, guests{{spinSpec, spinGuest("front")}}), Options{MaxInstances: 1, Overrun: time.Millisecond})
	before := s.idle(t, "spin")[0]
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := s.call(ctx, "Front/Act", nil)
		ended <- err
	}()
	eventually(t, "the call does not arrive", func() bool { return s.Stats().Functions["spin"].Busy == 1 })
	select {
	case err := <-ended:
		t.Fatalf("the call ended: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	cancel()
	if err := <-ended; status.Code(err) != codes.Canceled {
		t.Errorf("got %v", err)
	}
	if after := s.idle(t, "spin"); len(after) > 0 && after[0] == before {
		t.Error("the instance is still there")
	}
}

// What is stopped is never an instance that meanwhile serves another call.
func TestWatch_race(t *testing.T) {
	w := newWatch(time.Hour)
	defer w.close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	stopped := 0
	for range 2000 {
		caller, callee := &instance{iso: noIsolate{}}, &instance{iso: noIsolate{}}
		c := w.begin(ctx, caller)
		w.mu.Lock() // the watch looks by itself too
		c.ended = time.Now().Add(-2 * time.Hour)
		w.mu.Unlock()
		looked := make(chan bool)
		go func() {
			w.look(time.Now())
			close(looked)
		}()
		caller.calling.p.Store(callee)
		back := w.returned(&caller.calling, callee)
		w.end(c, caller)
		<-looked
		if caller.stopped && callee.stopped || back != callee.stopped {
			t.Fatalf("caller stopped: %v; callee stopped: %v, said %v", caller.stopped, callee.stopped, back)
		}
		if callee.stopped {
			stopped++
		}
	}
	t.Logf("the callee was stopped %d times", stopped)
}

// An instance that made a call before it noticed that it was stopped waits for that call, which is stopped then.
func TestWatch_late(t *testing.T) {
	w := newWatch(time.Hour)
	defer w.close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	caller, callee := &instance{iso: noIsolate{}}, &instance{iso: noIsolate{}}
	c := w.begin(ctx, caller)
	overdue := func() {
		w.mu.Lock()
		c.ended = time.Now().Add(-2 * time.Hour)
		w.looked = time.Time{}
		w.mu.Unlock()
		w.look(time.Now())
	}
	overdue()
	caller.calling.p.Store(callee)
	if !caller.stopped || callee.stopped {
		t.Fatalf("caller stopped: %v, callee stopped: %v", caller.stopped, callee.stopped)
	}
	overdue()
	overdue()
	if !callee.stopped {
		t.Error("the callee was not stopped")
	}
	if !w.returned(&caller.calling, callee) || !w.end(c, caller) {
		t.Error("who waits does not hear of it")
	}
}

// A time in which nobody looked is one in which no guest was executed either: a process that was stopped, or a machine.
func TestWatch_held(t *testing.T) {
	w := &watch{overrun: 5 * time.Second, calls: map[*outsideCall]struct{}{}, runs: map[*backgroundRun]struct{}{}}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	inst, background := &instance{iso: noIsolate{}}, &instance{iso: noIsolate{}}
	w.begin(ctx, inst)
	run := &backgroundRun{inst: background, began: time.Now().Add(-time.Hour)}
	run.running.p.Store(background)
	background.overdue.begin()
	w.runs[run] = struct{}{}
	now := time.Now()
	background.overdue.since = now // however long it took to get here
	look := func(after time.Duration) { now = now.Add(after); w.look(now) }
	look(0)
	for range 3 {
		look(time.Minute)
	}
	for range 40 {
		look(100 * time.Millisecond)
	}
	if inst.stopped || background.stopped {
		t.Fatalf("stopped after 4 s of 5, and minutes in which nothing was executed: %v, %v", inst.stopped, background.stopped)
	}
	for range 10 {
		look(100 * time.Millisecond)
	}
	if !inst.stopped || !background.stopped {
		t.Errorf("stopped: %v, %v", inst.stopped, background.stopped)
	}
}

type noIsolate struct{ engine.Instance }

func (noIsolate) Stop() {}
