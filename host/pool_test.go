package host

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cofaas/cofaas/host/engine"
)

// countedIsolate counts, in place of a guest.
type countedIsolate struct {
	engine.Instance
	closed atomic.Int32
	used   atomic.Bool // by somebody at this moment
}

func (i *countedIsolate) Close() { i.closed.Add(1) }

// testPool is a pool of isolates.
type testPool struct {
	pool
	made   atomic.Int32
	closed func() int // isolates that were closed
	fail   atomic.Pointer[error]
}

func newTestPool(limit int) *testPool {
	p := &testPool{}
	var mu sync.Mutex
	var all []*countedIsolate
	p.pool.max = limit
	p.pool.create = func(ctx context.Context, depth int) (*instance, error) {
		if err := p.fail.Load(); err != nil {
			return nil, *err
		}
		p.made.Add(1)
		iso := &countedIsolate{}
		mu.Lock()
		all = append(all, iso)
		mu.Unlock()
		return &instance{iso: iso, depth: depth}, nil
	}
	p.closed = func() int {
		mu.Lock()
		defer mu.Unlock()
		n := 0
		for _, iso := range all {
			n += int(iso.closed.Load())
		}
		return n
	}
	return p
}

// at gets an instance at a depth, where calls other than those from outside do not wait.
func (p *testPool) at(ctx context.Context, depth int) (*instance, error) {
	if depth == 0 {
		return p.get(ctx, 0)
	}
	return p.now(ctx, depth, true)
}

// take gets an instance, which must be there.
func (p *testPool) take(t *testing.T, depth int) *instance {
	t.Helper()
	inst, err := p.at(t.Context(), depth)
	if err != nil {
		t.Fatal(err)
	}
	if inst.depth != depth {
		t.Errorf("got depth %d, want %d", inst.depth, depth)
	}
	return inst
}

// result is what a waiting call comes back with.
type result struct {
	inst *instance
	err  error
}

// wait starts a call that has to wait.
func (p *testPool) wait(t *testing.T, ctx context.Context) <-chan result {
	t.Helper()
	done := make(chan result, 1)
	go func() {
		inst, err := p.get(ctx, 0)
		done <- result{inst, err}
	}()
	synctest.Wait()
	select {
	case r := <-done:
		t.Fatalf("did not wait: %+v", r)
	default:
	}
	return done
}

func (p *testPool) checkSize(t *testing.T, size, made, closed int) {
	t.Helper()
	if p.size() != size || int(p.made.Load()) != made || p.closed() != closed {
		t.Errorf("got %d instances, %d made, %d closed; want %d, %d, %d", p.size(), p.made.Load(), p.closed(), size, made, closed)
	}
}

// The instance that was used last is the next to be used.
func TestPool_order(t *testing.T) {
	p := newTestPool(3)
	a, b, c := p.take(t, 0), p.take(t, 0), p.take(t, 0)
	p.checkSize(t, 3, 3, 0)
	for _, inst := range []*instance{b, c, a} {
		p.put(inst)
	}
	for i, want := range []*instance{a, c, b} {
		if got := p.take(t, 0); got != want {
			t.Errorf("take %d got another instance", i)
		}
	}
	p.checkSize(t, 3, 3, 0)
}

// Who waits first is served first.
func TestPool_waiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTestPool(1)
		inst := p.take(t, 0)
		first, second := p.wait(t, t.Context()), p.wait(t, t.Context())
		p.put(inst)
		if r := <-first; r.inst != inst || r.err != nil {
			t.Errorf("got %+v", r)
		}
		synctest.Wait()
		if len(second) != 0 {
			t.Error("the second call did not wait for the first")
		}
		p.put(inst)
		if r := <-second; r.inst != inst || r.err != nil {
			t.Errorf("got %+v", r)
		}
		p.put(inst)
		p.checkSize(t, 1, 1, 0)
	})
}

func TestPool_waiting_Errors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTestPool(1)
		inst := p.take(t, 0)

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if _, err := p.get(ctx, 0); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
		ctx, cancel = context.WithCancel(t.Context())
		gone, stays := p.wait(t, ctx), p.wait(t, t.Context())
		cancel()
		if r := <-gone; !errors.Is(r.err, context.Canceled) {
			t.Errorf("got %+v", r)
		}
		// Who has gone is not served.
		p.put(inst)
		if r := <-stays; r.inst != inst {
			t.Errorf("got %+v", r)
		}
	})
}

// A call that is cancelled at the moment when it is served passes on what it was given.
func TestPool_cancelledWhenServed(t *testing.T) {
	for _, discard := range []bool{false, true} {
		for range 200 {
			p := newTestPool(1)
			inst := p.take(t, 0)
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan result, 1)
			go func() {
				inst, err := p.get(ctx, 0)
				done <- result{inst, err}
			}()
			for p.waiters() == 0 {
				time.Sleep(time.Microsecond)
			}
			go cancel()
			if discard {
				p.discard(inst, errStopped)
			} else {
				p.put(inst)
			}
			switch r := <-done; {
			case r.err == nil:
				p.put(r.inst)
			case !errors.Is(r.err, context.Canceled):
				t.Fatal(r.err)
			}
			p.put(p.take(t, 0)) // nothing is lost
			if p.size() != 1 {
				t.Fatalf("got %d instances, want 1", p.size())
			}
		}
	}
}

