package behaviours

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/cofaas/cofaas/test/contract/pb"
	"github.com/cofaas/cofaas/test/contract/script"
)

func cancellations() []*Behaviour {
	return slices.Concat(
		each("cancel/before the call", everywhere, kinds, cancelBefore),
		each("cancel/while the callee waits", everywhere, kinds, cancelDuring(script.Await)),
		each("cancel/while the callee computes", everywhere, kinds, cancelDuring(script.Poll)),
		each("cancel/while the callee looks away", everywhere, kinds, cancelLooksAway),
		each("cancel/many at once", everywhere, kinds, cancelMany),
		each("cancel/after the end", everywhere, kinds, cancelAfter),
		each("cancel/the handler's context ends with the call", everywhere, kinds, cancelHandlerEnds),
		each("cancel/between messages", everywhere, replyStreams, cancelBetween),
		one("cancel/while sending is blocked", everywhere, cancelSend),
		each("cancel/context of a client stream after its end", direct, streamKinds, cancelClientStream),
		one("cancel/the cause stays here", direct, cancelCause),
	)
}

func cancelBefore(t *T, e *Env, k Kind) {
	key := t.Key()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	t.Status("status", e.do(ctx, k, script.Order(script.Note(key, "called"))).err, codes.Canceled, "context canceled")
	t.Equal("no handler has run", e.look(t.Context(), k, script.Ask(key, 50*time.Millisecond)).fact("ledger"), "")
}

// started waits until a handler has left a line under key.
func started(t *T, e *Env, key string) {
	got := e.look(t.Context(), unary, script.Ask(key, patience)).fact("ledger")
	t.Equal("the handler has started", got, "started")
}

func cancelDuring(wait func(key string) *pb.Step) func(t *T, e *Env, k Kind) {
	return func(t *T, e *Env, k Kind) {
		begun, ended := t.Key(), t.Key()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- e.do(ctx, k, script.Order(script.Note(begun, "started"), wait(ended))).err }()
		started(t, e, begun)
		cancel()
		t.Status("caller", <-done, codes.Canceled, "context canceled")
		t.Equal("callee", e.look(t.Context(), unary, script.Ask(ended, patience)).fact("ledger"), "context canceled")
		t.OK("the next call", e.do(t.Context(), k, script.Order()).err)
	}
}

func cancelLooksAway(t *T, e *Env, k Kind) {
	begun, key := t.Key(), t.Key()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- e.do(ctx, k, script.Order(script.Note(begun, "started"), script.Ask(key, patience))).err
	}()
	started(t, e, begun)
	begin := time.Now()
	cancel()
	t.Code("caller", <-done, codes.Canceled)
	took := time.Since(begin)
	t.True("the caller does not wait for the callee", took < patience/2, "it took %v", took)
	t.OK("the callee may end", e.do(t.Context(), unary, script.Order(script.Note(key, "go on"))).err)
}

func cancelMany(t *T, e *Env, k Kind) {
	const n = 5
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, n)
	var begun, ended []string
	for range n {
		b, x := t.Key(), t.Key()
		begun, ended = append(begun, b), append(ended, x)
		go func() { done <- e.do(ctx, k, script.Order(script.Note(b, "started"), script.Await(x))).err }()
	}
	for _, key := range begun {
		started(t, e, key)
	}
	cancel()
	for i := range n {
		t.Code(fmt.Sprint("caller ", i), <-done, codes.Canceled)
		t.Equal(fmt.Sprint("callee ", i), e.look(t.Context(), unary, script.Ask(ended[i], patience)).fact("ledger"), "context canceled")
	}
}

func cancelAfter(t *T, e *Env, k Kind) {
	ctx, cancel := context.WithCancel(t.Context())
	order := looking(k, script.Deadline())
	o := e.do(ctx, k, order)
	cancel()
	t.OK("the call was over", o.err)
	t.Equal("its reply is here", o.fact("deadline"), "none")
	t.OK("the next call", e.do(t.Context(), k, order).err)
}

func cancelHandlerEnds(t *T, e *Env, k Kind) {
	good, bad := t.Key(), t.Key()
	t.OK("call", e.do(t.Context(), k, script.Order(script.Watch(good))).err)
	t.Equal("after a good end", e.look(t.Context(), unary, script.Ask(good, patience)).fact("ledger"), "context canceled")
	t.Code("failing call", e.do(t.Context(), k, script.Order(script.Watch(bad), script.Fail(5, ""))).err, codes.NotFound)
	t.Equal("after a bad end", e.look(t.Context(), unary, script.Ask(bad, patience)).fact("ledger"), "context canceled")
}

func cancelBetween(t *T, e *Env, k Kind) {
	key := t.Key()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream := openContext(t, ctx, e.Client(), k, script.Order(script.Send(1, 8), script.Await(key)))
	t.OK("message", stream.RecvMsg(new(pb.Report)))
	time.AfterFunc(50*time.Millisecond, cancel) // while RecvMsg waits
	t.Status("then", stream.RecvMsg(new(pb.Report)), codes.Canceled, "context canceled")
	t.Code("and again", stream.RecvMsg(new(pb.Report)), codes.Canceled)
	t.Equal("callee", e.look(t.Context(), unary, script.Ask(key, patience)).fact("ledger"), "context canceled")
}

// cancelSend sends more than anybody buffers to a handler that does not receive.
func cancelSend(t *T, e *Env) {
	begun, key := t.Key(), t.Key()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream, err := e.Client().Upload(ctx)
	t.Must("open", err)
	t.Must("send the order", stream.Send(script.Order(script.Note(begun, "started"), script.Await(key))))
	started(t, e, begun)
	time.AfterFunc(300*time.Millisecond, cancel)
	payload := &pb.Order{Payload: make([]byte, 256<<10)}
	var n int
	for err == nil && n < 1000 {
		err = stream.Send(payload)
		n++
	}
	t.True("sending stops", n < 1000, "%d messages were taken", n)
	t.Equal("Send says only that there is a status", err, io.EOF)
	_, err = stream.CloseAndRecv()
	t.Status("which is", err, codes.Canceled, "context canceled")
	t.Equal("callee", e.look(t.Context(), unary, script.Ask(key, patience)).fact("ledger"), "context canceled")
}

func cancelClientStream(t *T, e *Env, k Kind) {
	key := t.Key()
	stream := open(t, e.Client(), k, script.Order(script.Ask(key, patience)))
	t.OK("not yet", stream.Context().Err())
	t.OK("let it end", e.do(t.Context(), unary, script.Order(script.Note(key, "go on"))).err)
	err := stream.RecvMsg(new(pb.Report))
	t.True("the end", err == nil || err == io.EOF, "got %v", err)
	select {
	case <-stream.Context().Done():
		t.Equal("its error", stream.Context().Err(), context.Canceled)
	case <-time.After(patience):
		t.True("it is done", false, "it is not")
	}
}

func cancelCause(t *T, e *Env) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(fmt.Errorf("a cause of ours"))
	t.Status("status", e.do(ctx, unary, script.Order()).err, codes.Canceled, "context canceled")
}
