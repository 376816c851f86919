package grpc

import (
	"context"
	"testing"
	"time"

	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/stubs/grpc/codes"
	"github.com/cofaas/cofaas/stubs/grpc/metadata"
	"github.com/cofaas/cofaas/stubs/grpc/status"
)

// nopCall and nopImport are calls that do nothing, so that what is measured is this package.
type nopCall struct{ deadline int64 }

func decodeNothing(any) error { return nil }

func (c *nopCall) Decoder() func(any) error        { return decodeNothing }
func (c *nopCall) Deadline() int64                 { return c.deadline }
func (*nopCall) HasMetadata() bool                 { return false }
func (*nopCall) Metadata() []guest.Pair            { return nil }
func (*nopCall) SetHeader([]guest.Pair)            {}
func (*nopCall) OnCancel(guest.Canceller)          {}
func (*nopCall) OnAnswer(guest.AnswerWatcher) bool { return false }
func (*nopCall) SetTrailer([]guest.Pair)           {}
func (*nopCall) WaitsForReady() bool               { return false }
func (*nopCall) IsLarge() bool                     { return false }
func (*nopCall) Depth() uint32                     { return 0 }

type nopImport struct{ calls, slow int }

func (i *nopImport) Invoke(_ context.Context, _ <-chan struct{}, call *guest.ClientCall, args, reply any) *guest.Status {
	i.calls++
	if call != nil {
		i.slow++
	}
	return nil
}

func bindNop(t testing.TB, h MethodHandler, opts ...ServerOption) unaryHandler {
	host := useFakeHost(t)
	newServing(opts...).RegisterService(&ServiceDesc{
		ServiceName: serviceName,
		Methods:     []MethodDesc{{MethodName: methodName, Handler: h}},
	}, nil)
	return host.exports[fullName]
}

func replyWith(reply any) MethodHandler {
	return func(_ any, ctx context.Context, dec func(any) error, _ UnaryServerInterceptor) (any, error) {
		return reply, dec(nil)
	}
}

func TestHandlerAllocations(t *testing.T) {
	serve := bindNop(t, replyWith(new(int)))
	call := &nopCall{}
	got := testing.AllocsPerRun(contextSlab*100, func() { serve(call) })
	// AllocsPerRun rounds down, so that a slab per contextSlab calls is 0 and one allocation per call is 1.
	if got != 0 {
		t.Errorf("%v allocations per call, want one per %d calls", got, contextSlab)
	}
}

func TestDirectAllocations(t *testing.T) {
	service, impl := newService(), new(directImpl)
	e := directExport(t, service)
	newServing().RegisterService(directDesc(service), impl)
	if got := served(e); got != codes.OK || impl.direct != 1 {
		t.Fatalf("%v with %d direct calls", got, impl.direct)
	}
	if got := testing.AllocsPerRun(contextSlab*100, func() { e.Enter().Serve() }); got != 0 {
		t.Errorf("%v allocations per call, want one per %d calls", got, contextSlab)
	}
}

func TestInvokeAllocations(t *testing.T) {
	useFakeHost(t)
	imp := &nopImport{}
	findImport = func(string) importedMethod { return imp }
	cc := newConn(t)
	var args, reply any = new(int), new(int)
	opts := []CallOption{StaticMethod(), WaitForReady(false)}
	serve := bindNop(t, func(_ any, ctx context.Context, _ func(any) error, _ UnaryServerInterceptor) (any, error) {
		// In a handler, the context to call with is the server's.
		return reply, cc.Invoke(ctx, fullName, args, reply, opts...)
	})
	findImport = func(string) importedMethod { return imp }
	call := &nopCall{}
	for name, f := range map[string]func(){
		"background": func() { cc.Invoke(context.Background(), fullName, args, reply, opts...) },
		"generated":  func() { cc.Invoke(context.Background(), fullName, args, reply, StaticOptions(cc, nil)...) },
		"handler":    func() { serve(call) },
	} {
		if got := testing.AllocsPerRun(1000, f); got != 0 {
			t.Errorf("%s: %v allocations per call", name, got)
		}
	}
	if imp.calls == 0 || imp.slow != 0 {
		t.Errorf("%d calls, %d of them not on the fast path", imp.calls, imp.slow)
	}
}

