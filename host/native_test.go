package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

var (
	nativeAlone = nativeFunction("alone", []string{"test.Front", "test.Flow"})
	nativeFront = nativeFunction("front", []string{"test.Front", "test.Flow"}, "test.Back", "test.Deep", "test.Flow")
	nativeBack  = nativeFunction("back", []string{"test.Back", "test.Flow"}, "test.Front")
)

func aloneNative(t testing.TB) *App { return newMixedApp(t, guests{{nativeAlone, nil}}) }

// pairNative has two native functions that call each other, and the first something remote.
func pairNative(t testing.TB) *App {
	return newMixedApp(t, guests{{nativeFront, nil}, {nativeBack, nil}},
		Edge{"front", "back", "test.Back"}, Edge{"front", "back", "test.Flow"}, Edge{"front", "", "test.Deep"}, Edge{"back", "front", "test.Front"})
}

// code is how a call that is told what to do ends.
func (s *served) code(ctx context.Context, method, text string) codes.Code {
	_, err := s.call(ctx, method, []byte(text))
	return status.Code(err)
}

// says checks the reply to a call.
func (s *served) says(t *testing.T, method, text, want string) {
	t.Helper()
	if got, err := s.call(t.Context(), method, []byte(text)); err != nil || string(got) != want {
		t.Errorf("%s %.100q: got %.100q, %v, want %.100q", method, text, got, err, want)
	}
}

// ends checks how a call fails.
func (s *served) ends(t *testing.T, ctx context.Context, method, text string, code codes.Code, message string) {
	t.Helper()
	_, err := s.call(ctx, method, []byte(text))
	if st := status.Convert(err); st.Code() != code || st.Message() != message {
		t.Errorf("%s %q: got %v, want %v: %s", method, text, err, code, message)
	}
}

func TestNative_unary(t *testing.T) {
	s := serve(t, aloneNative(t), Options{MaxMessage: 4 << 20})
	for _, size := range []int{0, 1, 1 << 10, 1 << 20, 3 << 20} {
		s.says(t, "Front/Echo", strings.Repeat("x", size), strings.Repeat("x", size))
	}
	var header, trailer metadata.MD
	ctx := metadata.AppendToOutgoingContext(t.Context(), "key", "value")
	got, err := s.call(ctx, "Front/Echo", []byte("describe"), grpc.Header(&header), grpc.Trailer(&trailer))
	if err != nil || !bytes.Contains(got, []byte("key:[value]")) || !bytes.Contains(got, []byte("deadline false flags 0x1")) {
		t.Errorf("got %s, %v", got, err)
	}
	if !slices.Equal(header["header"], []string{"of alone"}) || !slices.Equal(trailer["trailer"], []string{"of alone"}) {
		t.Errorf("got header %v and trailer %v", header["header"], trailer["trailer"])
	}
	_, err = s.call(ctx, "Front/Echo", []byte("fail 9"))
	if st := status.Convert(err); st.Code() != codes.FailedPrecondition || st.Message() != "as told" || len(st.Details()) != 1 {
		t.Errorf("got %v", err)
	}
	s.ends(t, t.Context(), "Front/Echo", "garbage", codes.Internal, "function alone: a failed call has code OK")
	s.ends(t, t.Context(), "Front/Echo", fmt.Sprint("size ", 5<<20), codes.ResourceExhausted, "grpc: received message larger than max (5242885 vs. 4194304)")
}

