package host

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// flow is the caller's end of a stream that leaves the host.
type flow struct {
	*stream
	woken chan struct{}
}

func (f *flow) wake() {
	select {
	case f.woken <- struct{}{}:
	default:
	}
}

// flowSpec calls streaming methods.
var flowSpec = Function{Name: "front", Exports: []string{"test.Front"}, Imports: []string{"test.Flow"}}

// openFlow begins a call.
func openFlow(t *testing.T, s *served, address, method string, cc callContext) *flow {
	t.Helper()
	conn, err := s.remotes.get(&dialInfo{target: target{dialled: address, canonical: address}})
	if err != nil {
		t.Fatal(err)
	}
	f := &flow{newStream(s.remotes.ctx, s.functions["front"].streams["/test.Flow/"+method].method), make(chan struct{}, 1)}
	f.client = f
	f.goBeyond(s.remotes, conn, &cc)
	t.Cleanup(f.leave)
	return f
}

func blob(t *testing.T, data []byte) *parcel {
	t.Helper()
	wire, err := proto.Marshal(wrapperspb.Bytes(data))
	if err != nil {
		t.Fatal(err)
	}
	return &parcel{wire: wire, size: len(wire)}
}

// send sends a message, waiting for room. It reports whether the call goes on.
func (f *flow) send(t *testing.T, data []byte) bool {
	t.Helper()
	for {
		f.mu.Lock()
		state := f.mayPut(&f.up)
		f.mu.Unlock()
		switch state {
		case streamDone:
			f.put(&f.up, blob(t, data))
			return true
		case streamBlocked:
			<-f.woken
		default:
			return false
		}
	}
}

// receive receives a message, or reports that there are no more.
func (f *flow) receive(t *testing.T) ([]byte, bool) {
	t.Helper()
	for {
		var batch [1]*parcel
		n, state := f.take(&f.down, batch[:], batchBytes)
		switch {
		case n > 0:
			out := new(wrapperspb.BytesValue)
			if err := proto.Unmarshal(batch[0].wire, out); err != nil {
				t.Fatal(err)
			}
			return out.Value, true
		case state != streamBlocked:
			return nil, false
		}
		<-f.woken
	}
}

// result is how the call has ended.
func (f *flow) result() (*status.Status, metadata.MD, metadata.MD) {
	for {
		f.mu.Lock()
		st, ended := f.st, f.ended
		header, _, _ := parseMeta(f.header)
		_, trailer, _ := parseMeta(f.trailer)
		f.clientWaits = true
		f.mu.Unlock()
		if ended {
			return st, header, trailer
		}
		<-f.woken
	}
}

func TestRemoteStream(t *testing.T) {
	a := serveAway(t)
	s := serve(t, newApp(t, guests{{flowSpec, echoGuest("front#echo", "front#act")}}, Edge{From: "front", Service: "test.Flow"}), Options{})
	open := func(t *testing.T, method string, cc callContext) *flow { return openFlow(t, s, a.address, method, cc) }
	isOver := func(t *testing.T, f *flow, want codes.Code) {
		t.Helper()
		if got, ok := f.receive(t); ok {
			t.Errorf("got another message %q", got)
		}
		if st, _, _ := f.result(); st.Code() != want {
			t.Errorf("got %v, want %v", st, want)
		}
	}
	t.Run("both", func(t *testing.T) {
		f := open(t, "Both", callContext{})
		for i := range 200 {
			want := fmt.Appendf(nil, "message %d", i)
			f.send(t, want)
			if got, ok := f.receive(t); !ok || !bytes.Equal(got, want) {
				t.Fatalf("got %q, %t", got, ok)
			}
		}
		f.closeQueue(&f.up)
		isOver(t, f, codes.OK)
	})
	t.Run("up", func(t *testing.T) {
		f := open(t, "Up", callContext{})
		for range 7 {
			f.send(t, nil)
		}
		f.closeQueue(&f.up)
		if got, ok := f.receive(t); !ok || !bytes.Equal(got, []byte{7}) {
			t.Errorf("got %v, %t", got, ok)
		}
		isOver(t, f, codes.OK)
	})
	t.Run("down", func(t *testing.T) {
		f := open(t, "Down", callContext{})
		large := make([]byte, 10_000) // so that the window closes
		f.send(t, large)
		f.closeQueue(&f.up)
		time.Sleep(50 * time.Millisecond)
		f.mu.Lock()
		if n := f.down.bytes; n > window+len(large)+8 {
			t.Errorf("%d bytes wait", n)
		}
		f.mu.Unlock()
		for i := range 100 {
			if got, ok := f.receive(t); !ok || !bytes.Equal(got, large) {
				t.Fatalf("message %d: %d bytes, %t", i, len(got), ok)
			}
		}
		isOver(t, f, codes.OK)
	})
	t.Run("status and metadata", func(t *testing.T) {
		f := open(t, "Both", callContext{meta: encodeMeta(metadata.Pairs("key", "value"))})
		f.send(t, []byte("metadata"))
		got, _ := f.receive(t)
		if md, _, err := parseMeta(got); err != nil || md["key"][0] != "value" {
			t.Errorf("got %v, %v", md, err)
		}
		f.send(t, []byte("status"))
		isOver(t, f, codes.FailedPrecondition)
		st, header, trailer := f.result()
		if len(st.Details()) != 1 || st.Message() != "not now ✗" || header["h-bin"][0] != "\x00\xff" || len(trailer["t"]) != 2 {
			t.Errorf("got %v %v, header %v, trailer %v", st, st.Details(), header, trailer)
		}
		if f.send(t, nil) {
			t.Error("a message can be sent when the call is over")
		}
	})
	t.Run("fails at once", func(t *testing.T) {
		f := open(t, "Both", callContext{})
		f.send(t, []byte("status"))
		isOver(t, f, codes.FailedPrecondition)
		if _, header, trailer := f.result(); header["h"] != nil || trailer["t"][0] != "failed" {
			t.Errorf("header %v, trailer %v", header, trailer)
		}
	})
	t.Run("deadline", func(t *testing.T) {
		patiently(t, 200*time.Millisecond, func(d time.Duration) bool {
			f := open(t, "Both", callContext{deadline: time.Now().Add(d).UnixNano()})
			f.send(t, []byte("wait"))
			isOver(t, f, codes.DeadlineExceeded)
			return a.hears(d)
		})
	})
	t.Run("given up", func(t *testing.T) {
		patiently(t, 50*time.Millisecond, func(d time.Duration) bool {
			f := open(t, "Both", callContext{})
			f.send(t, []byte("wait"))
			time.Sleep(d)
			f.leave()
			return a.hears(d)
		})
	})
	t.Run("nobody there", func(t *testing.T) {
		f := openFlow(t, s, "127.0.0.1:1", "Both", callContext{})
		isOver(t, f, codes.Unavailable)
	})
	t.Run("host closes", func(t *testing.T) {
		patiently(t, 50*time.Millisecond, func(d time.Duration) bool {
			s := serve(t, newApp(t, guests{{flowSpec, echoGuest("front#echo", "front#act")}}, Edge{From: "front", Service: "test.Flow"}), Options{})
			f := openFlow(t, s, a.address, "Both", callContext{})
			f.send(t, []byte("wait"))
			time.Sleep(d)
			s.Close()
			isOver(t, f, codes.Canceled)
			return a.hears(d)
		})
	})
}