func (p *testPool) waiters() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.waiting)
}

// A call from another function is served beyond the maximum; what was made for it stays.
func TestPool_nested(t *testing.T) {
	p := newTestPool(1)
	insts := []*instance{p.take(t, 0)}
	for depth := 1; depth < 5; depth++ {
		insts = append(insts, p.take(t, depth))
	}
	p.checkSize(t, 5, 5, 0)
	for _, inst := range insts {
		p.put(inst)
	}
	// Who can wait gets none beyond the maximum.
	held := p.take(t, 0)
	for range 4 {
		p.take(t, 1)
	}
	if inst, err := p.now(t.Context(), 1, false); inst != nil || err != nil {
		t.Errorf("got %v, %v beyond the maximum", inst, err)
	}
	p.put(held)
	for _, inst := range insts {
		if inst != held {
			p.put(inst)
		}
	}
	// One that is idle is as good for it as for any other call.
	p.put(p.take(t, 0))
	p.put(p.take(t, 1))
	p.checkSize(t, 5, 5, 0)
}

// The place of a broken instance goes to the first call that waits, which makes a new one.
func TestPool_discard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTestPool(1)
		p.discard(p.take(t, 0), errStopped)
		p.checkSize(t, 0, 1, 1)

		inst := p.take(t, 0)
		first, second := p.wait(t, t.Context()), p.wait(t, t.Context())
		p.discard(inst, errStopped)
		r := <-first
		if r.err != nil || r.inst == inst {
			t.Errorf("got %+v", r)
		}
		p.checkSize(t, 1, 3, 2)
		p.put(r.inst)
		p.put((<-second).inst)
		p.checkSize(t, 1, 3, 2)
	})
}

// An instance that cannot be made is the misfortune of one call; the next one tries again.
func TestPool_create_Errors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTestPool(1)
		inst := p.take(t, 0)
		first, second := p.wait(t, t.Context()), p.wait(t, t.Context())
		broken := errors.New("no memory")
		p.fail.Store(&broken)
		p.discard(inst, errStopped)
		for _, done := range []<-chan result{first, second} {
			if r := <-done; r.inst != nil || !errors.Is(r.err, broken) {
				t.Errorf("got %+v", r)
			}
		}
		p.checkSize(t, 0, 1, 1)
		p.fail.Store(nil)
		p.put(p.take(t, 0))
		p.checkSize(t, 1, 2, 1)
	})
}

func TestPool_close(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTestPool(3)
		idle, busy, broken := p.take(t, 0), p.take(t, 0), p.take(t, 0)
		waiting := p.wait(t, t.Context())
		p.put(idle)
		p.put((<-waiting).inst)
		p.close()
		p.checkSize(t, 2, 3, 1)
		for depth := range 2 {
			if _, err := p.at(t.Context(), depth); !errors.Is(err, errStopped) {
				t.Errorf("at depth %d: got %v, want %v", depth, err, errStopped)
			}
		}
		p.put(busy)
		p.discard(broken, errStopped)
		p.checkSize(t, 0, 3, 3)

		p = newTestPool(1)
		busy = p.take(t, 0)
		waiting = p.wait(t, t.Context())
		p.close()
		if r := <-waiting; !errors.Is(r.err, errStopped) {
			t.Errorf("got %+v", r)
		}
		p.put(busy)
		p.checkSize(t, 0, 1, 1)
	})
}

// Everything at once. No instance is used by two or after its end, and none is lost.
func TestPool_hammer(t *testing.T) {
	const limit, workers, rounds = 4, 32, 400
	checkGoroutines(t)
	p := newTestPool(limit)
	var group errgroup.Group
	for w := range workers {
		group.Go(func() error {
			r := rand.New(rand.NewPCG(uint64(w), 0))
			for range rounds {
				depth := 0
				if r.IntN(10) == 0 {
					depth = 1
				}
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(r.IntN(300))*time.Microsecond)
				inst, err := p.at(ctx, depth)
				cancel()
				if err != nil {
					if !errors.Is(err, context.DeadlineExceeded) {
						return err
					}
					continue
				}
				iso := inst.iso.(*countedIsolate)
				if !iso.used.CompareAndSwap(false, true) {
					return errors.New("an instance is used by two calls")
				}
				if iso.closed.Load() != 0 {
					return errors.New("an instance is used after it was closed")
				}
				time.Sleep(time.Duration(r.IntN(50)) * time.Microsecond)
				iso.used.Store(false)
				if r.IntN(5) == 0 {
					p.discard(inst, errStopped)
				} else {
					p.put(inst)
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	if len(p.idle) != p.total || len(p.waiting) != 0 {
		t.Errorf("%d of %d instances are idle, %d calls wait", len(p.idle), p.total, len(p.waiting))
	}
	p.mu.Unlock()
	p.close()
	if made, closed := int(p.made.Load()), p.closed(); made != closed {
		t.Errorf("%d instances were made, and %d closed", made, closed)
	}
	p.checkSize(t, 0, int(p.made.Load()), p.closed())
}
