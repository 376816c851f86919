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

	"github.com/cofaas/cofaas/test/contract/pb"
	"github.com/cofaas/cofaas/test/contract/script"
)

func streamEnds() []*Behaviour {
	return slices.Concat(
		each("end/EOF stays", everywhere, replyStreams, endStays),
		each("end/a status stays", everywhere, streamKinds, endStatusStays),
		each("end/SendMsg after CloseSend", direct, []Kind{upload, chat}, endSendAfterClose),
		each("end/CloseSend twice", everywhere, []Kind{upload, chat}, endCloseTwice),
		each("end/the server returns early", everywhere, []Kind{upload, chat}, endServerEarly),
		each("end/the server fails early", everywhere, []Kind{upload, chat}, endServerFails),
		each("end/the server fails while the client waits", everywhere, []Kind{upload, chat}, endServerFailsWaiting),
		each("end/the client leaves", everywhere, replyStreams, endClientLeaves),
		one("end/the server's EOF stays", everywhere, endServerEOF),
		one("end/half-close in the middle", everywhere, endHalfClose),
		one("end/a second reply where there is one", direct, endTwoReplies),
		one("end/no reply where there is one", direct, endNoReply),
		one("end/no request where there is one", direct, endNoRequest),
		each("end/with a trailer", everywhere, []Kind{upload, chat}, endTrailer),
	)
}

func endStays(t *T, e *Env, k Kind) {
	stream := open(t, e.Client(), k, script.Order(script.Send(1, 1)))
	t.OK("message", stream.RecvMsg(new(pb.Report)))
	for i := range 3 {
		t.Equal(fmt.Sprint("end ", i), stream.RecvMsg(new(pb.Report)), io.EOF)
	}
}

func endStatusStays(t *T, e *Env, k Kind) {
	stream := open(t, e.Client(), k, script.Order(script.Fail(5, "gone")))
	for i := range 3 {
		t.Status(fmt.Sprint("end ", i), stream.RecvMsg(new(pb.Report)), codes.NotFound, "gone")
	}
}

func endSendAfterClose(t *T, e *Env, k Kind) {
	stream := open(t, e.Client(), k, looking(k, script.Sleep(20*time.Millisecond)))
	t.Status("SendMsg", stream.SendMsg(&pb.Order{}), codes.Internal, "SendMsg called after CloseSend")
}

func endCloseTwice(t *T, e *Env, k Kind) {
	stream := open(t, e.Client(), k, looking(k))
	t.OK("the second CloseSend", stream.CloseSend())
	t.OK("message", stream.RecvMsg(new(pb.Report)))
	t.OK("CloseSend after it", stream.CloseSend())
}

// sender is what clients of both kinds that send have.
func sender(t *T, e *Env, k Kind, ctx context.Context) grpc.ClientStream {
	if k == upload {
		stream, err := e.Client().Upload(ctx)
		t.Must("open", err)
		return stream
	}
	stream, err := e.Client().Chat(ctx)
	t.Must("open", err)
	return stream
}