// A call goes from any place to any other.
func TestNative_edges(t *testing.T) {
	nested := "call /test.Back/Echo call /test.Front/Echo describe"
	t.Run("native to native", func(t *testing.T) {
		s := serve(t, pairNative(t), Options{})
		s.says(t, "Front/Echo", "call /test.Back/Echo text", "text")
		s.ends(t, t.Context(), "Front/Echo", "call /test.Back/Echo refuse 7", codes.PermissionDenied, "refused")
		// Back into the first, with what the first call had.
		ctx, cancel := context.WithTimeout(metadata.AppendToOutgoingContext(t.Context(), "key", "value"), time.Minute)
		defer cancel()
		if got, err := s.call(ctx, "Front/Echo", []byte(nested)); err != nil || !bytes.Contains(got, []byte("key:[value]")) || !bytes.Contains(got, []byte("deadline true flags 0x20001")) {
			t.Errorf("got %s, %v", got, err)
		}
		s.ends(t, t.Context(), "Front/Echo", "call /test.Front/Echo text", codes.Unimplemented, "unknown method Echo for service test.Front")
	})
	t.Run("guest to native", func(t *testing.T) {
		s := serve(t, newMixedApp(t, guests{{frontSpec, relayGuest()}, {nativeBack, nil}}, Edge{"front", "back", "test.Back"}, Edge{"back", "front", "test.Front"}), Options{})
		s.says(t, "Front/Echo", "text", "text")
		s.says(t, "Front/Echo", strings.Repeat("x", 1<<20), strings.Repeat("x", 1<<20))
		s.ends(t, t.Context(), "Front/Echo", "refuse 7", codes.PermissionDenied, "refused")
		// The guest waits for the call that comes back to it: by another instance.
		s.says(t, "Front/Echo", "call /test.Front/Echo text", "text")
	})
	t.Run("native to guest", func(t *testing.T) {
		s := serve(t, newMixedApp(t, guests{{nativeFront, nil}, {backSpec, echoGuest("back#echo", "back#act")}, {nativeFunction("flow", []string{"test.Flow"}), nil}},
			Edge{"front", "back", "test.Back"}, Edge{"front", "flow", "test.Flow"}, Edge{"front", "", "test.Deep"}), Options{})
		s.says(t, "Front/Echo", "call /test.Back/Echo text", "text")
		s.says(t, "Front/Echo", "stream /test.Flow/Both a b", `["a" "b"] [of flow] [of flow]`)
	})
	t.Run("native to remote", func(t *testing.T) {
		a := serveAway(t)
		s := serve(t, pairNative(t), Options{Remote: []RemoteCalls{{Service: "test.Back", Address: a.address}, {Service: "test.Flow", Address: a.address}}})
		s.says(t, "Front/Echo", "call /test.Back/Echo text", "text")
		s.says(t, "Front/Echo", "routed "+a.address+" /test.Deep/Echo text", "text")
		s.ends(t, t.Context(), "Front/Echo", "call /test.Deep/Echo text", codes.Unavailable,
			"function front does not say what it dials for service test.Deep: say it with -remote front:test.Deep=ADDRESS")
	})
}

