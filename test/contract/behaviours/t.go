package behaviours

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/cofaas/cofaas/test/contract/pb"
)

// hangs is how long a behaviour may take. The longest takes a few seconds on a slow machine, which others may use too.
const hangs = 4 * time.Minute

// patience bounds waits for what is to come, so that a suite that fails comes to its end.
const patience = time.Minute

// tries are deadlines that pass, in the order in which they are tried: on a machine that is busy, a short one may have passed before
// what it is to interrupt has begun.
var tries = []time.Duration{200 * time.Millisecond, time.Second, 5 * time.Second, 20 * time.Second}

// T records what a behaviour asserts. Functions run behaviours too, which is why it is not a testing.T.
type T struct {
	name string
	ctx  context.Context

	mu         sync.Mutex
	assertions []*pb.Assertion
	cleanups   []func()
}

// Context is cancelled when the behaviour ends. It has no deadline and no metadata.
func (t *T) Context() context.Context { return t.ctx }

// Timeout is a context with a deadline, for the behaviour's whole life.
func (t *T) Timeout(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.ctx, d)
	t.Cleanup(cancel)
	return ctx
}

// Cleanup has f called at the end, last one first.
func (t *T) Cleanup(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cleanups = append(t.cleanups, f)
}

var (
	process = rand.Uint64()
	keys    atomic.Int64
)

// Key is a key for ledgers that nobody else uses.
func (t *T) Key() string { return fmt.Sprintf("%s %x %d", t.name, process, keys.Add(1)) }

func (t *T) record(name string, ok bool, format string, args ...any) bool {
	a := &pb.Assertion{Name: name, Ok: ok}
	if !ok {
		a.Detail = fmt.Sprintf(format, args...)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.assertions = append(t.assertions, a)
	return ok
}

// True asserts a condition. The format says what was seen instead.
func (t *T) True(name string, ok bool, format string, args ...any) {
	t.record(name, ok, format, args...)
}

// Equal asserts that two values are the same, as protos or as Go values.
func (t *T) Equal(name string, got, want any) {
	g, isProto := got.(proto.Message)
	w, wantsProto := want.(proto.Message)
	same := reflect.DeepEqual(got, want)
	if isProto && wantsProto {
		same = proto.Equal(g, w)
	}
	t.record(name, same, "got %.2000q, want %.2000q", fmt.Sprint(got), fmt.Sprint(want))
}

// Between asserts that a number is in a range, ends included.
func (t *T) Between(name string, got, low, high int64) {
	t.record(name, low <= got && got <= high, "got %d, want %d to %d", got, low, high)
}

// Status asserts the code and the message of an error.
func (t *T) Status(name string, err error, code codes.Code, message string) {
	st := status.Convert(err)
	t.record(name, st.Code() == code && st.Message() == message, "got %v %.2000q, want %v %.2000q", st.Code(), st.Message(), code, message)
}

// Code asserts the code of an error.
func (t *T) Code(name string, err error, code codes.Code) {
	t.record(name, status.Code(err) == code, "got %v, want code %v", err, code)
}

// OK asserts that there is no error.
func (t *T) OK(name string, err error) { t.record(name, err == nil, "got %v", err) }

// Must asserts that there is no error, and ends the behaviour if there is one.
func (t *T) Must(name string, err error) {
	if !t.record(name, err == nil, "got %v", err) {
		runtime.Goexit()
	}
}

// run runs a behaviour, and returns what it has asserted.
func run(parent context.Context, b *Behaviour, e *Env) []*pb.Assertion {
	ctx, cancel := context.WithCancel(context.WithoutCancel(parent))
	defer cancel()
	t := &T{name: b.Name, ctx: ctx}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if r := recover(); r != nil {
				t.record("no panic", false, "%v", r)
			}
			for i := len(t.cleanups) - 1; i >= 0; i-- {
				t.cleanups[i]()
			}
		}()
		b.Run(t, e)
	}()
	select {
	case <-done:
	case <-time.After(hangs):
		t.record("comes to its end", false, "it has not, in %v", hangs)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.assertions
}
