package host

import (
	"context"
	"encoding/binary"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// What travels beside messages, from and to guests that know no more of it than the layout of the control block.

// listAt is where the guests here have the host store a list<u8>.
const listAt = 640

// controlGuest is a guest with a control block of these words, and bytes from dataAt on, to which methods are to be added.
func controlGuest(w *wasm, control []uint32, data []byte, methods ...methodCode) []byte {
	newGuestModule(w, methods...)
	w.function(controlExport, i32s(0, 1), 0, i32Const(controlAt))
	w.words(controlAt, control...)
	w.bytes(dataAt, data)
	return w.binary()
}

// returnMetadata answers with the metadata of the call, as the host encodes them.
func returnMetadata(imported uint32) code {
	return seq(i32Const(listAt), call(imported), returnBlob(seq(i32Const(listAt), load(0)), seq(i32Const(listAt), load(4))))
}

// returnControl answers with the control block as it is when the call comes in.
func returnControl() code { return returnBlob(i32Const(controlAt), i32Const(controlSize)) }

func TestFront_metadata(t *testing.T) {
	w := &wasm{}
	imported := w.imported(runtimeInterface, "metadata", i32s(1, 0))
	code := controlGuest(w, []uint32{0, 0}, nil, methodCode{"front#echo", returnMetadata(imported)}, methodCode{"front#act", unreachable})
	s := serve(t, newApp(t, guests{{aloneSpec, code}}), Options{})
	ctx := metadata.AppendToOutgoingContext(t.Context(), "many", "first", "many", "", "raw-bin", "\x00\xff")
	for range 2 {
		encoded, err := s.call(ctx, "Front/Echo", nil)
		if err != nil {
			t.Fatal(err)
		}
		got, trailer, err := parseMeta(encoded)
		if err != nil || trailer != nil {
			t.Fatalf("got trailer %v, %v", trailer, err)
		}
		for key, want := range map[string][]string{"many": {"first", ""}, "raw-bin": {"\x00\xff"}, "content-type": {"application/grpc"}} {
			if diff := cmp.Diff(want, got[key]); diff != "" {
				t.Errorf("%s (-want +got):\n%s", key, diff)
			}
		}
	}
}

func TestFront_replyMetadata(t *testing.T) {
	header, trailer := metadata.MD{"h": {"1", "2"}, "h-bin": {"\x00\xff"}}, metadata.MD{"t": {"3"}}
	meta := encodeMeta(header)
	start := len(meta)
	meta = append(meta, encodeMeta(trailer)...)
	binary.LittleEndian.PutUint32(meta[start+8:], metaTrailer)
	code := func(result []uint32) []byte {
		w := &wasm{}
		w.words(resultAt, result...)
		return controlGuest(w, replyMeta(dataAt, uint32(len(meta))), meta,
			methodCode{"front#echo", i32Const(resultAt)}, methodCode{"front#act", unreachable})
	}
	for name, tt := range map[string]struct {
		result []uint32
		want   codes.Code
	}{
		"reply":  {[]uint32{0, 0, 0, 0, 0}, codes.OK},
		"status": {failed(uint32(codes.NotFound), 0, 0, 0, 0), codes.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, newApp(t, guests{{aloneSpec, code(tt.result)}}), Options{MaxInstances: 1})
			var gotHeader, gotTrailer metadata.MD
			_, err := s.call(t.Context(), "Front/Echo", nil, grpc.Header(&gotHeader), grpc.Trailer(&gotTrailer))
			if status.Code(err) != tt.want {
				t.Fatalf("got %v", err)
			}
			for key, want := range header {
				if diff := cmp.Diff(want, gotHeader[key]); diff != "" {
					t.Errorf("header %s (-want +got):\n%s", key, diff)
				}
			}
			if diff := cmp.Diff(trailer["t"], gotTrailer["t"]); diff != "" {
				t.Errorf("trailer (-want +got):\n%s", diff)
			}
			// The host has reset the place: the next call has none.
			if _, err := s.call(t.Context(), "Front/Echo", nil, grpc.Trailer(&gotTrailer)); status.Code(err) != tt.want || gotTrailer["t"] != nil {
				t.Errorf("got trailer %v, %v", gotTrailer, err)
			}
		})
	}
}

func TestFront_deadline(t *testing.T) {
	code := controlGuest(&wasm{}, []uint32{0, 0}, nil, methodCode{"front#echo", returnControl()}, methodCode{"front#act", unreachable})
	s := serve(t, newApp(t, guests{{aloneSpec, code}}), Options{})
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	got, err := s.call(ctx, "Front/Echo", nil)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := ctx.Deadline()
	// The deadline travels as a timeout.
	if d := time.Unix(0, controlBlock(got).i64(controlInDeadline)).Sub(want).Abs(); d > time.Minute {
		t.Errorf("the deadline is off by %v", d)
	}
	if flags := controlBlock(got).u32(controlInFlags); flags != inHasMetadata {
		t.Errorf("got flags %b", flags)
	}
	if got, err = s.call(t.Context(), "Front/Echo", nil); err != nil || controlBlock(got).i64(controlInDeadline) != 0 {
		t.Errorf("got deadline %d, %v, want none", controlBlock(got).i64(controlInDeadline), err)
	}
}

// contextApp is a caller, which answers with what its call of a callee leaves in its own control block or with the callee's
// reply, and that callee.
func contextApp(t *testing.T, control []uint32, data []byte, answer code, callee []byte) *App {
	w := &wasm{}
	echo := w.imported("proto:test/back", "echo", i32s(5, 0))
	w.imported("proto:test/back", "act", i32s(5, 0))
	code := controlGuest(w, control, data,
		methodCode{"front#echo", seq(relay(echo, echoResultAt), drop, answer)}, methodCode{"front#act", unreachable})
	return newApp(t, guests{{frontSpec, code}, {backSpec, callee}}, Edge{"front", "back", "test.Back"})
}