func TestNative_streams(t *testing.T) {
	s := serve(t, pairNative(t), Options{})
	for method, want := range map[string]string{"Up": `["a b c"]`, "Both": `["a" "b" "c"]`} {
		s.says(t, "Front/Echo", "stream /test.Flow/"+method+" a b c", want+` [of back] [of back]`)
	}
	s.says(t, "Front/Echo", "stream /test.Flow/Down a", `["a"] [of back] [of back]`)

	t.Run("from outside", func(t *testing.T) {
		cs, err := s.conn.NewStream(t.Context(), bidi, "/test.Flow/Both")
		if err != nil {
			t.Fatal(err)
		}
		for i := range 2000 {
			want := wrapperspb.String(fmt.Sprint("message ", i))
			got := new(wrapperspb.StringValue)
			if err := errors.Join(cs.SendMsg(want), cs.RecvMsg(got)); err != nil || got.Value != want.Value {
				t.Fatalf("%d: got %v, %v", i, got, err)
			}
		}
		_ = cs.CloseSend()
		if err := cs.RecvMsg(new(wrapperspb.StringValue)); !errors.Is(err, io.EOF) {
			t.Errorf("got %v", err)
		}
		header, err := cs.Header()
		if err != nil || !slices.Equal(header["header"], []string{"of front"}) || !slices.Equal(cs.Trailer()["trailer"], []string{"of front"}) {
			t.Errorf("got %v, %v, %v", header["header"], cs.Trailer()["trailer"], err)
		}
	})
	t.Run("that fails", func(t *testing.T) {
		cs, err := s.conn.NewStream(t.Context(), bidi, "/test.Flow/Both")
		if err != nil {
			t.Fatal(err)
		}
		if err := cs.SendMsg(wrapperspb.String("fail 5")); err != nil {
			t.Fatal(err)
		}
		if err := cs.RecvMsg(new(wrapperspb.StringValue)); status.Code(err) != codes.NotFound {
			t.Errorf("got %v", err)
		}
	})
	// The server sends for as long as somebody wants it.
	t.Run("that is given up", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cs, err := s.conn.NewStream(ctx, bidi, "/test.Flow/Both")
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(cs.SendMsg(wrapperspb.String("flood")), cs.RecvMsg(new(wrapperspb.BytesValue))); err != nil {
			t.Fatal(err)
		}
		cancel()
		eventually(t, "the stream goes on", func() bool {
			counts := s.Stats().Functions["front"]
			return !counts.InProgress()
		})
	})
}

// The host ends a call at its deadline, whatever the isolate does.
func TestNative_deadline(t *testing.T) {
	s := serve(t, pairNative(t), Options{throughHost: true})
	for _, text := range []string{"hang", "call /test.Back/Echo hang"} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if code := s.code(ctx, "Front/Echo", text); code != codes.DeadlineExceeded {
			t.Errorf("%s: got %v", text, code)
		}
		cancel()
	}
	// Who looks at it hears that a call was given up.
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan codes.Code)
	go func() { done <- s.code(ctx, "Front/Echo", "call /test.Back/Echo wait") }()
	eventually(t, "the call does not arrive", func() bool { return s.Stats().Functions["back"].Serving == 1 })
	cancel()
	if code := <-done; code != codes.Canceled {
		t.Errorf("got %v", code)
	}
	eventually(t, "the call goes on", func() bool { return s.Stats().Functions["back"].Serving == 0 })
}

func TestNative_recursion(t *testing.T) {
	s := serve(t, newMixedApp(t, guests{{nativeFunction("front", []string{"test.Front"}, "test.Front"), nil}}, Edge{"front", "front", "test.Front"}), Options{})
	s.ends(t, t.Context(), "Front/Echo", "recurse /test.Front/Echo", codes.ResourceExhausted, "calls between functions nest deeper than 64")
}

// A process that ends takes its calls along, and is replaced; other calls hear nothing of it.
func TestNative_replaced(t *testing.T) {
	s := serve(t, pairNative(t), Options{throughHost: true})
	waiting := make(chan codes.Code)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { waiting <- s.code(ctx, "Front/Echo", "wait") }()
	eventually(t, "the call does not arrive", func() bool { return s.Stats().Functions["front"].Serving == 1 })
	hanging := make(chan error)
	go func() {
		_, err := s.call(t.Context(), "Front/Echo", []byte("call /test.Back/Echo hang"))
		hanging <- err
	}()
	eventually(t, "the call does not arrive", func() bool { return s.Stats().Functions["back"].Serving == 1 })
	s.ends(t, t.Context(), "Front/Echo", "call /test.Back/Echo exit 3", codes.Unavailable, "error reading from server: EOF")
	if st := status.Convert(<-hanging); st.Code() != codes.Unavailable || st.Message() != "error reading from server: EOF" {
		t.Errorf("got %v", st)
	}
	s.says(t, "Front/Echo", "call /test.Back/Echo count", "1")
	s.says(t, "Front/Echo", "call /test.Back/Echo count", "2")
	// Who ends so often is given a pause, for which only those wait who want to. It is the longer, the more often it was over too soon here.
	for tries := 0; ; tries++ {
		s.ends(t, t.Context(), "Front/Echo", "call /test.Back/Echo exit 3", codes.Unavailable, "error reading from server: EOF")
		_, err := s.call(t.Context(), "Front/Echo", []byte("call /test.Back/Echo text"))
		if err == nil && tries < 6 {
			continue
		}
		want := "function back: guest exited with code 3; it is going to be started again"
		if st := status.Convert(err); st.Code() != codes.Unavailable || st.Message() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		break
	}
	n := s.functions["back"].native
	_, st := n.invoke(t.Context(), s.functions["back"].exports[0].method, nil, &callContext{waitsForReady: true})
	if st != nil {
		t.Errorf("got %v", st)
	}
	cancel()
	if code := <-waiting; code != codes.Canceled {
		t.Errorf("got %v", code)
	}
}

