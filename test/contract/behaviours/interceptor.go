package behaviours

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/test/contract/backend"
	"github.com/cofaas/cofaas/test/contract/pb"
	"github.com/cofaas/cofaas/test/contract/script"
)

func interceptors() []*Behaviour {
	return slices.Concat(
		each("interceptor/server: order and info", everywhere, kinds, interceptServer),
		each("interceptor/server: after the handler", direct, kinds, interceptServerAfter),
		each("interceptor/server: denies", direct, kinds, interceptServerDenies),
		each("interceptor/server: answers", direct, kinds, interceptServerAnswers),
		each("interceptor/server: changes messages", direct, kinds, interceptServerChanges),
		each("interceptor/server: sets metadata", direct, kinds, interceptServerMetadata),
		each("interceptor/server: turns an error into a reply", direct, kinds, interceptServerForgives),
		each("interceptor/client: order and arguments", direct, kinds, interceptClient),
		each("interceptor/client: does not call", direct, kinds, interceptClientRefuses),
		each("interceptor/client: adds metadata and options", direct, kinds, interceptClientAdds),
		each("interceptor/client: sees errors", direct, kinds, interceptClientErrors),
		each("interceptor/client: calls again", direct, []Kind{unary}, interceptClientRetries),
		each("interceptor/client: wraps streams", direct, streamKinds, interceptClientWraps),
	)
}

func interceptServer(t *T, e *Env, k Kind) {
	o := e.look(t.Context(), k, script.Trace())
	t.Must("call", o.err)
	what := method(e.Backend, k)
	switch k {
	case unary:
		what += " server=true"
	default:
		what += fmt.Sprintf(" client=%t server=%t", k != download, k != upload)
	}
	t.Equal("trace", strings.Split(o.fact("trace"), ", "), []string{"single " + what, "outer " + what, "inner " + what})
}

func interceptServerAfter(t *T, e *Env, k Kind) {
	for _, code := range []codes.Code{codes.OK, codes.NotFound} {
		key := t.Key()
		order := looking(k)
		if code != codes.OK {
			order = script.Order(script.Fail(uint32(code), "gone"))
		}
		e.do(metadata.AppendToOutgoingContext(t.Context(), backend.LedgerKey, key), k, order)
		what := code.String()
		if k != unary {
			sent := 1
			if code != codes.OK {
				sent = 0
			}
			what += fmt.Sprintf(" received=1 sent=%d", sent)
		}
		// The last of them may still be on its way when the caller has its reply.
		var got string
		for end := time.Now().Add(patience); time.Now().Before(end) && strings.Count(got, "|") < 2; {
			got = e.look(t.Context(), unary, script.Ask("interceptors "+key, patience)).fact("ledger")
		}
		t.Equal(code.String(), strings.Split(got, "|"), []string{"inner " + what, "outer " + what, "single " + what})
	}
}

func interceptServerDenies(t *T, e *Env, k Kind) {
	key := t.Key()
	ctx := metadata.AppendToOutgoingContext(t.Context(), backend.CommandKey, "deny")
	o := e.do(ctx, k, script.Order(script.Note(key, "called")))
	t.Status("status", o.err, codes.PermissionDenied, "denied by an interceptor")
	t.Equal("no handler has run", e.look(t.Context(), unary, script.Ask(key, 50*time.Millisecond)).fact("ledger"), "")
}

func interceptServerAnswers(t *T, e *Env, k Kind) {
	ctx := metadata.AppendToOutgoingContext(t.Context(), backend.CommandKey, "answer")
	o := e.do(ctx, k, script.Order(script.Fail(13, "not called")))
	t.Must("call", o.err)
	t.Equal("replies", len(o.reports), 1)
	t.Equal("reply", o.reports[0], &pb.Report{Id: 99})
}

func interceptServerChanges(t *T, e *Env, k Kind) {
	ctx := metadata.AppendToOutgoingContext(t.Context(), backend.CommandKey, "change")
	order := looking(k)
	order.Id = 4
	o := e.do(ctx, k, order)
	t.Must("call", o.err)
	t.Equal("request and reply", o.reports[0].Id, int64(50))
	t.Equal("the caller's request", order.Id, int64(4))
}

