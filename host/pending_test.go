package host

import (
	"context"
	"encoding/binary"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/host/engine"
)

// echoed is where the guests of these tests have the result of a call: a Blob.
const echoed = 1 << 12

// putResult stores a result<blob, status> that is ok.
func (i *instance) putResult(at uint32, data string) {
	words(i, at, 0, at+64, uint32(len(data)), 0, 0)
	copy(i.Bytes()[at+64:], data)
}

// newTestCall is a call of Deep.Echo between fake instances, which nobody has left yet.
func newTestCall(t *testing.T) (c *pendingCall, caller, callee *instance) {
	f := newFakeFunction(t, 2)
	m := &exportMethod{method: testMethod(t, "test.Deep", "Echo"), fn: f}
	caller, callee = f.take(t), f.take(t)
	c = &pendingCall{method: m, caller: caller, callee: callee}
	c.callerID = caller.newCall(c)
	return c, caller, callee
}

func (i *instance) checkEvents(t *testing.T, what string, want ...event) {
	t.Helper()
	if got := i.allEvents(); !slices.Equal(got, want) {
		t.Errorf("%s: got events %v, want %v", what, got, want)
	}
}

func (i *instance) checkOverdue(t *testing.T, want int) {
	t.Helper()
	i.overdue.mu.Lock()
	defer i.overdue.mu.Unlock()
	if i.overdue.calls != want {
		t.Errorf("%d calls are overdue, want %d", i.overdue.calls, want)
	}
}

// A call whose export was left: the callee finishes it, the caller hears of it and takes the result.
func TestPending(t *testing.T) {
	c, caller, callee := newTestCall(t)
	c.leave(3)
	if err := caller.takeCall(c.callerID, echoed); err == nil || !strings.Contains(err.Error(), "not over") {
		t.Errorf("take before it is over: got %v", err)
	}
	callee.putResult(echoed, "abc")
	if err := callee.finishCall(3, echoed); err != nil {
		t.Fatal(err)
	}
	caller.checkEvents(t, "over", event{eventReply, c.callerID})
	callee.checkEvents(t, "over")
	clear(callee.Bytes()[echoed : echoed+128]) // it may forget the result
	if err := caller.takeCall(c.callerID, echoed); err != nil {
		t.Fatal(err)
	}
	if got := caller.blob(t, echoed+4); got != "abc" {
		t.Errorf("got %q", got)
	}
	for what, err := range map[string]error{
		"take twice":           caller.takeCall(c.callerID, echoed),
		"abandon what is over": caller.abandonCall(c.callerID),
		"finish twice":         callee.finishCall(3, echoed),
	} {
		if err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	callee.checkOverdue(t, 0)
}

// A result that is not one: the caller gets a status, and the callee is to blame.
func TestPending_badResult(t *testing.T) {
	for _, tt := range []struct {
		name  string
		store func(i *instance) (at uint32)
		fault bool
		code  codes.Code
	}{
		{"out of bounds", func(*instance) uint32 { return fakeMemory - 4 }, true, codes.Internal},
		{"not aligned", func(*instance) uint32 { return echoed + 1 }, true, codes.Internal},
		{"data out of bounds", func(i *instance) uint32 { words(i, echoed, 0, fakeMemory, 1); return echoed }, true, codes.Internal},
		{"discriminant", func(i *instance) uint32 { words(i, echoed, 2); return echoed }, true, codes.Internal},
		{"a failure that is OK", func(i *instance) uint32 { words(i, echoed, 1, 0, 0, 0, 0, 0); return echoed }, true, codes.Internal},
		{"metadata", func(i *instance) uint32 {
			i.putResult(echoed, "")
			words(i, controlAt+controlReplyMeta, fakeMemory-1, 12)
			return echoed
		}, true, codes.Internal},
		{"a status", func(i *instance) uint32 { words(i, echoed, 1, 5, 0, 0, 0, 0); return echoed }, false, codes.NotFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, caller, callee := newTestCall(t)
			c.leave(3)
			if err := callee.finishCall(3, tt.store(callee)); (err != nil) != tt.fault {
				t.Errorf("got %v", err)
			}
			if err := caller.takeCall(c.callerID, echoed); err != nil {
				t.Fatal(err)
			}
			result := caller.Bytes()[echoed:]
			if code := codes.Code(binary.LittleEndian.Uint32(result[4:])); result[0] != 1 || code != tt.code {
				t.Errorf("got %d, %v, want %v", result[0], code, tt.code)
			}
		})
	}
}