func TestInvokeAllocations_WaitForReady(t *testing.T) {
	useFakeHost(t)
	imp := &nopImport{}
	findImport = func(string) importedMethod { return imp }
	cc := newConn(t)
	var args, reply any = new(int), new(int)
	opts := []CallOption{StaticMethod(), WaitForReady(true)}
	if got := testing.AllocsPerRun(1000, func() { cc.Invoke(context.Background(), fullName, args, reply, opts...) }); got != 0 {
		t.Errorf("%v allocations per call", got)
	}
	if imp.slow != imp.calls {
		t.Errorf("%d of %d calls say that they wait", imp.slow, imp.calls)
	}
}

func TestInvokePastDeadline(t *testing.T) {
	useFakeHost(t)
	findImport = func(string) importedMethod { return &nopImport{} }
	ctx, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	err := newConn(t).Invoke(ctx, fullName, nil, nil)
	if status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("got %v", err)
	}
}

func TestUnixNano(t *testing.T) {
	for deadline, want := range map[time.Time]int64{
		time.Unix(1, 5):  1_000_000_005,
		time.Unix(0, 0):  1,
		time.Unix(-9, 0): 1,
		time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC): 0,
	} {
		if got := unixNano(deadline); got != want {
			t.Errorf("%v: got %d, want %d", deadline, got, want)
		}
	}
}

func BenchmarkInvoke(b *testing.B) {
	useFakeHost(b)
	findImport = func(string) importedMethod { return &nopImport{} }
	cc := newConn(b)
	var args, reply any = new(int), new(int)
	opts := []CallOption{StaticMethod()}
	b.ReportAllocs()
	for b.Loop() {
		cc.Invoke(context.Background(), fullName, args, reply, opts...)
	}
}

func BenchmarkHandler(b *testing.B) {
	serve := bindNop(b, replyWith(new(int)))
	call := &nopCall{}
	b.ReportAllocs()
	for b.Loop() {
		serve(call)
	}
}

// Contexts with a deadline and with metadata, used again and each for one call.
func TestInvokeAllocations_Context(t *testing.T) {
	useFakeHost(t)
	imp := &nopImport{}
	findImport = func(string) importedMethod { return imp }
	cc := newConn(t)
	var args, reply any = new(int), new(int)
	opts := []CallOption{StaticMethod()}
	ctx, cancel := context.WithTimeout(metadata.AppendToOutgoingContext(t.Context(), "key", "value"), time.Hour)
	defer cancel()
	set := metadata.NewOutgoingContext(t.Context(), metadata.Pairs("key", "value"))
	for name, tt := range map[string]struct {
		call func() error
		want float64
	}{
		"again":    {func() error { return cc.Invoke(ctx, fullName, args, reply, opts...) }, 0},
		"of a map": {func() error { return cc.Invoke(set, fullName, args, reply, opts...) }, 0},
		"fresh": {func() error {
			return cc.Invoke(metadata.AppendToOutgoingContext(ctx, "key", "value"), fullName, args, reply, opts...)
		}, 1}, // the context
	} {
		t.Run(name, func(t *testing.T) {
			if got := testing.AllocsPerRun(1000, func() {
				if err := tt.call(); err != nil {
					t.Fatal(err)
				}
			}); got != tt.want {
				t.Errorf("%v allocations per call, want %v", got, tt.want)
			}
		})
	}
	if imp.slow != imp.calls {
		t.Errorf("%d of %d calls have a context", imp.slow, imp.calls)
	}
}

func BenchmarkInvoke_context(b *testing.B) {
	useFakeHost(b)
	findImport = func(string) importedMethod { return &nopImport{} }
	cc := newConn(b)
	var args, reply any = new(int), new(int)
	ctx, cancel := context.WithTimeout(metadata.AppendToOutgoingContext(b.Context(), "key", "value"), time.Hour)
	defer cancel()
	b.ReportAllocs()
	for b.Loop() {
		cc.Invoke(ctx, fullName, args, reply, StaticOptions(cc, nil)...)
	}
}
