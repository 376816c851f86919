package behaviours

import (
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/metadata"

	"github.com/cofaas/cofaas/test/contract/backend"
	"github.com/cofaas/cofaas/test/contract/pb"
	"github.com/cofaas/cofaas/test/contract/script"
)

func concurrency() []*Behaviour {
	return slices.Concat(
		each("concurrency/calls that sleep", everywhere, kinds, concurrentSleeps),
		one("concurrency/each reply to its caller", everywhere, concurrentReplies),
		one("concurrency/a callee that computes", everywhere, concurrentCompute),
		one("concurrency/two callees", inside, concurrentFanOut),
		one("concurrency/streams to two callees", inside, concurrentStreams),
		one("concurrency/many cycles", inside, concurrentCycles),
	)
}

// concurrentSleeps compares calls of several goroutines with a single one. One of the comparisons has to be good, in the last of which the
// sleep is long beside what a busy machine adds to it.
func concurrentSleeps(t *T, e *Env, k Kind) {
	var single, eight time.Duration
	for _, d := range []time.Duration{100 * time.Millisecond, 100 * time.Millisecond, 500 * time.Millisecond, 2 * time.Second, 5 * time.Second} {
		order := script.Order(script.Sleep(d))
		begin := time.Now()
		t.OK("one", e.do(t.Context(), k, order).err)
		single = time.Since(begin)
		begin = time.Now()
		var wait sync.WaitGroup
		var failed atomic.Int64
		for range 8 {
			wait.Go(func() {
				if e.do(t.Context(), k, order).err != nil {
					failed.Add(1)
				}
			})
		}
		wait.Wait()
		eight = time.Since(begin)
		t.Equal("failures", failed.Load(), int64(0))
		if eight < 4*single {
			break
		}
	}
	t.True("they sleep side by side", eight < 4*single, "one takes %v, eight take %v", single, eight)
}

func concurrentReplies(t *T, e *Env) {
	const callers, calls = 20, 10
	var wait sync.WaitGroup
	var wrong atomic.Int64
	for i := range callers {
		wait.Go(func() {
			for n := range calls {
				id := int64(i*1000 + n)
				k := kinds[n%len(kinds)]
				order := looking(k, script.Metadata(), script.SetTrailer("x-id", fmt.Sprint(id)))
				order.Id = id
				o := e.do(metadata.AppendToOutgoingContext(t.Context(), "x-id", fmt.Sprint(id)), k, order)
				if o.err != nil || o.reports[0].Id != id || o.fact("metadata x-id") != fmt.Sprintf("[\"%d\"]", id) || !slices.Equal(o.trailer.Get("x-id"), []string{fmt.Sprint(id)}) {
					wrong.Add(1)
				}
			}
		})
	}
	wait.Wait()
	t.Equal("wrong replies", wrong.Load(), int64(0))
}

// concurrentCompute has a callee compute for one caller while another wants something short.
func concurrentCompute(t *T, e *Env) {
	key := t.Key()
	ctx := t.Timeout(500 * time.Millisecond)
	done := make(chan error, 1)
	go func() { done <- e.do(ctx, unary, script.Order(script.Poll(key))).err }()
	for i := range 5 {
		t.OK(fmt.Sprint("short call ", i), e.do(t.Timeout(patience), unary, script.Order()).err)
	}
	t.True("the other call ends", <-done != nil, "without an error")
}

func concurrentFanOut(t *T, e *Env) {
	var b, c outcome
	var wait sync.WaitGroup
	wait.Go(func() { b = e.look(t.Context(), unary, script.Method()) })
	wait.Go(func() { c = do(t.Context(), e.Inside.C, unary, script.Order(script.Method())) })
	wait.Wait()
	t.OK("b", b.err)
	t.OK("c", c.err)
	t.Equal("method of b", b.fact("method"), "/contract.v1.BackendB/Unary true")
	t.Equal("method of c", c.fact("method"), "/contract.v1.BackendC/Unary true")
	for _, k := range kinds {
		t.OK("c: "+k.String(), do(t.Context(), e.Inside.C, k, script.Order()).err)
	}
}

// concurrentStreams passes messages from a stream of one callee to a stream of the other.
func concurrentStreams(t *T, e *Env) {
	b := e.openChat(t, t.Context(), script.Echo())
	c, err := e.Inside.C.Chat(t.Context())
	t.Must("open", err)
	t.OK("order", c.Send(script.Order(script.Echo())))
	for i := range int64(50) {
		t.mustSend(b, &pb.Order{Id: i})
		got, err := b.Recv()
		if err != nil {
			t.Must("receive from b", err)
		}
		t.mustSend(c, &pb.Order{Id: got.Id})
		if got, err = c.Recv(); err != nil || got.Id != i {
			t.True("echo", false, "got %v, %v", got, err)
			return
		}
	}
	b.CloseSend()
	c.CloseSend()
	_, err = b.Recv()
	t.Equal("the end of b", err, io.EOF)
	_, err = c.Recv()
	t.Equal("the end of c", err, io.EOF)
}

// concurrentCycles has each of many calls come back to this process.
func concurrentCycles(t *T, e *Env) {
	var wait sync.WaitGroup
	var failed atomic.Int64
	clients := []backend.Client{e.Inside.Cycle, e.Client()}
	for i := range 40 {
		wait.Go(func() {
			if do(t.Context(), clients[i%2], kinds[i/2%len(kinds)], script.Order(script.Sleep(20*time.Millisecond))).err != nil {
				failed.Add(1)
			}
		})
	}
	wait.Wait()
	t.Equal("failures", failed.Load(), int64(0))
}