// sendUntilEOF sends until the stream takes no more.
func sendUntilEOF(stream grpc.ClientStream) (n int, err error) {
	for n < 100_000 {
		if err := stream.SendMsg(&pb.Order{Payload: make([]byte, 1000)}); err != nil {
			return n, err
		}
		if n++; n%10 == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	return n, nil
}

func endServerEarly(t *T, e *Env, k Kind) {
	stream := sender(t, e, k, t.Context())
	order := looking(k, script.Receive(2))
	order.Id = 4
	t.OK("order", stream.SendMsg(order))
	n, err := sendUntilEOF(stream)
	t.Equal("sending ends with", err, io.EOF)
	t.True("not before the server has what it wants", n >= 2, "after %d messages", n)
	got := new(pb.Report)
	t.OK("the reply is there", stream.RecvMsg(got))
	t.Equal("messages that the server took", outcome{reports: []*pb.Report{got}}.fact("received"), "2")
	if k == chat {
		t.Equal("the end", stream.RecvMsg(got), io.EOF)
	}
}

func endServerFails(t *T, e *Env, k Kind) {
	stream := sender(t, e, k, t.Context())
	t.OK("order", stream.SendMsg(script.Order(script.Receive(2), script.SetTrailer("x-t", "1"), script.FailDetails(9, "enough"))))
	n, err := sendUntilEOF(stream)
	t.Equal("sending ends with", err, io.EOF)
	t.True("not before the server has what it wants", n >= 2, "after %d messages", n)
	err = stream.RecvMsg(new(pb.Report))
	t.Status("status", err, codes.FailedPrecondition, "enough")
	t.Equal("detail", detail(err, 1), &pb.Fact{Name: "detail", Value: "enough"})
	t.Equal("trailer", ours(stream.Trailer()), metadata.MD{"x-t": {"1"}})
}

func endServerFailsWaiting(t *T, e *Env, k Kind) {
	stream := sender(t, e, k, t.Context())
	t.OK("order", stream.SendMsg(script.Order(script.Sleep(100*time.Millisecond), script.Fail(9, "enough"))))
	t.Status("status, without a half-close", stream.RecvMsg(new(pb.Report)), codes.FailedPrecondition, "enough")
}

// endClientLeaves receives one message and cancels. The server, which would send for ever, sees that.
func endClientLeaves(t *T, e *Env, k Kind) {
	key := t.Key()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream := openContext(t, ctx, e.Client(), k, script.Order(script.Watch(key), script.Send(1<<30, 1000)))
	t.OK("message", stream.RecvMsg(new(pb.Report)))
	cancel()
	t.Equal("callee", e.look(t.Context(), unary, script.Ask(key, patience)).fact("ledger"), "context canceled")
	var err error
	for err == nil {
		err = stream.RecvMsg(new(pb.Report))
	}
	t.Status("caller", err, codes.Canceled, "context canceled")
}

func endServerEOF(t *T, e *Env) {
	stream := e.openChat(t, t.Context(), script.ReceiveAll(), script.ReceiveAll(), script.Report())
	t.OK("send", stream.Send(&pb.Order{}))
	t.OK("CloseSend", stream.CloseSend())
	reports, err := drain(stream)
	t.OK("receive", err)
	o := outcome{reports: reports}
	t.Equal("received", o.facts("received"), []string{"1", "0"})
	t.Equal("ends", o.facts("receive"), []string{"EOF", "EOF"})
}

func endHalfClose(t *T, e *Env) {
	stream := e.openChat(t, t.Context(), script.Echo(), script.Send(2, 0))
	t.OK("send", stream.Send(&pb.Order{Id: 70}))
	got, err := stream.Recv()
	t.OK("receive", err)
	t.Equal("echo", got.GetId(), int64(70))
	t.OK("CloseSend", stream.CloseSend())
	reports, err := drain(stream)
	t.OK("receive the rest", err)
	t.Equal("messages after the half-close", len(reports), 2)
}

// endTwoReplies calls a method that streams as if it did not.
func endTwoReplies(t *T, e *Env) {
	want := "cardinality violation: expected <EOF> for non server-streaming RPCs, but received another message"
	err := e.Conn.Invoke(t.Context(), method(e.Service, download), script.Order(script.Send(2, 1)), new(pb.Report))
	t.Status("Invoke", err, codes.Internal, want)
	stream, err := e.Conn.NewStream(t.Context(), &grpc.StreamDesc{ClientStreams: true}, method(e.Service, chat))
	t.Must("NewStream", err)
	t.OK("SendMsg", stream.SendMsg(script.Order(script.Send(2, 1))))
	t.OK("CloseSend", stream.CloseSend())
	t.Status("RecvMsg", stream.RecvMsg(new(pb.Report)), codes.Internal, want)
}

func endNoReply(t *T, e *Env) {
	want := "cardinality violation: received no response message from non-server-streaming RPC"
	err := e.Conn.Invoke(t.Context(), method(e.Service, download), script.Order(), new(pb.Report))
	t.Status("Invoke", err, codes.Internal, want)
	err = e.Conn.Invoke(t.Context(), method(e.Service, download), script.Order(script.Fail(5, "gone")), new(pb.Report))
	t.Status("a status comes first", err, codes.NotFound, "gone")
	t.OK("one reply is fine", e.Conn.Invoke(t.Context(), method(e.Service, download), script.Order(script.Send(1, 1)), new(pb.Report)))
}

func endNoRequest(t *T, e *Env) {
	stream, err := e.Conn.NewStream(t.Context(), &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, method(e.Service, download))
	t.Must("NewStream", err)
	t.OK("CloseSend", stream.CloseSend())
	err = stream.RecvMsg(new(pb.Report))
	t.True("not a good end", err != nil && !errors.Is(err, io.EOF), "got %v", err)
	t.Status("status", err, codes.Internal, "cardinality violation: received no request message from non-client-streaming RPC")
}

func endTrailer(t *T, e *Env, k Kind) {
	o := e.do(t.Context(), k, looking(k, script.ReceiveAll(), script.SetTrailer("x-t", "1")))
	t.Must("call", o.err)
	t.Equal("trailer", ours(o.trailer), metadata.MD{"x-t": {"1"}})
	t.Equal("nothing was received", o.fact("received"), "0")
}