func TestNative_processes(t *testing.T) {
	s := serve(t, aloneNative(t), Options{Processes: 1, ProcessesOf: map[string]int{"alone": 3}})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan codes.Code)
	for n := range 3 { // one after the other: calls that come at once may see the same counts
		go func() { done <- s.code(ctx, "Front/Echo", "wait") }()
		eventually(t, "the call does not arrive", func() bool { return s.Stats().Functions["alone"].Serving == n+1 })
	}
	if n := s.Stats().Functions["alone"].Instances; n != 3 {
		t.Errorf("got %d processes", n)
	}
	for _, iso := range s.functions["alone"].native.isolates() {
		if n := iso.serves.Load(); n != 1 {
			t.Errorf("a process serves %d of three calls", n)
		}
	}
	cancel()
	for range 3 {
		<-done
	}
}

// Functions that call each other do so without the host, also after either has been replaced.
func TestNative_direct(t *testing.T) {
	s := serve(t, pairNative(t), Options{})
	s.says(t, "Front/Echo", "call /test.Back/Echo call /test.Front/Echo text", "text")
	s.says(t, "Front/Echo", "stream /test.Flow/Both a b", `["a" "b"] [of back] [of back]`)
	for n, end := range []string{"call /test.Back/Echo exit 1", "exit 1", "call /test.Back/Echo exit 1"} {
		before := s.functions["back"].native.isolates()[0]
		eventually(t, "calls go through the host", func() bool {
			got, err := s.call(t.Context(), "Front/Echo", []byte("call /test.Back/Echo direct"))
			return err == nil && string(got) != "0"
		})
		s.ends(t, t.Context(), "Front/Echo", end, codes.Unavailable, "error reading from server: EOF")
		if n != 1 {
			<-before.removed
		}
		for _, name := range []string{"front", "back"} {
			i, st := s.functions[name].native.acquire(t.Context(), true)
			if st != nil {
				t.Fatal(st)
			}
			i.serves.Add(-1)
		}
	}
	t.Run("not with several processes", func(t *testing.T) {
		s := serve(t, pairNative(t), Options{ProcessesOf: map[string]int{"back": 2}})
		s.says(t, "Front/Echo", "call /test.Back/Echo direct", "0")
	})
}

// A process may serve at several addresses, of which any may be the first: all lead to it.
func TestNative_addresses(t *testing.T) {
	s := serve(t, aloneNative(t), Options{})
	f := s.functions["alone"]
	f.ready("tcp", "127.0.0.1:5678")
	f.ready("tcp", ":1234")
	if network, address := s.Address(); network != "tcp" || address != ":1234" || len(f.addresses) != 2 {
		t.Errorf("got %s %s first, of %v", network, address, f.addresses)
	}
	for dialled, want := range map[string]bool{"localhost:1234": true, "127.0.0.1:5678": true, "127.0.0.1:5679": false} {
		if got := s.reached(target{dialled: dialled, canonical: "dns:///" + dialled}); got != want {
			t.Errorf("%s: got %t", dialled, got)
		}
	}
}
