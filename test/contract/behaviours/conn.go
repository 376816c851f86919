package behaviours

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	"github.com/cofaas/cofaas/test/contract/pb"
	"github.com/cofaas/cofaas/test/contract/script"
)

func connections() []*Behaviour {
	return slices.Concat(
		each("conn/Close, then a call", direct, kinds, connClosed),
		each("conn/Close during a call", direct, kinds, connCloseDuring),
		one("conn/states", direct, connStates),
		one("conn/targets", direct, connTargets),
		each("conn/nobody there", direct, kinds, connNowhere),
		one("conn/options that are wrong", direct, connOptions),
		one("conn/harmless options", direct, connHarmless),
		one("conn/blocking dial", direct, connBlocking),
		each("conn/wrapped", everywhere, kinds, connWrapped),
		one("conn/Invoke", direct, connInvoke),
		each("conn/service config: timeout", direct, kinds, connTimeout),
		one("conn/service config: retries", direct, connRetries),
		one("conn/several connections", direct, connSeveral),
	)
}

func connClosed(t *T, e *Env, k Kind) {
	conn := e.Dial(t)
	t.OK("a call", do(t.Context(), e.New(conn), k, script.Order()).err)
	t.OK("Close", conn.Close())
	want := "grpc: the client connection is closing"
	t.Status("a call after it", do(t.Context(), e.New(conn), k, script.Order()).err, codes.Canceled, want)
	t.Status("Close again", conn.Close(), codes.Canceled, want)
	t.Equal("state", conn.GetState(), connectivity.Shutdown)
	t.OK("other connections", e.do(t.Context(), k, script.Order()).err)
}

func connCloseDuring(t *T, e *Env, k Kind) {
	conn := e.Dial(t)
	begun, ended := t.Key(), t.Key()
	done := make(chan error, 1)
	go func() {
		done <- do(t.Context(), e.New(conn), k, script.Order(script.Note(begun, "started"), script.Await(ended))).err
	}()
	started(t, e, begun)
	t.OK("Close", conn.Close())
	t.Status("caller", <-done, codes.Canceled, "grpc: the client connection is closing")
	t.Equal("callee", e.look(t.Context(), unary, script.Ask(ended, patience)).fact("ledger"), "context canceled")
}

func connStates(t *T, e *Env) {
	conn := e.Dial(t)
	t.Equal("at first", conn.GetState(), connectivity.Idle)
	short := t.Timeout(50 * time.Millisecond)
	t.True("nothing changes by itself", !conn.WaitForStateChange(short, connectivity.Idle), "it does")
	conn.Connect()
	ctx := t.Timeout(20 * time.Second)
	for state := conn.GetState(); state != connectivity.Ready; state = conn.GetState() {
		if !conn.WaitForStateChange(ctx, state) {
			t.True("it connects", false, "it stays %v", state)
			return
		}
	}
	t.Equal("connected", conn.GetState(), connectivity.Ready)
	t.True("a state that it no longer has", conn.WaitForStateChange(ctx, connectivity.Idle), "it waits")
	t.OK("a call", do(t.Context(), e.New(conn), unary, script.Order()).err)
	conn.ResetConnectBackoff()
	t.Equal("after a call", conn.GetState(), connectivity.Ready)

	another := e.Dial(t)
	t.OK("a call of one that was idle", do(t.Context(), e.New(another), unary, script.Order()).err)
	t.Equal("has connected", another.GetState(), connectivity.Ready)
}

func connTargets(t *T, e *Env) {
	for target, canonical := range map[string]string{
		e.Target:                     "dns:///" + e.Target,
		"dns:///" + e.Target:         "dns:///" + e.Target,
		"passthrough:///" + e.Target: "passthrough:///" + e.Target,
	} {
		conn := dial(t, target)
		name := strings.TrimSuffix(target, e.Target) + "address"
		t.Equal(name+": Target", conn.Target(), target)
		t.Equal(name+": CanonicalTarget", conn.CanonicalTarget(), canonical)
		t.OK(name+": a call", do(t.Context(), e.New(conn), unary, script.Order()).err)
	}
}

// connNowhere calls a service that no function serves, where nobody listens.
func connNowhere(t *T, _ *Env, k Kind) {
	call := func(ctx context.Context, opts ...grpc.CallOption) error {
		conn := dial(t, "127.0.0.1:1")
		what := method("contract.v1.Nobody", k)
		if k == unary {
			return conn.Invoke(ctx, what, &pb.Order{}, &pb.Report{}, opts...)
		}
		stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: k != download, ServerStreams: k != upload}, what, opts...)
		if err != nil {
			return err
		}
		stream.SendMsg(&pb.Order{})
		stream.CloseSend()
		return stream.RecvMsg(&pb.Report{})
	}
	t.Code("a call", call(t.Context()), codes.Unavailable)
	t.Code("one that waits", call(t.Timeout(200*time.Millisecond), grpc.WaitForReady(true)), codes.DeadlineExceeded)
}

func connOptions(t *T, e *Env) {
	_, err := grpc.NewClient(e.Target)
	t.Equal("no credentials", fmt.Sprint(err), "grpc: no transport security set (use grpc.WithTransportCredentials(insecure.NewCredentials()) explicitly or set credentials)")
	_, err = grpc.NewClient(e.Target, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithPerRPCCredentials(token{secure: true}))
	t.Equal("credentials that want security", fmt.Sprint(err), "grpc: the credentials require transport level security (use grpc.WithTransportCredentials() to set)")
	_, err = grpc.NewClient(e.Target, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultServiceConfig("{"))
	t.True("service config that does not parse", err != nil, "it does")
}

