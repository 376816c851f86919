package grpc

import (
	"context"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/stubs/grpc/codes"
	"github.com/cofaas/cofaas/stubs/grpc/metadata"
	"github.com/cofaas/cofaas/stubs/grpc/status"
)

// seeingImport gives what goes out with calls to see.
type seeingImport struct {
	see func(*guest.ClientCall)
}

func (i seeingImport) Invoke(_ context.Context, _ <-chan struct{}, call *guest.ClientCall, args, reply any) *guest.Status {
	i.see(call)
	return nil
}

// seeing returns what makes a call and returns what went out with it.
func seeing(t *testing.T) func(ctx context.Context) (guest.ClientCall, error) {
	useFakeHost(t)
	var seen guest.ClientCall
	findImport = func(string) importedMethod {
		return seeingImport{func(c *guest.ClientCall) { seen = guest.ClientCall{Deadline: c.Deadline, Metadata: c.Pairs()} }}
	}
	cc := newConn(t)
	var args, reply any = new(int), new(int)
	return func(ctx context.Context) (guest.ClientCall, error) {
		seen = guest.ClientCall{}
		err := cc.Invoke(ctx, fullName, args, reply)
		return seen, err
	}
}

func TestInvokeUnder(t *testing.T) {
	call := seeing(t)
	md := metadata.Pairs("set", "1")
	set := metadata.NewOutgoingContext(t.Context(), md)
	added := metadata.AppendToOutgoingContext(set, "added", "1", "te", "reserved")
	other := metadata.AppendToOutgoingContext(t.Context(), "Other", "1")
	deadline := time.Now().Add(time.Hour)
	limited, cancel := context.WithDeadline(other, deadline)
	defer cancel()
	check := func(ctx context.Context, deadline int64, want ...guest.Pair) {
		t.Helper()
		// What is sent a third time has been kept.
		for i := range 4 {
			got, err := call(ctx)
			if err != nil || got.Deadline != deadline || !reflect.DeepEqual(got.Metadata, want) {
				t.Errorf("time %d: got %+v, %v, want %v, %v", i, got, err, deadline, want)
			}
		}
	}
	for range 2 {
		check(set, 0, guest.Pair{Key: "set", Value: "1"})
		check(added, 0, guest.Pair{Key: "set", Value: "1"}, guest.Pair{Key: "added", Value: "1"})
		check(other, 0, guest.Pair{Key: "other", Value: "1"})
		check(limited, deadline.UnixNano(), guest.Pair{Key: "other", Value: "1"})
	}
	md["set"][0] = "2"
	check(set, 0, guest.Pair{Key: "set", Value: "2"})
	check(added, 0, guest.Pair{Key: "set", Value: "2"}, guest.Pair{Key: "added", Value: "1"})
	md["Bad"] = []string{"1"}
	for range 3 {
		if _, err := call(added); status.Code(err) != codes.Internal {
			t.Errorf("got %v", err)
		}
	}
	delete(md, "Bad")
	md["set"] = []string{strings.Repeat("long", keptBuffer)}
	check(added, 0, guest.Pair{Key: "set", Value: md["set"][0]}, guest.Pair{Key: "added", Value: "1"})
	for c := contextCalls.idle; c != nil; c = c.next {
		if cap(c.buffer) > keptBuffer || c.Encoded != nil {
			t.Errorf("an idle call keeps %d bytes, and metadata %q", cap(c.buffer), c.Encoded)
		}
	}
	cancel()
	if _, err := call(limited); status.Code(err) != codes.Canceled {
		t.Errorf("cancelled: got %v", err)
	}
}

// The context of a handler, whose deadline the host compares with the clock.
func TestInvokeUnder_server(t *testing.T) {
	call := seeing(t)
	m := &servedMethod{server: NewServer(), fullMethod: fullName}
	deadline := time.Now().Add(time.Hour).UnixNano()
	c := newServerContext(m, &nopCall{}, deadline)
	for _, ctx := range []context.Context{c, metadata.AppendToOutgoingContext(metadata.NewOutgoingContext(c, nil), "key", "value")} {
		if got, err := call(ctx); err != nil || got.Deadline != deadline {
			t.Errorf("got %+v, %v", got, err)
		}
	}
	if c.extra != nil {
		t.Error("calls cost the context memory")
	}
	c.Cancel()
	for _, ctx := range []context.Context{c, metadata.AppendToOutgoingContext(metadata.NewOutgoingContext(c, nil), "key", "value")} {
		if _, err := call(ctx); status.Code(err) != codes.Canceled {
			t.Errorf("cancelled: got %v", err)
		}
	}
	over := newServerContext(m, &nopCall{}, deadline)
	over.finish()
	if _, err := call(over); status.Code(err) != codes.Canceled {
		t.Errorf("after the handler: got %v", err)
	}
	late := newServerContext(m, &nopCall{}, 1)
	<-late.Done()
	if _, err := call(late); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("past the deadline: got %v", err)
	}
}

func TestInvokeUnder_concurrent(t *testing.T) {
	useFakeHost(t)
	findImport = func(string) importedMethod {
		return seeingImport{func(c *guest.ClientCall) {
			if c.Deadline == 0 {
				return
			}
			if got := c.Pairs(); len(got) != 2 || got[0].Value != "shared" || got[1].Value != fmt.Sprint(c.Deadline) {
				t.Errorf("with deadline %d goes %v", c.Deadline, got)
			}
		}}
	}
	cc := newConn(t)
	shared := metadata.AppendToOutgoingContext(t.Context(), "key", "shared")
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			var args, reply any = new(int), new(int)
			deadline := time.Now().Add(time.Hour + time.Duration(i))
			ctx, cancel := context.WithDeadline(metadata.AppendToOutgoingContext(shared, "own", fmt.Sprint(deadline.UnixNano())), deadline)
			defer cancel()
			for range 100 {
				if err := cc.Invoke(shared, fullName, args, reply); err != nil {
					t.Error(err)
				}
				if err := cc.Invoke(ctx, fullName, args, reply); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}

// Contexts that are derived from a handler's need no goroutine each, metadata or not.
func TestOutgoingContext_children(t *testing.T) {
	c := newServerContext(&servedMethod{server: NewServer(), fullMethod: fullName}, &nopCall{}, 0)
	parent := metadata.AppendToOutgoingContext(metadata.NewOutgoingContext(c, metadata.Pairs("a", "1")), "b", "2")
	before := runtime.NumGoroutine()
	child, cancel := context.WithTimeout(parent, time.Hour)
	defer cancel()
	gone, cancelGone := context.WithTimeout(parent, time.Hour)
	cancelGone()
	checkGoroutines(t, before)
	if parent.Err() != nil || child.Err() != nil || gone.Err() != context.Canceled {
		t.Errorf("before the call is over: %v, %v, %v", parent.Err(), child.Err(), gone.Err())
	}
	c.finish()
	<-child.Done()
	if parent.Err() != context.Canceled || child.Err() != context.Canceled {
		t.Errorf("when the call is over: %v, %v", parent.Err(), child.Err())
	}
}
