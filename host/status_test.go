package host

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	"github.com/cofaas/cofaas/host/engine"
	"github.com/cofaas/cofaas/host/internal/link"
	"github.com/cofaas/cofaas/host/internal/transcode"
)

func TestCallError(t *testing.T) {
	trap := &engine.TrapError{Cause: errors.New("unreachable\n\tat main.main")}
	for _, tt := range []struct {
		err  error
		code codes.Code
		want string
	}{
		{errStopped, codes.Unavailable, "the host is stopping"},
		{context.DeadlineExceeded, codes.DeadlineExceeded, "context deadline exceeded"},
		{context.Canceled, codes.Canceled, "context canceled"},
		{trap, codes.Internal, "function f: guest trapped: unreachable"},
		{&engine.ExitError{Code: 1}, codes.Unavailable, "function f: guest exited with code 1"},
		{&engine.ExitError{Code: 2}, codes.Unavailable, "function f: guest exited with code 2 (a Go panic, or os.Exit)"},
		{fmt.Errorf("main: %w", &engine.ExitError{Code: 1}), codes.Unavailable, "function f: guest exited with code 1"},
		{&link.TargetError{Cause: trap}, codes.Internal, "function f: guest trapped: unreachable"},
		{&link.LimitError{Limit: 5}, codes.ResourceExhausted, "grpc: message larger than max (5 bytes)"},
		{link.ErrUTF8, codes.Internal, "grpc: error while marshaling: string field contains invalid UTF-8"},
		{transcode.ErrUTF8, codes.Internal, "grpc: error while marshaling: string field contains invalid UTF-8"},
		{&transcode.RequiredError{Field: "p.M.f"}, codes.Internal, "grpc: error while marshaling: proto: required field p.M.f not set"},
		{transcode.ErrDepth, codes.Internal, "grpc: error while marshaling: proto: exceeded maximum recursion depth"},
		{&link.BadValueError{Problem: "bool is 2"}, codes.Internal, "function f: bool is 2"},
		{errors.New("no memory"), codes.Internal, "function f: no memory"},
	} {
		if got := callError("f", tt.err); got.Code() != tt.code || got.Message() != tt.want {
			t.Errorf("%v: got %v: %s, want %v: %s", tt.err, got.Code(), got.Message(), tt.code, tt.want)
		}
	}
}

// What grpc-go answers to a request that it cannot read, our host answers too.
func TestRequestError(t *testing.T) {
	s := serve(t, echoApp(t), Options{MaxInstances: 1})
	for _, tt := range []struct {
		err  error
		code codes.Code
		want string
	}{
		{transcode.ErrWire, codes.Internal, "grpc: failed to unmarshal the received message: proto: cannot parse invalid wire-format data"},
		{transcode.ErrUTF8, codes.Internal, "grpc: failed to unmarshal the received message: string field contains invalid UTF-8"},
		{transcode.ErrDepth, codes.Internal, "grpc: failed to unmarshal the received message: proto: exceeded maximum recursion depth"},
		{&transcode.RequiredError{Field: "p.M.f"}, codes.Internal, "grpc: failed to unmarshal the received message: proto: required field p.M.f not set"},
		{&link.LimitError{Limit: 5}, codes.ResourceExhausted, "grpc: message larger than max (5 bytes)"},
	} {
		if got := requestError(tt.err); got.Code() != tt.code || got.Message() != tt.want {
			t.Errorf("%v: got %v: %s, want %v: %s", tt.err, got.Code(), got.Message(), tt.code, tt.want)
		}
	}
	m := s.functions["alone"].exports[0]
	if _, st := m.invoke(t.Context(), []byte{0x0a}, new(callContext)); st.Message() != requestError(transcode.ErrWire).Message() {
		t.Errorf("got %v", st)
	}
	if n := s.instances(t)["alone"]; n != 1 {
		t.Errorf("a request that cannot be read cost an instance: %d are left", n)
	}
}

// A failed call with code OK is no status: grpc-go has none either.
func TestReadStatus_ok(t *testing.T) {
	w := newGuestModule(&wasm{}, methodCode{"front#echo", i32Const(resultAt)}, methodCode{"front#act", unreachable})
	w.words(resultAt, failed(0, 0, 0, 0, 0)...)
	s := serve(t, newApp(t, guests{{aloneSpec, w.binary()}}), Options{MaxInstances: 1})
	_, st := s.functions["alone"].exports[0].invoke(t.Context(), nil, new(callContext))
	if want := "function alone: a failed call has code OK"; st.Code() != codes.Internal || st.Message() != want {
		t.Errorf("got %v, want %s", st, want)
	}
}

func TestMetadata(t *testing.T) {
	md := metadata.MD{"b": {"1", "", "3"}, "a": {"x"}, "c-bin": {"\x00\xff"}, "": {"no key"}}
	encoded := encodeMeta(md)
	if !wholeMeta(encoded) {
		t.Error("what the host encodes is not whole")
	}
	got, trailer, err := parseMeta(encoded)
	if err != nil || trailer != nil {
		t.Fatalf("got trailer %v, %v", trailer, err)
	}
	if diff := cmp.Diff(md, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if encodeMeta(nil) != nil {
		t.Error("no metadata take memory")
	}
}

// Both sides of the check of a guest's metadata agree: what is whole can be parsed, and nothing else can.
func FuzzMetadata(f *testing.F) {
	f.Add(encodeMeta(metadata.MD{"key": {"value"}}))
	f.Add([]byte{})
	f.Add(make([]byte, 11))
	f.Add([]byte{1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 'k'})
	f.Fuzz(func(t *testing.T, b []byte) {
		header, trailer, err := parseMeta(b)
		if whole := wholeMeta(b); whole != (err == nil) {
			t.Fatalf("whole: %v, and parsing: %v", whole, err)
		}
		if err != nil && (header != nil || trailer != nil || !errors.Is(err, errMetadata)) {
			t.Fatalf("got %v, %v, %v", header, trailer, err)
		}
	})
}
