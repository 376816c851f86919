package behaviours

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/test/contract/script"
)

func options() []*Behaviour {
	return slices.Concat(
		each("options/Peer", direct, kinds, optionPeer),
		each("options/Peer of a failed call", direct, kinds, optionPeerFailed),
		each("options/OnFinish", everywhere, kinds, optionOnFinish),
		each("options/OnFinish of a failed call", everywhere, kinds, optionOnFinishFailed),
		each("options/OnFinish of a stream that is left", everywhere, streamKinds, optionOnFinishLeft),
		each("options/Header and Trailer twice", everywhere, kinds, optionTwice),
		each("options/Header and Trailer start anew", everywhere, kinds, optionReused),
		each("options/WaitForReady when it is", everywhere, kinds, optionWaitForReady),
		each("options/PerRPCCredentials", direct, kinds, optionCredentials),
		each("options/PerRPCCredentials that fail", direct, kinds, optionCredentialsFail),
		each("options/PerRPCCredentials of the connection", direct, kinds, optionCredentialsOfConn),
		each("options/harmless ones", everywhere, kinds, optionHarmless),
	)
}

func optionPeer(t *T, e *Env, k Kind) {
	var p peer.Peer
	o := e.do(t.Context(), k, script.Order(), grpc.Peer(&p))
	t.Must("call", o.err)
	t.True("there is an address", p.Addr != nil && p.Addr.Network() != "", "got %v", p.Addr)
	t.True("there is authentication info", p.AuthInfo != nil && p.AuthInfo.AuthType() != "", "got %v", p.AuthInfo)
}

func optionPeerFailed(t *T, e *Env, k Kind) {
	var p peer.Peer
	o := e.do(t.Context(), k, script.Order(script.Fail(5, "gone")), grpc.Peer(&p))
	t.Code("code", o.err, codes.NotFound)
	t.True("there is an address", p.Addr != nil, "there is none")
}

func optionOnFinish(t *T, e *Env, k Kind) {
	var calls atomic.Int64
	got := make(chan error, 10)
	finish := grpc.OnFinish(func(err error) {
		calls.Add(1)
		got <- err
	})
	o := e.do(t.Context(), k, script.Order(script.Sleep(10*time.Millisecond)), finish)
	t.Must("call", o.err)
	t.Equal("called once", calls.Load(), int64(1))
	t.OK("without an error", <-got)
}

func optionOnFinishFailed(t *T, e *Env, k Kind) {
	got := make(chan error, 10)
	o := e.do(t.Context(), k, script.Order(script.Fail(5, "gone")), grpc.OnFinish(func(err error) { got <- err }))
	t.Code("code", o.err, codes.NotFound)
	if len(got) != 1 {
		t.True("called once", false, "called %d times", len(got))
		return
	}
	t.Status("with the status", <-got, codes.NotFound, "gone")
}

func optionOnFinishLeft(t *T, e *Env, k Kind) {
	got := make(chan error, 10)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	openContext(t, ctx, e.Client(), k, script.Order(script.Await(t.Key())), grpc.OnFinish(func(err error) { got <- err }))
	t.Equal("not yet", len(got), 0)
	cancel()
	select {
	case err := <-got:
		t.Code("with the status", err, codes.Canceled)
	case <-time.After(patience):
		t.True("called once its context is done", false, "it was not")
	}
}

func optionTwice(t *T, e *Env, k Kind) {
	var header, trailer metadata.MD
	o := e.do(t.Context(), k, script.Order(script.SetHeader("x-h", "1"), script.SetTrailer("x-t", "1")), grpc.Header(&header), grpc.Trailer(&trailer))
	t.Must("call", o.err)
	t.Equal("header", ours(header), metadata.MD{"x-h": {"1"}})
	t.Equal("trailer", ours(trailer), metadata.MD{"x-t": {"1"}})
	t.Equal("the other header", ours(o.header), metadata.MD{"x-h": {"1"}})
	t.Equal("the other trailer", ours(o.trailer), metadata.MD{"x-t": {"1"}})
}

func optionReused(t *T, e *Env, k Kind) {
	header, trailer := metadata.Pairs("x-old", "1"), metadata.Pairs("x-old", "1")
	o := e.do(t.Context(), k, script.Order(script.SetHeader("x-h", "1"), script.SetTrailer("x-t", "1")), grpc.Header(&header), grpc.Trailer(&trailer))
	t.Must("call", o.err)
	t.Equal("header", ours(header), metadata.MD{"x-h": {"1"}})
	t.Equal("trailer", ours(trailer), metadata.MD{"x-t": {"1"}})
}

func optionWaitForReady(t *T, e *Env, k Kind) {
	t.OK("true", e.do(t.Context(), k, script.Order(), grpc.WaitForReady(true)).err)
	t.OK("false", e.do(t.Context(), k, script.Order(), grpc.WaitForReady(false)).err)
	t.Code("errors are errors", e.do(t.Context(), k, script.Order(script.Fail(5, "")), grpc.WaitForReady(true)).err, codes.NotFound)
}

// token is credentials that need no security, unless they say so.
type token struct {
	value  string
	err    error
	secure bool
}

func (c token) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"x-token": c.value}, c.err
}

func (c token) RequireTransportSecurity() bool { return c.secure }

func optionCredentials(t *T, e *Env, k Kind) {
	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-other", "1")
	o := e.do(ctx, k, looking(k, script.Metadata()), grpc.PerRPCCredentials(token{value: "t1"}))
	t.Must("call", o.err)
	t.Equal("token", o.fact("metadata x-token"), `["t1"]`)
	t.Equal("other metadata", o.fact("metadata x-other"), `["1"]`)
	o = e.look(t.Context(), k, script.Metadata())
	t.Equal("the next call", o.fact("metadata x-token"), "none of that name")
}

func optionCredentialsFail(t *T, e *Env, k Kind) {
	key := t.Key()
	order := script.Order(script.Note(key, "called"))
	o := e.do(t.Context(), k, order, grpc.PerRPCCredentials(token{err: fmt.Errorf("no token")}))
	t.Status("error that is no status", o.err, codes.Internal, "transport: per-RPC creds failed due to error: no token")
	o = e.do(t.Context(), k, order, grpc.PerRPCCredentials(token{err: status.Error(codes.PermissionDenied, "no")}))
	t.Status("status", o.err, codes.PermissionDenied, "no")
	o = e.do(t.Context(), k, order, grpc.PerRPCCredentials(token{value: "t", secure: true}))
	t.Status("not secure", o.err, codes.Unauthenticated, "transport: cannot send secure credentials on an insecure connection")
	t.Equal("no handler has run", e.look(t.Context(), unary, script.Ask(key, 50*time.Millisecond)).fact("ledger"), "")
}

func optionCredentialsOfConn(t *T, e *Env, k Kind) {
	client := e.New(e.Dial(t, grpc.WithPerRPCCredentials(token{value: "conn"})))
	o := do(t.Context(), client, k, looking(k, script.Metadata()))
	t.Must("call", o.err)
	t.Equal("token", o.fact("metadata x-token"), `["conn"]`)
}

func optionHarmless(t *T, e *Env, k Kind) {
	o := e.do(t.Context(), k, looking(k, script.Deadline()), grpc.StaticMethod(), grpc.EmptyCallOption{}, grpc.MaxRetryRPCBufferSize(1<<20))
	t.Must("call", o.err)
	t.Equal("reply", o.fact("deadline"), "none")
	t.True("one reply", len(o.reports) == 1, "got %d", len(o.reports))
}
