package behaviours

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"

	"github.com/cofaas/cofaas/test/contract/pb"
	"github.com/cofaas/cofaas/test/contract/script"
)

func flows() []*Behaviour {
	return slices.Concat(
		each("flow/a slow client holds the server up", everywhere, replyStreams, flowSlowClient),
		each("flow/a slow server holds the client up", everywhere, []Kind{upload, chat}, flowSlowServer),
		one("flow/a slow stream holds nobody else up", everywhere, flowBeside),
		each("flow/100,000 messages", []Position{Outside, Relayed, Edge}, replyStreams, flowManyDown),
		one("flow/100,000 messages/client stream", []Position{Outside, Relayed, Edge}, flowManyUp),
		one("flow/1,000 open streams", []Position{Outside, Relayed, Edge}, flowManyStreams),
		one("flow/a server that pauses", everywhere, flowPauses),
	)
}

// What a slow receiver is sent: 96 MiB, of which only a part may be under way. grpc-go lets windows grow to 16 MiB, when there is time for
// it, and with a relay there are two of them.
const (
	flowMessages = 6144
	flowSize     = 16 << 10
	flowBound    = flowMessages / 2
)

// underWay waits until a count is no longer 0, and then for what else comes: it returns the count a while later.
func underWay(count func() int64) int64 {
	for end := time.Now().Add(patience); count() == 0 && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	time.Sleep(300 * time.Millisecond)
	return count()
}

func flowSlowClient(t *T, e *Env, k Kind) {
	key := t.Key()
	stream := open(t, e.Client(), k, script.Order(script.SendCounted(flowMessages, flowSize, key)))
	t.OK("the first message", stream.RecvMsg(new(pb.Report)))
	sent := underWay(func() int64 { return e.look(t.Context(), unary, script.Count(key)).number("count") })
	t.Between("sent while the client sleeps", sent, 1, flowBound)
	n := 1
	var err error
	for ; err == nil; n++ {
		err = stream.RecvMsg(new(pb.Report))
	}
	t.Equal("the end", err, io.EOF)
	t.Equal("messages", n-1, flowMessages)
}

func flowSlowServer(t *T, e *Env, k Kind) {
	stream := sender(t, e, k, t.Context())
	key := t.Key()
	t.OK("order", stream.SendMsg(looking(k, script.Ask(key, patience), script.ReceiveAll())))
	var sent atomic.Int64
	done := make(chan error, 1)
	go func() {
		payload := make([]byte, flowSize)
		for range flowMessages {
			if err := stream.SendMsg(&pb.Order{Payload: payload}); err != nil {
				done <- err
				return
			}
			sent.Add(1)
		}
		done <- stream.CloseSend()
	}()
	t.Between("sent while the server sleeps", underWay(sent.Load), 1, flowBound)
	t.OK("wake it", e.do(t.Context(), unary, script.Order(script.Note(key, "go on"))).err)
	got := new(pb.Report)
	t.OK("reply", stream.RecvMsg(got))
	t.OK("sending", <-done)
	t.Equal("messages", outcome{reports: []*pb.Report{got}}.number("received"), int64(flowMessages))
}

func flowBeside(t *T, e *Env) {
	open(t, e.Client(), download, script.Order(script.Send(flowMessages, flowSize)))
	time.Sleep(100 * time.Millisecond)
	for _, k := range kinds {
		t.OK(k.String(), e.do(t.Context(), k, script.Order()).err)
	}
	o := e.do(t.Context(), download, script.Order(script.Send(100, 1000)))
	t.OK("another stream", o.err)
	t.Equal("its messages", len(o.reports), 100)
}

func flowManyDown(t *T, e *Env, k Kind) {
	const n = 100_000
	stream := open(t, e.Client(), k, script.Order(script.Send(n, 4)))
	var got pb.Report
	for i := range int64(n) {
		if err := stream.RecvMsg(&got); err != nil || got.Id != i {
			t.True("message", false, "message %d: got %d, %v", i, got.Id, err)
			return
		}
	}
	t.Equal("the end", stream.RecvMsg(&got), io.EOF)
}

func flowManyUp(t *T, e *Env) {
	const n = 100_000
	stream, err := e.Client().Upload(t.Context())
	t.Must("open", err)
	t.OK("order", stream.Send(script.Order(script.ReceiveAll())))
	for range n {
		t.mustSend(stream, &pb.Order{Payload: []byte{1, 2}})
	}
	got, err := stream.CloseAndRecv()
	t.Must("CloseAndRecv", err)
	o := outcome{reports: []*pb.Report{got}}
	t.Equal("messages", o.number("received"), int64(n))
	t.Equal("bytes", o.number("received bytes"), int64(2*n))
}

func flowManyStreams(t *T, e *Env) {
	const n = 1000
	var streams []grpc.BidiStreamingClient[pb.Order, pb.Report]
	for i := range n {
		stream, err := e.Client().Chat(t.Context())
		if err == nil {
			err = stream.Send(script.Order(script.Send(1, 0), script.Echo()))
		}
		if err != nil {
			t.Must(fmt.Sprint("open ", i), err)
		}
		streams = append(streams, stream)
	}
	bad := 0
	for i, stream := range streams {
		if _, err := stream.Recv(); err != nil {
			bad++
		}
		if err := stream.Send(&pb.Order{Id: int64(i)}); err != nil {
			bad++
		}
	}
	t.Equal("all are open, with errors", bad, 0)
	for i, stream := range slices.Backward(streams) {
		got, err := stream.Recv()
		if err != nil || got.Id != int64(i) {
			bad++
		}
		if err := stream.CloseSend(); err != nil {
			bad++
		}
		if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
			bad++
		}
	}
	t.Equal("all have been served, with errors", bad, 0)
}

func flowPauses(t *T, e *Env) {
	order := script.Order(script.Send(2, 1), script.Sleep(200*time.Millisecond), script.Send(2, 1), script.Sleep(200*time.Millisecond))
	begin := time.Now()
	o := e.do(t.Context(), download, order)
	t.OK("call", o.err)
	t.Equal("messages", len(o.reports), 4)
	t.True("the end comes after the pauses", time.Since(begin) >= 400*time.Millisecond, "after %v", time.Since(begin))
}
