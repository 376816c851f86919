package behaviours

import (
	"context"
	"fmt"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/test/contract/pb"
	"github.com/cofaas/cofaas/test/contract/script"
)

func headers() []*Behaviour {
	return slices.Concat(
		each("header/set", everywhere, kinds, headerSet),
		each("header/sent", everywhere, kinds, headerSent),
		each("header/through package grpc", everywhere, kinds, headerByContext),
		each("header/after it was sent", everywhere, kinds, headerTooLate),
		each("header/after a message", everywhere, replyStreams, headerAfterMessage),
		each("header/with an error", everywhere, kinds, headerWithError),
		each("header/sent, then an error", everywhere, kinds, headerSentWithError),
		each("header/none", everywhere, kinds, headerNone),
		each("header/binary values and odd keys", everywhere, kinds, headerValues),
		each("header/reserved keys", direct, kinds, headerReserved),
		each("header/what is not allowed", direct, streamKinds, headerInvalid),
		one("header/what is not allowed/unary", direct, headerInvalidUnary),
		each("header/Header waits for it", everywhere, streamKinds, headerWaits),
		each("header/Header of a stream that fails", everywhere, streamKinds, headerOfFailed),
		each("trailer/before the end", direct, replyStreams, trailerBeforeEnd),
		each("trailer/of a stream", everywhere, streamKinds, trailerOfStream),
		one("header/outside of a handler", direct, headerOutside),
		one("header/transport stream of an application", direct, headerOwnStream),
	)
}

func headerSet(t *T, e *Env, k Kind) {
	o := e.do(t.Context(), k, looking(k,
		script.SetHeader("x-h", "1", "x-both", "in header"), script.SetTrailer("x-t", "1", "x-both", "in trailer"),
		script.SetHeader("x-h", "2", "x-later", "l"), script.SetTrailer("x-t", "2")))
	t.Must("call", o.err)
	t.Equal("header", ours(o.header), metadata.MD{"x-h": {"1", "2"}, "x-both": {"in header"}, "x-later": {"l"}})
	t.Equal("trailer", ours(o.trailer), metadata.MD{"x-t": {"1", "2"}, "x-both": {"in trailer"}})
	t.Equal("SetHeader succeeds", o.facts("set header"), []string{"ok", "ok"})
	t.Equal("SetTrailer succeeds", o.facts("set trailer"), []string{"ok", "ok"})
}

func headerSent(t *T, e *Env, k Kind) {
	o := e.do(t.Context(), k, looking(k, script.SetHeader("x-h", "set"), script.SendHeader("x-h", "sent", "x-s", "s"), script.SetTrailer("x-t", "t")))
	t.Must("call", o.err)
	t.Equal("header", ours(o.header), metadata.MD{"x-h": {"set", "sent"}, "x-s": {"s"}})
	t.Equal("trailer", ours(o.trailer), metadata.MD{"x-t": {"t"}})
	t.Equal("SendHeader succeeds", o.fact("send header"), "ok")
}

func headerByContext(t *T, e *Env, k Kind) {
	o := e.do(t.Context(), k, looking(k, script.ByContext(script.SetHeader("x-h", "1")), script.ByContext(script.SetTrailer("x-t", "1")),
		script.ByContext(script.SendHeader("x-h", "2")), script.SetTrailer("x-t", "2")))
	t.Must("call", o.err)
	t.Equal("header", ours(o.header), metadata.MD{"x-h": {"1", "2"}})
	t.Equal("trailer", ours(o.trailer), metadata.MD{"x-t": {"1", "2"}})
}

func headerTooLate(t *T, e *Env, k Kind) {
	o := e.do(t.Context(), k, looking(k, script.SendHeader("x-h", "1"), script.SendHeader("x-h", "2"), script.SetHeader("x-h", "3"),
		script.ByContext(script.SetHeader("x-h", "4"))))
	t.Must("call", o.err)
	t.Equal("header", ours(o.header), metadata.MD{"x-h": {"1"}})
	late := "rpc error: code = Internal desc = transport: SendHeader called multiple times"
	t.Equal("SendHeader", o.facts("send header"), []string{"ok", late})
	t.Equal("SetHeader", o.facts("set header"), []string{late, late})
}

func headerAfterMessage(t *T, e *Env, k Kind) {
	o := e.do(t.Context(), k, looking(k, script.SetHeader("x-h", "1"), script.Send(1, 0), script.SetHeader("x-h", "2"), script.SendHeader("x-h", "3"),
		script.SetTrailer("x-t", "1")))
	t.Must("call", o.err)
	t.Equal("header", ours(o.header), metadata.MD{"x-h": {"1"}})
	t.Equal("trailer", ours(o.trailer), metadata.MD{"x-t": {"1"}})
	late := "rpc error: code = Internal desc = transport: SendHeader called multiple times"
	t.Equal("SetHeader", o.facts("set header"), []string{"ok", late})
	t.Equal("SendHeader", o.facts("send header"), []string{late})
}