// What can happen to a call, in every order. Whatever the order, the callee is told once that nobody waits if it has begun to wait
// itself and is not over, the caller is told once that a call is over that it has not abandoned, and no call is overdue when it is over.
func TestPending_orders(t *testing.T) {
	const leave, abandon, over = 'l', 'a', 'o'
	for _, order := range []string{"lao", "loa", "alo", "aol", "aalo", "laao", "loaa", "lo", "la", "al", "a", "o", "ao", "oa"} {
		t.Run(order, func(t *testing.T) {
			c, caller, callee := newTestCall(t)
			cancelled := 0
			c.cancel = func() { cancelled++ }
			for n, step := range order {
				before := order[:n]
				switch step {
				case leave:
					c.leave(3)
				case abandon:
					if strings.ContainsRune(before, abandon) {
						c.abandon()
					} else if err := caller.abandonCall(c.callerID); err != nil {
						t.Fatal(err)
					}
				case over:
					c.over()
				}
			}
			l, a, o := strings.IndexByte(order, leave), strings.IndexByte(order, abandon), strings.IndexByte(order, over)
			var told []event
			if l >= 0 && a >= 0 && (o < 0 || o > a) {
				told = []event{{eventCancel, 3}}
			}
			callee.checkEvents(t, "the callee", told...)
			var heard []event
			if o >= 0 && a < 0 {
				heard = []event{{eventReply, c.callerID}}
			}
			caller.checkEvents(t, "the caller", heard...)
			overdue := 0
			if a >= 0 && o < 0 {
				overdue = 1
			}
			callee.checkOverdue(t, overdue)
			if cancelled == 0 {
				if a >= 0 || o >= 0 {
					t.Error("the context of the call goes on")
				}
			}
		})
	}
}

// A call that ends at the moment when it is abandoned is not overdue for ever.
func TestPending_abandonedAtTheEnd(t *testing.T) {
	_, _, callee := newTestCall(t)
	m := &exportMethod{method: testMethod(t, "test.Deep", "Echo"), fn: callee.fn}
	callee.putResult(echoed, "")
	for n := range uint32(2000) {
		c := callee.goesOn(m, n+1)
		c.done = make(chan struct{})
		var group sync.WaitGroup
		group.Go(c.abandon)
		if err := callee.finishCall(n+1, echoed); err != nil {
			t.Fatal(err)
		}
		group.Wait()
		<-c.done
		callee.allEvents()
		callee.checkOverdue(t, 0)
		if t.Failed() {
			return
		}
	}
}

// A call that waits for an instance may be abandoned before it gets one, and one that has a thread of its own before it returns.
// When the export has returned the instance is as good as new.
func TestPending_serve(t *testing.T) {
	for _, tt := range []struct {
		name   string
		queued bool
		leaves bool
	}{
		{"dispatched", false, false},
		{"dispatched, and left", false, true},
		{"queued", true, false},
		{"queued, and left", true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, caller, callee := newTestCall(t)
			c.callee = nil
			if !tt.queued {
				c.callee = callee
			}
			abandon := func() {
				if err := caller.abandonCall(c.callerID); err != nil {
					t.Fatal(err)
				}
			}
			if tt.queued {
				abandon()
				c.setCallee(callee)
			}
			ran := 0
			callee.resume = fakeExport(func([]uint64) error {
				if tt.leaves { // else it only settles
					ran++
					callee.checkEvents(t, "resumed", event{eventCancel, 3})
				}
				return nil
			})
			callee.posts = []engine.Func{nil}
			callee.exports = []engine.Func{fakeExport(func(stack []uint64) error {
				if !tt.queued {
					abandon()
				}
				callee.checkOverdue(t, 1)
				if tt.leaves {
					callee.block(callee.Bytes()).putU32(controlLeft, 3)
				}
				callee.putResult(echoed, "")
				stack[0] = echoed
				return nil
			})}
			c.serve(callee, &callContext{})
			f := callee.fn
			f.pool.mu.Lock() // what has been added to the runs is, for the race detector, too
			runs := &f.pool.runs
			f.pool.mu.Unlock()
			runs.Wait()
			if again := f.take(t); again != callee {
				t.Fatal("the instance was not returned")
			}
			if tt.leaves {
				if ran != 1 {
					t.Errorf("the guest ran %d times to hear that nobody waits", ran)
				}
				callee.checkOverdue(t, 1)
				if err := callee.finishCall(3, echoed); err != nil {
					t.Fatal(err)
				}
			}
			callee.checkOverdue(t, 0)
		})
	}
}

