package behaviours

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/test/contract/pb"
	"github.com/cofaas/cofaas/test/contract/script"
)

func deadlines() []*Behaviour {
	return slices.Concat(
		each("deadline/none", everywhere, kinds, deadlineNone),
		each("deadline/goes all the way", everywhere, kinds, deadlineArrives),
		each("deadline/shortened", everywhere, kinds, deadlineShortened),
		each("deadline/already over", everywhere, kinds, deadlineOver),
		each("deadline/passes between calls", everywhere, kinds, deadlinePassesBetween),
		each("deadline/passes while the callee waits", everywhere, kinds, deadlinePasses(script.Await)),
		each("deadline/passes while the callee computes", everywhere, kinds, deadlinePasses(script.Poll)),
		each("deadline/passes while the callee looks away", everywhere, kinds, deadlineLooksAway),
		each("deadline/long enough", everywhere, kinds, deadlineEnough),
		each("deadline/between messages", everywhere, replyStreams, deadlineBetween),
		each("deadline/of the stream's context", direct, streamKinds, deadlineOfStream),
	)
}

func deadlineNone(t *T, e *Env, k Kind) {
	o := e.look(t.Context(), k, script.Deadline())
	t.Must("call", o.err)
	t.Equal("deadline", o.fact("deadline"), "none")
}

func deadlineArrives(t *T, e *Env, k Kind) {
	for _, d := range []time.Duration{time.Minute, 100 * time.Hour} {
		o := e.look(t.Timeout(d), k, script.Deadline())
		t.OK(fmt.Sprint("call within ", d), o.err)
		t.Between(fmt.Sprint("left of ", d), o.number("deadline"), (d - 30*time.Second).Milliseconds(), d.Milliseconds())
	}
}

func deadlineShortened(t *T, e *Env, k Kind) {
	long := t.Timeout(time.Hour)
	short, cancel := context.WithTimeout(long, time.Minute)
	defer cancel()
	longer, cancelLonger := context.WithTimeout(short, 2*time.Hour)
	defer cancelLonger()
	for name, ctx := range map[string]context.Context{"shortened": short, "not prolonged": longer} {
		o := e.look(ctx, k, script.Deadline())
		t.OK(name+": call", o.err)
		t.Between(name, o.number("deadline"), 30_000, 60_000)
	}
	o := e.look(long, k, script.Deadline())
	t.Between("the other context keeps its own", o.number("deadline"), 3_000_000, 3_600_000)
}

func deadlineOver(t *T, e *Env, k Kind) {
	key := t.Key()
	for name, d := range map[string]time.Duration{"now": 0, "long ago": -time.Hour} {
		o := e.do(t.Timeout(d), k, script.Order(script.Note(key, "called")))
		t.Status(name, o.err, codes.DeadlineExceeded, "context deadline exceeded")
	}
	t.Equal("no handler has run", e.look(t.Context(), k, script.Ask(key, 50*time.Millisecond)).fact("ledger"), "")
}

// deadlinePassesBetween is about calls under one context: the caller sleeps until its deadline has passed, or computes, so that
// no timer of its own has run.
func deadlinePassesBetween(t *T, e *Env, k Kind) {
	for name, wait := range map[string]func(time.Time){
		"sleeping": func(until time.Time) { time.Sleep(time.Until(until)) },
		"computing": func(until time.Time) {
			for time.Now().Before(until) {
			}
		},
	} {
		key := t.Key()
		for _, d := range tries {
			ctx := metadata.AppendToOutgoingContext(t.Timeout(d), "x-key", "1")
			var err error
			for range 3 {
				err = errors.Join(err, e.do(ctx, k, script.Order()).err)
			}
			if err != nil {
				continue // on a machine that is busy
			}
			deadline, _ := ctx.Deadline()
			wait(deadline.Add(time.Millisecond))
			o := e.do(ctx, k, script.Order(script.Note(key, "called")))
			t.Status(name, o.err, codes.DeadlineExceeded, "context deadline exceeded")
			break
		}
		t.Equal(name+": no handler has run", e.look(t.Context(), k, script.Ask(key, 50*time.Millisecond)).fact("ledger"), "")
	}
}

func deadlinePasses(wait func(key string) *pb.Step) func(t *T, e *Env, k Kind) {
	return func(t *T, e *Env, k Kind) {
		var ended string
		for _, d := range tries {
			begun := t.Key()
			ended = t.Key()
			o := e.do(t.Timeout(d), k, script.Order(script.Note(begun, "started"), wait(ended)))
			t.Code("caller", o.err, codes.DeadlineExceeded)
			if e.look(t.Context(), unary, script.Ask(begun, 50*time.Millisecond)).fact("ledger") == "started" {
				break
			}
		}
		// Either its own clock or the caller's cancellation is first.
		got := e.look(t.Context(), unary, script.Ask(ended, patience)).fact("ledger")
		t.True("callee", got == "context deadline exceeded" || got == "context canceled", "got %q", got)
		t.OK("the next call", e.do(t.Context(), k, script.Order()).err)
	}
}

func deadlineLooksAway(t *T, e *Env, k Kind) {
	key := t.Key()
	begin := time.Now()
	o := e.do(t.Timeout(100*time.Millisecond), k, script.Order(script.Ask(key, patience)))
	t.Code("caller", o.err, codes.DeadlineExceeded)
	took := time.Since(begin)
	t.True("the caller does not wait for the callee", took < patience/2, "it took %v", took)
	t.OK("the callee may end", e.do(t.Context(), unary, script.Order(script.Note(key, "go on"))).err)
	t.OK("the next call", e.do(t.Context(), k, script.Order()).err)
}

func deadlineEnough(t *T, e *Env, k Kind) {
	o := e.do(t.Timeout(time.Minute), k, looking(k, script.Sleep(50*time.Millisecond), script.Deadline()))
	t.OK("call", o.err)
	t.Between("what is left shrinks", o.number("deadline"), 1, 59_950)
}

func deadlineBetween(t *T, e *Env, k Kind) {
	var stream grpc.ClientStream
	var err error
	for _, d := range tries {
		stream, err = replies(t.Timeout(d), e, k, script.Order(script.Send(2, 8), script.Await(t.Key())))
		for i := 0; i < 2 && err == nil; i++ {
			err = stream.RecvMsg(new(pb.Report))
		}
		if status.Code(err) != codes.DeadlineExceeded {
			break
		}
	}
	t.Must("two messages", err)
	// The text depends on who is first: the caller's clock, or a callee's that resets the stream.
	t.Code("then", stream.RecvMsg(new(pb.Report)), codes.DeadlineExceeded)
	t.Code("and again", stream.RecvMsg(new(pb.Report)), codes.DeadlineExceeded)
}

// replies opens a stream of replies, which may fail because of its deadline.
func replies(ctx context.Context, e *Env, k Kind, order *pb.Order) (grpc.ClientStream, error) {
	if k == download {
		return e.Client().Download(ctx, order)
	}
	stream, err := e.Client().Chat(ctx)
	if err != nil {
		return nil, err
	}
	if err := stream.Send(order); err != nil && !errors.Is(err, io.EOF) { // whose status comes with what is received
		return nil, err
	}
	return stream, stream.CloseSend()
}

func deadlineOfStream(t *T, e *Env, k Kind) {
	ctx := t.Timeout(time.Minute)
	want, _ := ctx.Deadline()
	stream := openContext(t, ctx, e.Client(), k, script.Order())
	got, ok := stream.Context().Deadline()
	t.True("there is one", ok, "there is none")
	t.True("it is the caller's", got.Equal(want), "got %v, want %v", got, want)
}
