package host

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cofaas/cofaas/host/engine"
	"github.com/cofaas/cofaas/host/internal/sockets"
	"github.com/cofaas/cofaas/host/internal/transcode"
)

// Instances whose guest is the test: a memory, a control block with an arena, and exports in Go.

const (
	fakeMemory = 1 << 20
	fakeArena  = 1 << 16 // where the arena begins; what is before it is the test's
)

// fakeIsolate is the engine's side of a fake instance.
type fakeIsolate struct {
	engine.Instance
	mem    []byte
	closed atomic.Bool
}

func (i *fakeIsolate) Memory() []byte { return i.mem }
func (i *fakeIsolate) Close()         { i.closed.Store(true) }
func (i *fakeIsolate) Stop()          {}

// fakeExport is an export of a fake instance.
type fakeExport func(stack []uint64) error

func (f fakeExport) Call(stack []uint64) error { return f(stack) }

// newFakeFunction is a function of a host that has nothing else, with a pool of fake instances.
func newFakeFunction(t testing.TB, limit int) *function {
	t.Helper()
	h := &Host{log: slog.New(slog.DiscardHandler), opts: Options{}.withDefaults(), watch: newWatch(time.Hour), closing: make(chan struct{})}
	f := &function{name: "fake", host: h, network: sockets.New(sockets.Config{})}
	f.pool = &pool{max: limit, create: func(context.Context, int) (*instance, error) { return newFakeInstance(f), nil }}
	t.Cleanup(func() {
		f.pool.close()
		f.pool.runs.Wait()
		h.watch.close()
	})
	return f
}

// newFakeInstance is an instance that does nothing when it runs.
func newFakeInstance(f *function) *instance {
	i := &instance{fn: f, iso: &fakeIsolate{mem: make([]byte, fakeMemory)}, control: controlAt, stack: make([]uint64, maxCore)}
	i.resume = fakeExport(func([]uint64) error { return nil })
	b := i.block(i.Bytes())
	b.putU32(controlArenaNext, fakeArena)
	b.putU32(controlArenaEnd, fakeMemory)
	return i
}

// take takes the instance of a pool.
func (f *function) take(t testing.TB) *instance {
	t.Helper()
	inst, err := f.pool.get(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	return inst
}

// testMethod is a method of the protos that the tests use.
func testMethod(t testing.TB, service, name string) *method {
	t.Helper()
	p, err := newApp(t, guests{{Function{Name: "f", Exports: []string{service}}, nil}}).link()
	if err != nil {
		t.Fatal(err)
	}
	var tables transcode.Tables
	for _, m := range p.model.Service(p.services[service].FullName()).Methods {
		if m.FullMethod() == "/"+service+"/"+name {
			return newMethod(p, &tables, m)
		}
	}
	t.Fatalf("there is no method %s of %s", name, service)
	return nil
}

// end is an end of a stream that counts how often it was woken.
type end struct {
	woken chan struct{}
	count atomic.Int32
}

func newEnd() *end { return &end{woken: make(chan struct{}, 1)} }

func (e *end) wake() {
	e.count.Add(1)
	select {
	case e.woken <- struct{}{}:
	default:
	}
}

// times checks how often an end has been woken since the last time.
func (e *end) times(t *testing.T, what string, want int32) {
	t.Helper()
	if got := e.count.Swap(0); got != want {
		t.Errorf("%s: woken %d times, want %d", what, got, want)
	}
}

// allEvents takes all events of an instance, which the caller owns or nobody runs.
func (i *instance) allEvents() []event {
	var buf [64]event
	n, _ := i.fn.pool.takeEvents(i, buf[:])
	return append([]event(nil), buf[:n]...)
}

// eventually waits for something that is about to become true.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(100 * time.Microsecond) {
		if time.Now().After(deadline) {
			t.Fatal(what)
		}
	}
}