func headerWithError(t *T, e *Env, k Kind) {
	o := e.do(t.Context(), k, script.Order(script.SetHeader("x-h", "1"), script.SetTrailer("x-t", "1"), script.Fail(5, "gone")))
	t.Status("status", o.err, codes.NotFound, "gone")
	t.Equal("header", ours(o.header), metadata.MD{"x-h": {"1"}})
	t.Equal("trailer", ours(o.trailer), metadata.MD{"x-t": {"1"}})
}

func headerSentWithError(t *T, e *Env, k Kind) {
	o := e.do(t.Context(), k, script.Order(script.SendHeader("x-h", "1"), script.SetTrailer("x-t", "1", "x-t-bin", "\x00\xff"), script.FailDetails(5, "gone")))
	t.Status("status", o.err, codes.NotFound, "gone")
	t.Equal("header", ours(o.header), metadata.MD{"x-h": {"1"}})
	t.Equal("trailer", ours(o.trailer), metadata.MD{"x-t": {"1"}, "x-t-bin": {"\x00\xff"}})
}

func headerNone(t *T, e *Env, k Kind) {
	o := e.do(t.Context(), k, script.Order())
	t.Must("call", o.err)
	t.Equal("header", ours(o.header), metadata.MD{})
	t.Equal("trailer", ours(o.trailer), metadata.MD{})
	o = e.do(t.Context(), k, script.Order(script.Fail(2, "")))
	t.Equal("header with an error", ours(o.header), metadata.MD{})
	t.Equal("trailer with an error", ours(o.trailer), metadata.MD{})
}

func headerValues(t *T, e *Env, k Kind) {
	kv := []string{"x-data-bin", "\x00\x01\xfe\xff", "x-data-bin", "", "X-Upper", "1", "x-empty", "", "x-text", `a, "b"; c=%41`, "x-1_.a", "k"}
	want := metadata.MD{"x-data-bin": {"\x00\x01\xfe\xff", ""}, "x-upper": {"1"}, "x-empty": {""}, "x-text": {`a, "b"; c=%41`}, "x-1_.a": {"k"}}
	o := e.do(t.Context(), k, script.Order(script.SetHeader(kv...), script.SetTrailer(kv...)))
	t.Must("call", o.err)
	t.Equal("header", ours(o.header), want)
	t.Equal("trailer", ours(o.trailer), want)
}

func headerReserved(t *T, e *Env, k Kind) {
	kv := []string{"grpc-status", "5", "grpc-message", "ours", "grpc-encoding", "ours", "content-type", "ours", "x-kept", "1"}
	o := e.do(t.Context(), k, script.Order(script.SetHeader(kv...), script.SetTrailer(kv...)))
	t.Must("call", o.err)
	for name, md := range map[string]metadata.MD{"header": o.header, "trailer": o.trailer} {
		t.Equal(name+": the rest", md.Get("x-kept"), []string{"1"})
		for _, key := range []string{"grpc-status", "grpc-message", "grpc-encoding", "content-type"} {
			got := md.Get(key)
			t.True(name+": "+key, !slices.Contains(got, "ours") && !slices.Contains(got, "5"), "got %v", got)
		}
	}
}

func headerInvalid(t *T, e *Env, k Kind) {
	o := e.do(t.Context(), k, looking(k, script.SetHeader("x bad", "1")))
	t.Must("call", o.err)
	t.Equal("SetHeader", o.fact("set header"), `rpc error: code = Internal desc = header key "x bad" contains illegal characters not in [0-9a-z-_.]`)
	o = e.do(t.Context(), k, looking(k, script.SendHeader("x-bad", "a\x01")))
	t.Must("call", o.err)
	t.Equal("SendHeader", o.fact("send header"), `rpc error: code = Internal desc = header key "x-bad" contains value with non-printable ASCII characters`)
	t.Equal("header", ours(o.header), metadata.MD{})
}

// headerInvalidUnary shows that the functions of package grpc check nothing: what is not allowed spoils the reply.
func headerInvalidUnary(t *T, e *Env) {
	for name, step := range map[string]*pb.Step{
		"SetHeader":  script.SetHeader("x bad", "1"),
		"SendHeader": script.SendHeader("x bad", "1"),
		"SetTrailer": script.SetTrailer("x bad", "1"),
	} {
		t.Code(name, e.do(t.Context(), unary, script.Order(step)).err, codes.Internal)
		t.OK("the call after "+name, e.do(t.Context(), unary, script.Order()).err)
	}
}

