package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"

	"github.com/cofaas/cofaas/test/e2e/apps/flow/pb"
)

// record is what a job has seen.
type record struct {
	*source
	ctx   context.Context
	lines []string
}

func (r *record) note(format string, args ...any) {
	r.lines = append(r.lines, fmt.Sprintf(format, args...))
}

// sums notes what has arrived, and whether it is what was sent.
func (r *record) sums(what string, got, want *pb.Sum) {
	r.note("%s: %d of %d items, the same: %v", what, got.Count, want.Count, got.Digest == want.Digest)
}

var jobs = map[string]func(*record) error{
	"changed after sending": changed,
	"all sizes":             sizes,
	"a bad item":            bad,
	"both ways to receive":  mixed,
	"many streams":          many,
	"out while computing":   func(r *record) error { return r.early(computing) },
	"in while computing":    func(r *record) error { return r.early(emitted) },
	"there and back":        echo,
	"cancelled":             cancelled,
	"returned":              returned,
	"sent into the void":    void,
}

// changed uses one item, and one buffer, for all that it sends.
func changed(r *record) error {
	stream, err := r.sink.Collect(r.ctx)
	if err != nil {
		return err
	}
	want, item, data := pb.NewDigest(), pb.NewItem(3, 100), make([]byte, 100)
	for id := range int64(2000) {
		for i := range data {
			data[i] = byte(id) + byte(i)
		}
		item.Id, item.Data, item.Numbers[0], item.Part.Blobs[1] = id, data[:id%100], int32(id), data[:id%7]
		if err := stream.Send(item); err != nil {
			return err
		}
		if err := want.Add(item); err != nil {
			return err
		}
	}
	got, err := stream.CloseAndRecv()
	if err != nil {
		return err
	}
	r.sums("collected", got, want.Sum())
	return nil
}

// sizes has large items among many small ones.
func sizes(r *record) error {
	stream, err := r.sink.Collect(r.ctx)
	if err != nil {
		return err
	}
	want := pb.NewDigest()
	for i, size := range []int{0, 1, 7, 8, 9, 100, 2047, 2048, 2049, 4000, 7000, 8191, 8192, 8193, 20_000, 300_000} {
		for id := range int64(70) {
			n := size
			if id%10 != 5 {
				n = int(id)
			}
			item := pb.NewItem(1000*int64(i)+id, n)
			if err := stream.Send(item); err != nil {
				return err
			}
			if err := want.Add(item); err != nil {
				return err
			}
		}
	}
	got, err := stream.CloseAndRecv()
	if err != nil {
		return err
	}
	r.sums("collected", got, want.Sum())
	return nil
}

// bad sends something that cannot be sent, when the stream is busy.
func bad(r *record) error {
	for _, what := range []struct {
		name string
		item *pb.Item
	}{
		{"text", &pb.Item{Text: "\xff"}},
		{"word", &pb.Item{Words: []string{"good", "\xfe"}}},
		{"key", &pb.Item{Flags: map[string]bool{"\xfd": true}}},
		{"part", &pb.Item{Part: &pb.Item_Part{Text: "\xfc"}}},
	} {
		stream, err := r.sink.Collect(r.ctx)
		if err != nil {
			return err
		}
		for id := range int64(333) {
			if err := stream.Send(pb.NewItem(id, 10)); err != nil {
				return err
			}
		}
		r.note("%s: %v", what.name, stream.Send(what.item))
		_, err = stream.CloseAndRecv()
		r.note("%s: the call: %v", what.name, err)
	}
	return nil
}

// mixed receives with Recv and RecvMsg in turn.
func mixed(r *record) error {
	stream, err := r.sink.Emit(r.ctx, &pb.Order{Count: 3000, Size: 20})
	if err != nil {
		return err
	}
	got, want := pb.NewDigest(), pb.NewDigest()
	for id := range int64(3000) {
		if err := want.Add(pb.NewItem(id, 20)); err != nil {
			return err
		}
		item := new(pb.Item)
		if id%5 < 3 {
			item, err = stream.Recv()
		} else {
			err = stream.RecvMsg(item)
		}
		if err == nil {
			err = got.Add(item)
		}
		if err != nil {
			return err
		}
	}
	r.sums("emitted", got.Sum(), want.Sum())
	_, err = stream.Recv()
	r.note("the end: %v", err)
	return nil
}

