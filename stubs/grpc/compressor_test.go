package grpc_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	real "google.golang.org/grpc"

	"github.com/cofaas/cofaas/stubs/grpc"
	"github.com/cofaas/cofaas/stubs/grpc/encoding/gzip"
	"github.com/cofaas/cofaas/stubs/grpc/metadata"
)

func TestGZIP(t *testing.T) {
	for _, level := range []int{-2, -1, 0, 9, 10} {
		_, got := grpc.NewGZIPCompressorWithLevel(level)
		_, want := real.NewGZIPCompressorWithLevel(level)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("level %d: got %v, grpc-go %v", level, got, want)
		}
	}
	text := strings.Repeat("compressible ", 1000)
	var fromStub, fromReal bytes.Buffer
	if err := grpc.NewGZIPCompressor().Do(&fromStub, []byte(text)); err != nil || fromStub.Len() > len(text)/10 {
		t.Errorf("%d bytes, %v", fromStub.Len(), err)
	}
	if err := real.NewGZIPCompressor().Do(&fromReal, []byte(text)); err != nil {
		t.Fatal(err)
	}
	if got, err := real.NewGZIPDecompressor().Do(&fromStub); err != nil || string(got) != text {
		t.Errorf("grpc-go reads %d bytes, %v", len(got), err)
	}
	if got, err := grpc.NewGZIPDecompressor().Do(&fromReal); err != nil || string(got) != text {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
	_, got := grpc.NewGZIPDecompressor().Do(strings.NewReader("no gzip"))
	_, want := real.NewGZIPDecompressor().Do(strings.NewReader("no gzip"))
	if fmt.Sprint(got) != fmt.Sprint(want) || grpc.NewGZIPCompressor().Type() != real.NewGZIPCompressor().Type() || grpc.NewGZIPDecompressor().Type() != gzip.Name {
		t.Errorf("got %v, grpc-go %v", got, want)
	}
}

// handlerStream is what a handler's context has.
type handlerStream struct{ grpc.ServerTransportStream }

func TestSetSendCompressor(t *testing.T) {
	got, want := grpc.SetSendCompressor(t.Context(), gzip.Name), real.SetSendCompressor(t.Context(), "gzip")
	if got.Error() != want.Error() {
		t.Errorf("got %v, grpc-go %v", got, want)
	}
	if _, err := grpc.ClientSupportedCompressors(t.Context()); err == nil {
		t.Error("a context without a call has compressors")
	}
	ctx := grpc.NewContextWithServerTransportStream(t.Context(), handlerStream{})
	advertised := metadata.NewIncomingContext(ctx, metadata.Pairs("grpc-accept-encoding", "gzip, br"))
	if names, err := grpc.ClientSupportedCompressors(advertised); fmt.Sprint(names, err) != "[gzip br] <nil>" {
		t.Errorf("got %q, %v", names, err)
	}
	other := metadata.NewIncomingContext(ctx, metadata.Pairs("grpc-accept-encoding", "br"))
	for _, err := range []error{
		grpc.SetSendCompressor(ctx, gzip.Name), grpc.SetSendCompressor(advertised, gzip.Name), grpc.SetSendCompressor(other, "identity"),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	// The texts are those of grpc-go's server, as TestMiddleware of test/e2e sees them.
	for want, err := range map[string]error{
		`unable to set send compressor: compressor not registered "br"`:            grpc.SetSendCompressor(advertised, "br"),
		`unable to set send compressor: client does not support compressor "gzip"`: grpc.SetSendCompressor(other, gzip.Name),
	} {
		if fmt.Sprint(err) != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
