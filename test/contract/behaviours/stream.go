package behaviours

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"github.com/cofaas/cofaas/test/contract/pb"
	"github.com/cofaas/cofaas/test/contract/script"
)

func streams() []*Behaviour {
	return slices.Concat(
		each("stream/messages in order", everywhere, replyStreams, streamOrder),
		each("stream/no messages", everywhere, replyStreams, streamNothing),
		each("stream/large messages", everywhere, replyStreams, streamLarge),
		one("stream/upload", everywhere, streamUpload),
		one("stream/upload of nothing", everywhere, streamUploadNothing),
		one("stream/ping-pong", everywhere, streamPingPong),
		one("stream/one goroutine sends while another receives", everywhere, streamBothWays),
		one("stream/the server speaks first", everywhere, streamServerFirst),
		one("stream/the server speaks after the half-close", everywhere, streamAfterHalfClose),
		one("stream/several on one connection", everywhere, streamSeveral),
		one("stream/a message is sent again", everywhere, streamReuse),
		each("stream/through NewStream", direct, streamKinds, streamDirect),
		each("stream/messages wait for their receiver", everywhere, replyStreams, streamLateReceiver),
		one("stream/calls while one is open", everywhere, streamBesideCalls),
	)
}

func streamOrder(t *T, e *Env, k Kind) {
	o := e.do(t.Context(), k, script.Order(script.Send(500, 33)))
	t.Must("call", o.err)
	t.Equal("messages", len(o.reports), 500)
	ordered := slices.IsSortedFunc(o.reports, func(a, b *pb.Report) int { return int(a.Id - b.Id) })
	t.True("in order", ordered && o.reports[499].Id == 499, "the last is %d", o.reports[len(o.reports)-1].Id)
	t.Equal("payload", len(o.reports[250].Payload), 33)
}

func streamNothing(t *T, e *Env, k Kind) {
	stream := open(t, e.Client(), k, script.Order())
	for i := range 3 {
		t.True(fmt.Sprint("receive ", i), stream.RecvMsg(new(pb.Report)) == io.EOF, "it is no EOF")
	}
}

func streamLarge(t *T, e *Env, k Kind) {
	o := e.do(t.Context(), k, script.Order(script.Send(10, 1<<20)))
	t.Must("call", o.err)
	sum := 0
	for _, r := range o.reports {
		sum += len(r.Payload)
	}
	t.Equal("bytes", sum, 10<<20)
}

func streamUpload(t *T, e *Env) {
	stream, err := e.Client().Upload(t.Context())
	t.Must("open", err)
	order := script.Order(script.ReceiveAll())
	order.Id = 8
	t.OK("order", stream.Send(order))
	for i := range 300 {
		t.mustSend(stream, &pb.Order{Payload: make([]byte, i)})
	}
	got, err := stream.CloseAndRecv()
	t.Must("CloseAndRecv", err)
	o := outcome{reports: []*pb.Report{got}}
	t.Equal("id", got.Id, int64(8))
	t.Equal("messages", o.number("received"), int64(300))
	t.Equal("bytes", o.number("received bytes"), int64(299*300/2))
	t.Equal("the handler saw the end", o.fact("receive"), "EOF")
}

// mustSend sends, and records only failures: there are many messages.
func (t *T) mustSend(stream interface{ Send(*pb.Order) error }, m *pb.Order) {
	if err := stream.Send(m); err != nil {
		t.Must("send", err)
	}
}

// streamUploadNothing closes before there is an order: the handler sees the end at once.
func streamUploadNothing(t *T, e *Env) {
	stream, err := e.Client().Upload(t.Context())
	t.Must("open", err)
	_, err = stream.CloseAndRecv()
	t.Status("the handler's error", err, codes.Unknown, "EOF")
}

func streamPingPong(t *T, e *Env) {
	stream := e.openChat(t, t.Context(), script.Echo())
	for i := range int64(300) {
		t.mustSend(stream, &pb.Order{Id: i})
		got, err := stream.Recv()
		if err != nil || got.Id != i {
			t.True("echo", false, "round %d: got %v, %v", i, got, err)
			return
		}
	}
	t.OK("CloseSend", stream.CloseSend())
	_, err := stream.Recv()
	t.Equal("the end", err, io.EOF)
}

func streamBothWays(t *T, e *Env) {
	const n = 3000
	stream := e.openChat(t, t.Context(), script.Echo())
	sent := make(chan error, 1)
	go func() {
		for i := range int64(n) {
			if err := stream.Send(&pb.Order{Id: i, Payload: make([]byte, 500)}); err != nil {
				sent <- err
				return
			}
		}
		sent <- stream.CloseSend()
	}()
	var got int64
	for {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || r.Id != got {
			t.True("echo", false, "message %d: got %v, %v", got, r.GetId(), err)
			return
		}
		got++
	}
	t.OK("sending", <-sent)
	t.Equal("messages", got, int64(n))
}