func TestEdge_metadata(t *testing.T) {
	md := metadata.MD{"key": {"one", "two"}}
	meta := encodeMeta(md)
	w := &wasm{}
	imported := w.imported(runtimeInterface, "metadata", i32s(1, 0))
	callee := newGuestModule(w, methodCode{"back#echo", returnMetadata(imported)}, methodCode{"back#act", unreachable}).binary()
	s := serve(t, contextApp(t, []uint32{0, 0, 0, 0, 0, 0, 0, 0, dataAt, uint32(len(meta)), 0, 0}, meta, i32Const(echoResultAt), callee), Options{MaxInstances: 1})
	got, err := s.call(t.Context(), "Front/Echo", nil)
	if err != nil {
		t.Fatal(err)
	}
	if parsed, _, err := parseMeta(got); err != nil || !cmp.Equal(parsed, md) {
		t.Errorf("got %v, %v", parsed, err)
	}
	// What the caller had set was for one call, and the callee's metadata were those of that call.
	if got, err := s.call(t.Context(), "Front/Echo", nil); err != nil || len(got) != 0 {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestEdge_replyMetadata(t *testing.T) {
	meta := encodeMeta(metadata.MD{"key": {"one", "two"}})
	callee := controlGuest(&wasm{}, replyMeta(dataAt, uint32(len(meta))), meta,
		methodCode{"back#echo", returnBlob(i32Const(0), i32Const(0))}, methodCode{"back#act", unreachable})
	left := returnBlob(seq(i32Const(controlAt), load(controlReplyMeta)), seq(i32Const(controlAt), load(controlReplyMeta+4)))
	for name, tt := range map[string]struct {
		flags uint32
		want  []byte
	}{"wanted": {outWantHeaders, meta}, "not wanted": {0, nil}} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, contextApp(t, []uint32{0, 0, 0, 0, 0, tt.flags}, nil, left, callee), Options{})
			got, err := s.call(t.Context(), "Front/Echo", nil)
			if err != nil || string(got) != string(tt.want) {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

func TestEdge_deadline(t *testing.T) {
	callee := controlGuest(&wasm{}, []uint32{0, 0}, nil, methodCode{"back#echo", returnControl()}, methodCode{"back#act", unreachable})
	app := func(deadline time.Time) *App {
		ns := uint64(deadline.UnixNano())
		return contextApp(t, []uint32{0, 0, 0, 0, 0, 0, uint32(ns), uint32(ns >> 32)}, nil, i32Const(echoResultAt), callee)
	}
	t.Run("to come", func(t *testing.T) {
		want := time.Now().Add(time.Hour)
		s := serve(t, app(want), Options{})
		got, err := s.call(t.Context(), "Front/Echo", nil)
		if err != nil || controlBlock(got).i64(controlInDeadline) != want.UnixNano() || controlBlock(got).u32(controlInFlags) != 0 {
			t.Errorf("got %x, %v", got, err)
		}
	})
	t.Run("passed", func(t *testing.T) {
		s := serve(t, app(time.Now().Add(-time.Second)), Options{MaxInstances: 1})
		_, err := s.call(t.Context(), "Front/Echo", nil)
		if got := status.Convert(err); got.Code() != codes.DeadlineExceeded || got.Message() != "context deadline exceeded" {
			t.Errorf("got %v", err)
		}
		if _, err := s.call(t.Context(), "Front/Echo", nil); err != nil {
			t.Errorf("the next call, without a deadline: %v", err)
		}
	})
}

// A call that waits for an instance ends with its deadline.
func TestFront_waiting(t *testing.T) {
	s := serve(t, echoApp(t), Options{MaxInstances: 1})
	p := s.functions["alone"].pool
	busy, err := p.get(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := s.call(ctx, "Front/Echo", nil); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("got %v, want DeadlineExceeded", err)
	}
	p.put(busy)
	s.checkEcho(t, "Front/Echo")
	if n := p.size(); n != 1 {
		t.Errorf("got %d instances", n)
	}
}

// A status with everything that it can have, from the guest itself and by way of another.
func TestStatus(t *testing.T) {
	detail := wrapperspb.String("more")
	want, err := status.New(codes.FailedPrecondition, "not now ✗").WithDetails(detail)
	if err != nil {
		t.Fatal(err)
	}
	packed := want.Proto().Details[0]
	data := append(append([]byte(want.Message()), packed.TypeUrl...), packed.Value...)
	n, url, value := uint32(len(want.Message())), uint32(len(packed.TypeUrl)), uint32(len(packed.Value))
	code := func(iface string) []byte {
		w := newGuestModule(&wasm{}, methodCode{iface + "#echo", i32Const(resultAt)}, methodCode{iface + "#act", unreachable})
		w.words(resultAt, failed(uint32(want.Code()), dataAt, n, listAt, 1)...)
		w.words(listAt, dataAt+n, url, dataAt+n+url, value)
		w.bytes(dataAt, data)
		return w.binary()
	}
	for name, app := range map[string]*App{
		"alone":        newApp(t, guests{{aloneSpec, code("front")}}),
		"with an edge": newApp(t, guests{{frontSpec, relayGuest()}, {backSpec, code("back")}}, Edge{"front", "back", "test.Back"}),
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, app, Options{MaxInstances: 1})
			for range 2 {
				_, err := s.call(t.Context(), "Front/Echo", nil)
				if diff := cmp.Diff(want.Proto().String(), status.Convert(err).Proto().String()); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		})
	}
}
