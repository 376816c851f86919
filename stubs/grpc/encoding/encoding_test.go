package encoding_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	realencoding "google.golang.org/grpc/encoding"
	realgzip "google.golang.org/grpc/encoding/gzip"
	realproto "google.golang.org/grpc/encoding/proto"
	realmem "google.golang.org/grpc/mem"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/cofaas/cofaas/stubs/grpc/encoding"
	"github.com/cofaas/cofaas/stubs/grpc/encoding/gzip"
	"github.com/cofaas/cofaas/stubs/grpc/encoding/proto"
	"github.com/cofaas/cofaas/stubs/grpc/mem"
)

// named is a Codec of either implementation.
type named string

func (named) Marshal(any) ([]byte, error) { return nil, nil }
func (named) Unmarshal([]byte, any) error { return nil }
func (n named) Name() string              { return string(n) }

// stubNamed and realNamed are each a CodecV2.
type stubNamed string

func (stubNamed) Marshal(any) (mem.BufferSlice, error) { return nil, nil }
func (stubNamed) Unmarshal(mem.BufferSlice, any) error { return nil }
func (n stubNamed) Name() string                       { return string(n) }

type realNamed string

func (realNamed) Marshal(any) (realmem.BufferSlice, error) { return nil, nil }
func (realNamed) Unmarshal(realmem.BufferSlice, any) error { return nil }
func (n realNamed) Name() string                           { return string(n) }

func panics(f func()) (p any) {
	defer func() { p = recover() }()
	f()
	return nil
}

func TestCodecs(t *testing.T) {
	realencoding.RegisterCodec(named("Mixed"))
	encoding.RegisterCodec(named("Mixed"))
	realencoding.RegisterCodecV2(realNamed("Both"))
	encoding.RegisterCodecV2(stubNamed("Both"))
	for _, name := range []string{"mixed", "Mixed", "both", "proto", "none", ""} {
		want := fmt.Sprint(realencoding.GetCodec(name) == nil, realencoding.GetCodecV2(name) == nil)
		got := fmt.Sprint(encoding.GetCodec(name) == nil, encoding.GetCodecV2(name) == nil)
		if got != want {
			t.Errorf("%q: got %s, grpc-go %s", name, got, want)
		}
	}
	for _, c := range []struct{ real, stub func() }{
		{func() { realencoding.RegisterCodec(nil) }, func() { encoding.RegisterCodec(nil) }},
		{func() { realencoding.RegisterCodec(named("")) }, func() { encoding.RegisterCodec(named("")) }},
		{func() { realencoding.RegisterCodecV2(nil) }, func() { encoding.RegisterCodecV2(nil) }},
		{func() { realencoding.RegisterCodecV2(realNamed("")) }, func() { encoding.RegisterCodecV2(stubNamed("")) }},
	} {
		if got, want := panics(c.stub), panics(c.real); got != want || got == nil {
			t.Errorf("got %v, grpc-go %v", got, want)
		}
	}
}

func TestProto(t *testing.T) {
	for _, v := range []any{wrapperspb.String("text"), wrapperspb.String(strings.Repeat("x", 5000)), wrapperspb.String(""), "no message", nil} {
		want, wantErr := realencoding.GetCodecV2(realproto.Name).Marshal(v)
		got, gotErr := encoding.GetCodecV2(proto.Name).Marshal(v)
		if fmt.Sprint(gotErr) != fmt.Sprint(wantErr) || !bytes.Equal(got.Materialize(), want.Materialize()) {
			t.Errorf("got %q, %v, grpc-go %q, %v", got.Materialize(), gotErr, want.Materialize(), wantErr)
		}
	}
	for _, data := range []string{"\n\x04text", "", "\n\x04tex"} {
		want, got := new(wrapperspb.StringValue), new(wrapperspb.StringValue)
		wantErr := realencoding.GetCodecV2(realproto.Name).Unmarshal(realmem.BufferSlice{realmem.SliceBuffer(data)}, want)
		gotErr := encoding.GetCodecV2(proto.Name).Unmarshal(mem.BufferSlice{mem.SliceBuffer(data)}, got)
		if (gotErr == nil) != (wantErr == nil) || got.GetValue() != want.GetValue() {
			t.Errorf("%q: got %v, %v, grpc-go %v, %v", data, got, gotErr, want, wantErr)
		}
	}
	want := realencoding.GetCodecV2(realproto.Name).Unmarshal(nil, 1)
	got := encoding.GetCodecV2(proto.Name).Unmarshal(nil, 1)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, grpc-go %v", got, want)
	}
}

// Each side reads what the other writes, again and again, since both keep what they use.
func TestGzip(t *testing.T) {
	for _, level := range []int{-3, -2, -1, 0, 1, 9, 10} {
		got, want := gzip.SetLevel(level), realgzip.SetLevel(level)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("level %d: got %v, grpc-go %v", level, got, want)
		}
	}
	stub, real := encoding.GetCompressor(gzip.Name), realencoding.GetCompressor(realgzip.Name)
	if stub == nil || stub.Name() != real.Name() || encoding.GetCompressor("none") != nil {
		t.Fatalf("registered: %v", stub)
	}
	text := strings.Repeat("compressible ", 1000)
	type compressor interface {
		Compress(io.Writer) (io.WriteCloser, error)
		Decompress(io.Reader) (io.Reader, error)
	}
	for range 3 {
		for _, way := range [][2]compressor{{stub, real}, {real, stub}, {stub, stub}} {
			var b bytes.Buffer
			w, err := way[0].Compress(&b)
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(w, text)
			if err := w.Close(); err != nil || b.Len() > len(text)/10 {
				t.Errorf("%d bytes, %v", b.Len(), err)
			}
			r, err := way[1].Decompress(&b)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(r); err != nil || string(got) != text {
				t.Errorf("read %d bytes, %v", len(got), err)
			}
			r.(io.Closer).Close()
		}
		_, want := real.Decompress(strings.NewReader("no gzip at all"))
		_, got := stub.Decompress(strings.NewReader("no gzip at all"))
		if got != want {
			t.Errorf("got %v, grpc-go %v", got, want)
		}
	}
}