func interceptServerMetadata(t *T, e *Env, k Kind) {
	ctx := metadata.AppendToOutgoingContext(t.Context(), backend.CommandKey, "metadata")
	o := e.do(ctx, k, script.Order(script.SetHeader("x-by-handler", "1"), script.SetTrailer("x-by-handler", "1")))
	t.Must("call", o.err)
	t.Equal("header", ours(o.header), metadata.MD{"x-by-interceptor": {"header"}, "x-by-handler": {"1"}})
	t.Equal("trailer", ours(o.trailer), metadata.MD{"x-by-interceptor": {"trailer"}, "x-by-handler": {"1"}})
}

func interceptServerForgives(t *T, e *Env, k Kind) {
	ctx := metadata.AppendToOutgoingContext(t.Context(), backend.CommandKey, "forgive")
	o := e.do(ctx, k, script.Order(script.Fail(5, "gone")))
	t.Must("call", o.err)
	t.Equal("replies", len(o.reports), 1)
	t.Equal("reply", o.reports[0].Id, int64(codes.NotFound))
}

// trail is what client interceptors leave.
type trail struct {
	mu    sync.Mutex
	lines []string
}

func (r *trail) add(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, fmt.Sprintf(format, args...))
}

func (r *trail) get() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.lines)
}

// unary and stream are interceptors that leave a line before and after.
func (r *trail) unary(name string) grpc.UnaryClientInterceptor {
	return func(ctx context.Context, method string, in, out any, cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		r.add("%s before %s", name, method)
		err := invoker(ctx, method, in, out, cc, opts...)
		r.add("%s after %v", name, status.Code(err))
		return err
	}
}

func (r *trail) stream(name string) grpc.StreamClientInterceptor {
	return func(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, streamer grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
		r.add("%s before %s", name, method)
		stream, err := streamer(ctx, desc, cc, method, opts...)
		r.add("%s after %v", name, status.Code(err))
		return stream, err
	}
}

func interceptClient(t *T, e *Env, k Kind) {
	r := new(trail)
	conn := e.Dial(t,
		grpc.WithChainUnaryInterceptor(r.unary("outer"), r.unary("inner")), grpc.WithChainStreamInterceptor(r.stream("outer"), r.stream("inner")),
		grpc.WithUnaryInterceptor(r.unary("single")), grpc.WithStreamInterceptor(r.stream("single")))
	var target string
	check := e.Dial(t,
		grpc.WithUnaryInterceptor(func(ctx context.Context, method string, in, out any, cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption) error {
			target = cc.Target()
			t.True("request", in.(*pb.Order) != nil, "got %v", in)
			t.True("reply", out.(*pb.Report) != nil, "got %v", out)
			return invoker(ctx, method, in, out, cc, opts...)
		}),
		grpc.WithStreamInterceptor(func(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, streamer grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
			target = cc.Target()
			t.Equal("client streams", desc.ClientStreams, k != download)
			t.Equal("server streams", desc.ServerStreams, k != upload)
			return streamer(ctx, desc, cc, method, opts...)
		}))
	t.OK("call", do(t.Context(), e.New(conn), k, script.Order()).err)
	what := method(e.Service, k)
	t.Equal("order", r.get(), []string{"single before " + what, "outer before " + what, "inner before " + what, "inner after OK", "outer after OK", "single after OK"})
	t.OK("another call", do(t.Context(), e.New(check), k, script.Order()).err)
	t.Equal("connection", target, check.Target())
}

// intercepting is a connection with one interceptor that runs before each call, and may refuse it or change what goes with it.
func (e *Env) intercepting(t *T, before func(ctx context.Context, opts []grpc.CallOption) (context.Context, []grpc.CallOption, error)) *grpc.ClientConn {
	return e.Dial(t,
		grpc.WithUnaryInterceptor(func(ctx context.Context, method string, in, out any, cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption) error {
			ctx, opts, err := before(ctx, opts)
			if err != nil {
				return err
			}
			return invoker(ctx, method, in, out, cc, opts...)
		}),
		grpc.WithStreamInterceptor(func(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, streamer grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
			ctx, opts, err := before(ctx, opts)
			if err != nil {
				return nil, err
			}
			return streamer(ctx, desc, cc, method, opts...)
		}))
}