// many sends to many streams in turn, from one goroutine.
func many(r *record) error {
	const streams, items = 40, 300
	var open [streams]grpc.ClientStreamingClient[pb.Item, pb.Sum]
	var want [streams]*pb.Digest
	for i := range open {
		var err error
		if open[i], err = r.sink.Collect(r.ctx); err != nil {
			return err
		}
		want[i] = pb.NewDigest()
	}
	for id := range int64(items) {
		for i, stream := range open {
			item := pb.NewItem(id*streams+int64(i), 50)
			if err := stream.Send(item); err != nil {
				return err
			}
			if err := want[i].Add(item); err != nil {
				return err
			}
		}
	}
	for i, stream := range open {
		got, err := stream.CloseAndRecv()
		if err != nil {
			return err
		}
		if i%13 == 0 {
			r.sums(fmt.Sprint("stream ", i), got, want[i].Sum())
		}
	}
	return nil
}

// pause is for how long senders compute. What they have sent before has to be there long before they are done: one of some times, as the
// receiver may be held up itself.
const pause = time.Second

func (r *record) early(send func(r *record) (*pb.Sum, error)) error {
	for try := 1; ; try++ {
		sum, err := send(r)
		switch {
		case err != nil:
			return err
		case sum.GapMs > pause.Milliseconds()/3:
			r.note("%d items; the last but one was there before the pause", sum.Count)
			return nil
		case try == 10:
			r.note("%d items; the last but one was only %d ms before what came after it", sum.Count, sum.GapMs)
			return nil
		}
	}
}

// computing computes before it sends the last item.
func computing(r *record) (*pb.Sum, error) {
	stream, err := r.sink.Collect(r.ctx)
	if err != nil {
		return nil, err
	}
	for id := range int64(1000) {
		if id == 999 {
			pb.Compute(pause)
		}
		if err := stream.Send(pb.NewItem(id, 10)); err != nil {
			return nil, err
		}
	}
	return stream.CloseAndRecv()
}

// emitted is computing on the other side.
func emitted(r *record) (*pb.Sum, error) {
	stream, err := r.sink.Emit(r.ctx, &pb.Order{Count: 1000, Size: 10, PauseMs: pause.Milliseconds()})
	if err != nil {
		return nil, err
	}
	return collect(stream)
}

func collect(stream grpc.ServerStreamingClient[pb.Item]) (*pb.Sum, error) {
	d := pb.NewDigest()
	for {
		item, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return d.Sum(), nil
		}
		if err == nil {
			err = d.Add(item)
		}
		if err != nil {
			return nil, err
		}
	}
}

// echo sends in one goroutine and receives in another.
func echo(r *record) error {
	stream, err := r.sink.Echo(r.ctx)
	if err != nil {
		return err
	}
	want, sent := pb.NewDigest(), make(chan error, 1)
	go func() {
		for id := range int64(5000) {
			item := pb.NewItem(id, int(id%200))
			err := want.Add(item)
			if err == nil {
				err = stream.Send(item)
			}
			if err != nil {
				sent <- err
				return
			}
		}
		sent <- stream.CloseSend()
	}()
	got, err := collect(stream)
	if err := errors.Join(err, <-sent); err != nil {
		return err
	}
	r.sums("echoed", got, want.Sum())
	return nil
}

// cancelled leaves endless streams.
func cancelled(r *record) error {
	for range 3 {
		ctx, cancel := context.WithCancel(r.ctx)
		stream, err := r.sink.Emit(ctx, &pb.Order{Endless: true, Size: 100})
		if err == nil {
			for id := int64(0); id < 1000 && err == nil; id++ {
				var item *pb.Item
				if item, err = stream.Recv(); err == nil && item.Id != id {
					err = fmt.Errorf("item %d has come for item %d", item.Id, id)
				}
			}
		}
		cancel()
		if err != nil {
			return err
		}
		for err == nil { // what is here already may still be received
			_, err = stream.Recv()
		}
		r.note("after cancelling: %v", err)
	}
	return nil
}

// returned has a handler return as soon as it has sent.
func returned(r *record) error {
	for _, count := range []int64{0, 1, 4, 5, 6, 37, 1000} {
		stream, err := r.sink.Emit(r.ctx, &pb.Order{Count: count, Size: 3})
		if err != nil {
			return err
		}
		sum, err := collect(stream)
		if err != nil {
			return err
		}
		r.note("%d of %d items", sum.Count, count)
	}
	return nil
}

// void goes on to send, now slowly, when the call is over.
func void(r *record) error {
	stream, err := r.sink.Collect(r.ctx)
	if err != nil {
		return err
	}
	for id := range int64(500) {
		if err := stream.Send(pb.NewItem(id, 10)); err != nil {
			return err
		}
	}
	if err := stream.Send(&pb.Item{Text: "stop"}); err != nil {
		return err
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		if err = stream.Send(pb.NewItem(1, 10)); err != nil {
			break
		}
		time.Sleep(2 * time.Millisecond)
	}
	r.note("sending: %v", err)
	for range 3 {
		r.note("and again: %v", stream.Send(pb.NewItem(1, 10)))
	}
	sum, err := stream.CloseAndRecv()
	r.note("%d items, %v", sum.GetCount(), err)
	return nil
}