// headerWaits has a handler send its header while its caller waits for that, long before there is a message.
func headerWaits(t *T, e *Env, k Kind) {
	key := t.Key()
	order := script.Order(script.Sleep(150*time.Millisecond), script.SendHeader("x-h", "1"), script.Ask(key, patience))
	stream := open(t, e.Client(), k, order)
	header, err := stream.Header()
	t.OK("Header", err)
	t.Equal("header", ours(header), metadata.MD{"x-h": {"1"}})
	o := e.do(t.Context(), unary, script.Order(script.Note(key, "go on")))
	t.OK("the handler still runs", o.err)
	header, err = stream.Header()
	t.OK("Header again", err)
	t.Equal("the same header", ours(header), metadata.MD{"x-h": {"1"}})
}

func headerOfFailed(t *T, e *Env, k Kind) {
	stream := open(t, e.Client(), k, script.Order(script.SetTrailer("x-t", "1"), script.Fail(5, "gone")))
	header, err := stream.Header()
	t.OK("Header", err)
	t.Equal("header", ours(header), metadata.MD{})
	t.Status("then the status", stream.RecvMsg(new(pb.Report)), codes.NotFound, "gone")
	t.Equal("trailer", ours(stream.Trailer()), metadata.MD{"x-t": {"1"}})
}

func trailerBeforeEnd(t *T, e *Env, k Kind) {
	key := t.Key()
	stream := open(t, e.Client(), k, script.Order(script.SetTrailer("x-t", "1"), script.Send(1, 0), script.Ask(key, patience)))
	t.OK("a message", stream.RecvMsg(new(pb.Report)))
	t.Equal("no trailer yet", len(ours(stream.Trailer())), 0)
	t.OK("let it go on", e.do(t.Context(), unary, script.Order(script.Note(key, "go on"))).err)
	t.Equal("the end", fmt.Sprint(stream.RecvMsg(new(pb.Report))), "EOF")
	t.Equal("now there is one", ours(stream.Trailer()), metadata.MD{"x-t": {"1"}})
}

func trailerOfStream(t *T, e *Env, k Kind) {
	stream := open(t, e.Client(), k, looking(k, script.SetTrailer("x-t", "1")))
	t.OK("message", stream.RecvMsg(new(pb.Report)))
	if k != upload {
		t.Equal("the end", fmt.Sprint(stream.RecvMsg(new(pb.Report))), "EOF")
	}
	t.Equal("trailer", ours(stream.Trailer()), metadata.MD{"x-t": {"1"}})
}

func headerOutside(t *T, _ *Env) {
	want := "rpc error: code = Internal desc = grpc: failed to fetch the stream from the context context.Background"
	t.Equal("SetHeader", fmt.Sprint(grpc.SetHeader(context.Background(), metadata.Pairs("a", "1"))), want)
	t.Equal("SendHeader", fmt.Sprint(grpc.SendHeader(context.Background(), metadata.Pairs("a", "1"))), want)
	t.Equal("SetTrailer", fmt.Sprint(grpc.SetTrailer(context.Background(), metadata.Pairs("a", "1"))), want)
	t.OK("SetHeader of nothing", grpc.SetHeader(context.Background(), nil))
	t.OK("SetTrailer of nothing", grpc.SetTrailer(context.Background(), nil))
	_, ok := grpc.Method(context.Background())
	t.True("no method", !ok, "there is one")
}

// ownStream is a transport stream as applications make them to call handlers without a server.
type ownStream struct{ header, trailer metadata.MD }

func (*ownStream) Method() string { return "/own/Method" }
func (s *ownStream) SetHeader(md metadata.MD) error {
	s.header = metadata.Join(s.header, md)
	return nil
}
func (s *ownStream) SendHeader(md metadata.MD) error {
	return status.Error(codes.Unimplemented, "not sent")
}
func (s *ownStream) SetTrailer(md metadata.MD) error {
	s.trailer = metadata.Join(s.trailer, md)
	return nil
}

func headerOwnStream(t *T, _ *Env) {
	s := new(ownStream)
	ctx := grpc.NewContextWithServerTransportStream(context.Background(), s)
	method, ok := grpc.Method(ctx)
	t.Equal("method", fmt.Sprint(method, " ", ok), "/own/Method true")
	t.OK("SetHeader", grpc.SetHeader(ctx, metadata.Pairs("x-h", "1")))
	t.OK("SetTrailer", grpc.SetTrailer(ctx, metadata.Pairs("x-t", "1")))
	t.Equal("header", s.header, metadata.MD{"x-h": {"1"}})
	t.Equal("trailer", s.trailer, metadata.MD{"x-t": {"1"}})
	t.Status("error of SendHeader", grpc.SendHeader(ctx, metadata.Pairs("x-h", "1")), codes.Unimplemented, "not sent")
}
