package grpc

import (
	"context"
	"io"
	"testing"

	"github.com/cofaas/cofaas/guest"
)

// nopTransport takes and makes messages without end.
type nopTransport struct{ sent, received int }

func (t *nopTransport) Send(context.Context, any) error              { t.sent++; return nil }
func (t *nopTransport) Recv(context.Context, any) error              { t.received++; return nil }
func (t *nopTransport) CloseSend()                                   {}
func (t *nopTransport) SendHeader([]guest.Pair)                      {}
func (t *nopTransport) Header(context.Context) ([]guest.Pair, error) { return nil, nil }
func (t *nopTransport) End(context.Context) (*guest.Status, []guest.Pair, error) {
	return nil, nil, nil
}
func (t *nopTransport) Close() {}

// openNop begins a call whose stream is t.
func openNop(t testing.TB, tr transport) ClientStream {
	useFakeHost(t)
	findStreamImport = func(string) opener { return func(context.Context, *guest.ClientCall) transport { return tr } }
	cs, err := newConn(t).NewStream(t.Context(), &StreamDesc{ClientStreams: true, ServerStreams: true}, "/a.B/C", StaticMethod())
	if err != nil {
		t.Fatal(err)
	}
	return cs
}

// serveNop serves a call whose stream is t.
func serveNop(t testing.TB, tr transport, handler func(ServerStream)) {
	h := useFakeHost(t)
	newServing().RegisterService(&ServiceDesc{ServiceName: "a.B", Streams: []StreamDesc{{
		StreamName: "C", ClientStreams: true, ServerStreams: true,
		Handler: func(_ any, stream ServerStream) error { handler(stream); return nil },
	}}}, nil)
	h.streams["/a.B/C"](&nopCall{}, tr)
}

func TestStreamAllocations(t *testing.T) {
	tr := new(nopTransport)
	var m any = new(int)
	measure := func(side string, stream interface {
		SendMsg(any) error
		RecvMsg(any) error
	}) {
		if got := testing.AllocsPerRun(1000, func() { stream.SendMsg(m); stream.RecvMsg(m) }); got != 0 {
			t.Errorf("%s: %v allocations per message", side, got)
		}
	}
	measure("client", openNop(t, tr))
	serveNop(t, tr, func(stream ServerStream) { measure("server", stream) })
	if tr.sent < 2000 || tr.received < 2000 {
		t.Errorf("%d messages sent, %d received", tr.sent, tr.received)
	}
}

func BenchmarkClientStream(b *testing.B) {
	stream := openNop(b, new(nopTransport))
	var m any = new(int)
	b.ReportAllocs()
	for b.Loop() {
		stream.SendMsg(m)
		stream.RecvMsg(m)
	}
}

func BenchmarkServerStream(b *testing.B) {
	serveNop(b, new(nopTransport), func(stream ServerStream) {
		var m any = new(int)
		b.ReportAllocs()
		for b.Loop() {
			stream.SendMsg(m)
			stream.RecvMsg(m)
		}
	})
}

// endedTransport is the client's side of a call that has succeeded.
type endedTransport struct{ nopTransport }

func (*endedTransport) Recv(context.Context, any) error { return io.EOF }

func BenchmarkNewStream(b *testing.B) {
	useFakeHost(b)
	findStreamImport = func(string) opener {
		return func(context.Context, *guest.ClientCall) transport { return new(endedTransport) }
	}
	cc := newConn(b)
	desc := &StreamDesc{ClientStreams: true, ServerStreams: true}
	b.ReportAllocs()
	for b.Loop() {
		stream, _ := cc.NewStream(context.Background(), desc, "/a.B/C", StaticMethod())
		stream.RecvMsg(nil)
	}
}