func interceptClientRefuses(t *T, e *Env, k Kind) {
	key := t.Key()
	refusal := fmt.Errorf("refused here")
	conn := e.intercepting(t, func(ctx context.Context, opts []grpc.CallOption) (context.Context, []grpc.CallOption, error) {
		return ctx, opts, refusal
	})
	o := do(t.Context(), e.New(conn), k, script.Order(script.Note(key, "called")))
	t.True("the error is the interceptor's", o.err == refusal, "got %v", o.err)
	t.Equal("no handler has run", e.look(t.Context(), unary, script.Ask(key, 50*time.Millisecond)).fact("ledger"), "")
}

func interceptClientAdds(t *T, e *Env, k Kind) {
	var header metadata.MD
	var given int
	conn := e.intercepting(t, func(ctx context.Context, opts []grpc.CallOption) (context.Context, []grpc.CallOption, error) {
		given = len(opts)
		return metadata.AppendToOutgoingContext(ctx, "x-added", "by interceptor"), append(opts, grpc.Header(&header)), nil
	})
	o := do(metadata.AppendToOutgoingContext(t.Context(), "x-added", "by caller"), e.New(conn), k, looking(k, script.Metadata(), script.SetHeader("x-h", "1")))
	t.Must("call", o.err)
	t.Equal("metadata", o.fact("metadata x-added"), `["by caller" "by interceptor"]`)
	t.Equal("header by its option", ours(header), metadata.MD{"x-h": {"1"}})
	t.True("it sees the caller's options", given >= 2, "it sees %d", given)
}

func interceptClientErrors(t *T, e *Env, k Kind) {
	r := new(trail)
	conn := e.Dial(t, grpc.WithUnaryInterceptor(r.unary("only")), grpc.WithStreamInterceptor(r.stream("only")))
	t.Code("call", do(t.Context(), e.New(conn), k, script.Order(script.Fail(5, "gone"))).err, codes.NotFound)
	want := "only after NotFound"
	if k != unary {
		want = "only after OK" // the stream could be opened
	}
	t.Equal("trail", r.get(), []string{"only before " + method(e.Service, k), want})
}

func interceptClientRetries(t *T, e *Env, k Kind) {
	attempts := 0
	conn := e.Dial(t, grpc.WithUnaryInterceptor(func(ctx context.Context, method string, in, out any, cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		err := invoker(ctx, method, in, out, cc, opts...)
		for attempts = 1; err != nil && attempts < 3; attempts++ {
			in.(*pb.Order).Steps = in.(*pb.Order).Steps[1:]
			err = invoker(ctx, method, in, out, cc, opts...)
		}
		return err
	}))
	order := script.Order(script.Fail(14, "first"), script.Fail(14, "second"))
	order.Id = 3
	o := do(t.Context(), e.New(conn), k, order)
	t.Must("call", o.err)
	t.Equal("attempts", attempts, 3)
	t.Equal("reply", o.reports[0].Id, int64(3))
}

// watchedStream counts messages.
type watchedStream struct {
	grpc.ClientStream
	trail *trail
}

func (s watchedStream) SendMsg(m any) error {
	s.trail.add("send")
	return s.ClientStream.SendMsg(m)
}

func (s watchedStream) RecvMsg(m any) error {
	err := s.ClientStream.RecvMsg(m)
	s.trail.add("receive %v", err)
	return err
}

func (s watchedStream) CloseSend() error {
	s.trail.add("close")
	return s.ClientStream.CloseSend()
}

func interceptClientWraps(t *T, e *Env, k Kind) {
	r := new(trail)
	conn := e.Dial(t, grpc.WithStreamInterceptor(func(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, streamer grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
		stream, err := streamer(ctx, desc, cc, method, opts...)
		return watchedStream{stream, r}, err
	}))
	t.OK("call", do(t.Context(), e.New(conn), k, looking(k)).err)
	want := []string{"send", "close", "receive <nil>"}
	if k != upload {
		want = append(want, "receive EOF")
	}
	t.Equal("what the stream did", r.get(), want)
}