func connHarmless(t *T, e *Env) {
	conn := e.Dial(t,
		grpc.WithUserAgent("contract"), grpc.WithAuthority("somewhere.example"),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: time.Hour}),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig":[{"round_robin":{}}]}`),
		grpc.WithDefaultCallOptions(grpc.WaitForReady(true)))
	for _, k := range kinds {
		t.OK(k.String(), do(t.Context(), e.New(conn), k, script.Order()).err)
	}
}

func connBlocking(t *T, e *Env) {
	//lint:ignore SA1019 much code still dials like this
	conn, err := grpc.DialContext(t.Timeout(patience), e.Target, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithBlock())
	t.Must("dial", err)
	defer conn.Close()
	t.Equal("state", conn.GetState(), connectivity.Ready)
	t.OK("a call", do(t.Context(), e.New(conn), unary, script.Order()).err)
	//lint:ignore SA1019 much code still dials like this
	old, err := grpc.Dial(e.Target, grpc.WithInsecure())
	t.Must("dial without blocking", err)
	defer old.Close()
	t.Equal("its target", old.CanonicalTarget(), "passthrough:///"+e.Target)
	t.OK("its call", do(t.Context(), e.New(old), unary, script.Order()).err)
}

// wrappedConn is a connection of an application's own type, as tracing libraries have them.
type wrappedConn struct {
	grpc.ClientConnInterface
	calls *atomic.Int64
}

func (c wrappedConn) Invoke(ctx context.Context, method string, in, out any, opts ...grpc.CallOption) error {
	c.calls.Add(1)
	return c.ClientConnInterface.Invoke(ctx, method, in, out, opts...)
}

func (c wrappedConn) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	c.calls.Add(1)
	return c.ClientConnInterface.NewStream(ctx, desc, method, opts...)
}

func connWrapped(t *T, e *Env, k Kind) {
	var calls atomic.Int64
	o := do(t.Context(), e.New(wrappedConn{e.Conn, &calls}), k, looking(k, script.Deadline()))
	t.Must("call", o.err)
	t.Equal("reply", o.fact("deadline"), "none")
	t.Equal("calls", calls.Load(), int64(1))
}

func connInvoke(t *T, e *Env) {
	var got pb.Report
	t.OK("Invoke", e.Conn.Invoke(t.Context(), method(e.Service, unary), &pb.Order{Id: 3}, &got))
	t.Equal("reply", &got, &pb.Report{Id: 3})
	err := e.Conn.Invoke(t.Context(), method(e.Service, unary), script.Order(script.Fail(5, "gone")), &got)
	t.Status("error", err, codes.NotFound, "gone")
	err = e.Conn.Invoke(t.Context(), strings.TrimPrefix(method(e.Service, unary), "/"), &pb.Order{Id: 4}, &got)
	t.Status("method without a slash in front", err, codes.Unimplemented, fmt.Sprintf("malformed method name: %q", e.Service+"/Unary"))
	// A unary method is a stream of one message each way.
	stream, err := e.Conn.NewStream(t.Context(), &grpc.StreamDesc{}, method(e.Service, unary))
	t.Must("NewStream", err)
	t.OK("SendMsg", stream.SendMsg(&pb.Order{Id: 5}))
	t.OK("RecvMsg", stream.RecvMsg(&got))
	t.Equal("reply of the stream", &got, &pb.Report{Id: 5})
}

func connTimeout(t *T, e *Env, k Kind) {
	conn := e.Dial(t, grpc.WithDefaultServiceConfig(fmt.Sprintf(`{"methodConfig":[{"name":[{"service":%q}],"timeout":"60s"}]}`, e.Service)))
	o := do(t.Context(), e.New(conn), k, looking(k, script.Deadline()))
	t.Must("call", o.err)
	t.Between("deadline", o.number("deadline"), 30_000, 60_000)
}

func connRetries(t *T, e *Env) {
	conn := e.Dial(t, grpc.WithDefaultServiceConfig(fmt.Sprintf(`{"methodConfig":[{"name":[{"service":%q}],"retryPolicy":{
		"maxAttempts":3,"initialBackoff":"0.01s","maxBackoff":"0.01s","backoffMultiplier":1,"retryableStatusCodes":["UNAVAILABLE"]}}]}`, e.Service)))
	key := t.Key()
	o := do(t.Context(), e.New(conn), unary, script.Order(script.Note(key, "called"), script.Fail(14, "try again")))
	t.Status("status", o.err, codes.Unavailable, "max retries exhausted: failed after 3 attempts: rpc error: code = Unavailable desc = try again")
	t.Equal("attempts", e.look(t.Context(), unary, script.Ask(key, time.Second)).fact("ledger"), "called|called|called")
	key = t.Key()
	o = do(t.Context(), e.New(conn), unary, script.Order(script.Note(key, "called"), script.Fail(5, "gone")))
	t.Status("another status", o.err, codes.NotFound, "gone")
	t.Equal("its attempts", e.look(t.Context(), unary, script.Ask(key, time.Second)).fact("ledger"), "called")
}

func connSeveral(t *T, e *Env) {
	var conns []*grpc.ClientConn
	for range 5 {
		conns = append(conns, e.Dial(t))
	}
	for i, conn := range conns {
		t.OK(fmt.Sprint("call over ", i), do(t.Context(), e.New(conn), unary, script.Order()).err)
		conn.Close()
	}
	t.OK("the shared connection", e.do(t.Context(), unary, script.Order()).err)
}