// A client from outside waits for the end of the call or its own.
func TestPending_wait(t *testing.T) {
	f := newFakeFunction(t, 1)
	callee := f.take(t)
	c := callee.goesOn(nil, 1)
	c.done = make(chan struct{})
	time.AfterFunc(time.Millisecond, func() { c.fail(status.New(codes.Aborted, "")) })
	if st := c.wait(t.Context()); st != nil || c.st.Code() != codes.Aborted {
		t.Errorf("got %v, %v", st, c.st)
	}
	c = callee.goesOn(nil, 2)
	c.done = make(chan struct{})
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if st := c.wait(ctx); st.Code() != codes.DeadlineExceeded {
		t.Errorf("got %v", st)
	}
	callee.checkEvents(t, "gave up", event{eventCancel, 2})
}

// Numbers of outgoing calls are never 0 and never those of calls in progress, however many there have been.
func TestNewCall_numbers(t *testing.T) {
	i := newFakeInstance(newFakeFunction(t, 1))
	first := i.newCall(&pendingCall{})
	i.lastCall = 0xfffffffe
	var got []uint32
	for range 3 {
		got = append(got, i.newCall(&pendingCall{}))
	}
	if first != 1 || !slices.Equal(got, []uint32{0xffffffff, 2, 3}) {
		t.Errorf("got %d, %d", first, got)
	}
	for _, id := range []uint32{0, 4, 1 << 31} {
		if err := i.takeCall(id, echoed); err == nil {
			t.Errorf("call %d is taken", id)
		}
		if err := i.abandonCall(id); err == nil {
			t.Errorf("call %d is abandoned", id)
		}
		if err := i.finishCall(id, echoed); err == nil {
			t.Errorf("call %d is finished", id)
		}
	}
}

// An instance that dies takes its calls with it: those that it serves fail, those that it waits for are given up, and so are the
// streams that it has opened.
func TestDiscard_calls(t *testing.T) {
	f := newFakeFunction(t, 3)
	dying, caller, callee := f.take(t), f.take(t), f.take(t)
	served := &pendingCall{caller: caller, callee: dying}
	served.callerID = caller.newCall(served)
	served.leave(1)
	outside := dying.goesOn(nil, 2)
	outside.done = make(chan struct{})
	outgoing := &pendingCall{caller: dying, callee: callee}
	outgoing.callerID = dying.newCall(outgoing)
	outgoing.leave(5)

	opened, other := newStream(t.Context(), &method{}), newEnd()
	opened.client, opened.server = dying.open(opened, &opened.up, &opened.down), other
	opened.checkTake(t, "no requests", &opened.up, nil, streamBlocked)
	streaming, client := newStream(t.Context(), &method{}), newEnd()
	end := dying.open(streaming, &streaming.down, &streaming.up)
	streaming.client, streaming.server, streaming.clientWaits = client, end, true
	c := dying.goesOn(nil, 3)
	c.stream = end
	streaming.serving(c)

	f.pool.discard(dying, &engine.ExitError{Code: 2})
	caller.checkEvents(t, "its caller", event{eventReply, served.callerID})
	<-outside.done
	for _, st := range []*status.Status{served.st, outside.st, streaming.st} {
		if st.Code() != codes.Unavailable {
			t.Errorf("got %v", st)
		}
	}
	callee.checkEvents(t, "its callee", event{eventCancel, 5})
	callee.checkOverdue(t, 1)
	other.times(t, "the server of its stream", 1)
	client.times(t, "the client of its stream", 1)
	if !opened.cancelled || !streaming.ended {
		t.Error("its streams go on")
	}
	if !dying.iso.(*fakeIsolate).closed.Load() || f.pool.size() != 2 {
		t.Error("it is still there")
	}
	// Who has not heard of it yet does no harm.
	f.pool.post(dying, event{eventReply, 1})
	streaming.leave()
	outgoing.fail(status.New(codes.Internal, ""))
	if len(dying.events) != 0 {
		t.Errorf("got events %v", dying.events)
	}
}
