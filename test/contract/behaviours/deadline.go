package behaviours

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

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
		for _, d := range []time.Duration{200 * time.Millisecond, time.Second, 5 * time.Second} {
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
		// On a machine that is busy, a short deadline may pass before the handler starts.
		for _, d := range []time.Duration{200 * time.Millisecond, time.Second, 5 * time.Second} {
			begun := t.Key()
			ended = t.Key()
			o := e.do(t.Timeout(d), k, script.Order(script.Note(begun, "started"), wait(ended)))
			t.Code("caller", o.err, codes.DeadlineExceeded)
			if e.look(t.Context(), unary, script.Ask(begun, 50*time.Millisecond)).fact("ledger") == "started" {
				break
			}
		}
		// Either its own clock or the caller's cancellation is first.
		got := e.look(t.Context(), unary, script.Ask(ended, 20*time.Second)).fact("ledger")
		t.True("callee", got == "context deadline exceeded" || got == "context canceled", "got %q", got)
		t.OK("the next call", e.do(t.Context(), k, script.Order()).err)
	}
}

func deadlineLooksAway(t *T, e *Env, k Kind) {
	begin := time.Now()
	o := e.do(t.Timeout(100*time.Millisecond), k, script.Order(script.Sleep(8*time.Second)))
	t.Code("caller", o.err, codes.DeadlineExceeded)
	took := time.Since(begin)
	t.True("the caller does not wait for the callee", took < 6*time.Second, "it took %v", took)
	t.OK("the next call", e.do(t.Context(), k, script.Order()).err)
}

func deadlineEnough(t *T, e *Env, k Kind) {
	o := e.do(t.Timeout(20*time.Second), k, looking(k, script.Sleep(50*time.Millisecond), script.Deadline()))
	t.OK("call", o.err)
	t.Between("what is left shrinks", o.number("deadline"), 1, 19_950)
}

func deadlineBetween(t *T, e *Env, k Kind) {
	stream := openContext(t, t.Timeout(time.Second), e.Client(), k, script.Order(script.Send(2, 8), script.Await(t.Key())))
	for i := range 2 {
		t.OK(fmt.Sprint("message ", i), stream.RecvMsg(new(pb.Report)))
	}
	// The text depends on who is first: the caller's clock, or a callee's that resets the stream.
	t.Code("then", stream.RecvMsg(new(pb.Report)), codes.DeadlineExceeded)
	t.Code("and again", stream.RecvMsg(new(pb.Report)), codes.DeadlineExceeded)
}

func deadlineOfStream(t *T, e *Env, k Kind) {
	ctx := t.Timeout(time.Minute)
	want, _ := ctx.Deadline()
	stream := openContext(t, ctx, e.Client(), k, script.Order())
	got, ok := stream.Context().Deadline()
	t.True("there is one", ok, "there is none")
	t.True("it is the caller's", got.Equal(want), "got %v, want %v", got, want)
}