func streamServerFirst(t *T, e *Env) {
	stream := e.openChat(t, t.Context(), script.Send(3, 1), script.Echo())
	for i := range int64(3) {
		got, err := stream.Recv()
		t.Must("receive", err)
		t.Equal(fmt.Sprint("message ", i), got.Id, i)
	}
	t.OK("send", stream.Send(&pb.Order{Id: 77}))
	got, err := stream.Recv()
	t.OK("receive", err)
	t.Equal("echo", got.GetId(), int64(77))
}

func streamAfterHalfClose(t *T, e *Env) {
	stream := e.openChat(t, t.Context(), script.ReceiveAll(), script.Sleep(50*time.Millisecond), script.Report(), script.Send(2, 0))
	t.OK("send", stream.Send(&pb.Order{Payload: []byte("12345")}))
	t.OK("CloseSend", stream.CloseSend())
	reports, err := drain(stream)
	t.OK("receive", err)
	o := outcome{reports: reports}
	t.Equal("received", o.fact("received"), "1")
	t.Equal("messages", len(reports), 3)
}

func streamSeveral(t *T, e *Env) {
	const n = 10
	var streams []grpc.BidiStreamingClient[pb.Order, pb.Report]
	for range n {
		streams = append(streams, e.openChat(t, t.Context(), script.Echo()))
	}
	for round := range int64(5) {
		for i, s := range streams {
			t.mustSend(s, &pb.Order{Id: round*100 + int64(i)})
		}
		for i := n - 1; i >= 0; i-- {
			got, err := streams[i].Recv()
			if err != nil || got.Id != round*100+int64(i) {
				t.True("echo", false, "stream %d: got %v, %v", i, got, err)
				return
			}
		}
	}
	for i, s := range streams {
		s.CloseSend()
		_, err := s.Recv()
		t.Equal(fmt.Sprint("the end of ", i), err, io.EOF)
	}
}

// streamReuse changes a message as soon as it has been sent, as Send allows.
func streamReuse(t *T, e *Env) {
	stream := e.openChat(t, t.Context(), script.Echo())
	order := &pb.Order{Payload: []byte("same")}
	for i := range int64(20) {
		order.Id = i
		order.Payload[0] = byte('a' + i)
		t.mustSend(stream, order)
	}
	t.OK("CloseSend", stream.CloseSend())
	reports, err := drain(stream)
	t.OK("receive", err)
	var got strings.Builder
	for i, r := range reports {
		if r.Id == int64(i) {
			got.WriteByte(r.Payload[0])
		}
	}
	t.Equal("each as it was", got.String(), "abcdefghijklmnopqrst")
}

func streamDirect(t *T, e *Env, k Kind) {
	desc := &grpc.StreamDesc{StreamName: "any name", ServerStreams: k != upload, ClientStreams: k != download}
	stream, err := e.Conn.NewStream(t.Context(), desc, method(e.Service, k))
	t.Must("NewStream", err)
	t.OK("SendMsg", stream.SendMsg(looking(k, script.Method())))
	t.OK("CloseSend", stream.CloseSend())
	got := new(pb.Report)
	t.OK("RecvMsg", stream.RecvMsg(got))
	t.Equal("method", outcome{reports: []*pb.Report{got}}.fact("method"), method(e.Backend, k)+" true")
	t.Equal("the end", stream.RecvMsg(got), io.EOF)
}

func streamLateReceiver(t *T, e *Env, k Kind) {
	stream := open(t, e.Client(), k, script.Order(script.Send(20, 10)))
	time.Sleep(200 * time.Millisecond)
	for i := range int64(20) {
		got := new(pb.Report)
		if err := stream.RecvMsg(got); err != nil || got.Id != i {
			t.True("message", false, "message %d: got %v, %v", i, got, err)
			return
		}
	}
	t.Equal("the end", stream.RecvMsg(new(pb.Report)), io.EOF)
}

func streamBesideCalls(t *T, e *Env) {
	stream := e.openChat(t, t.Context(), script.Echo())
	for i := range int64(10) {
		t.mustSend(stream, &pb.Order{Id: i})
		for _, k := range kinds {
			t.OK(k.String(), e.do(t.Context(), k, script.Order()).err)
		}
		got, err := stream.Recv()
		t.Must("receive", err)
		t.Equal("echo", got.Id, i)
	}
}
