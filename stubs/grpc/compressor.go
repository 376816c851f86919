package grpc

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/cofaas/cofaas/stubs/grpc/encoding"
	"github.com/cofaas/cofaas/stubs/grpc/metadata"
)

// SetSendCompressor sets the compressor of the reply. ctx is the context of the handler. It fails where grpc-go does: for a
// compressor that is not registered, or that the client does not support. Otherwise it is inert in a guest: the host compresses.
func SetSendCompressor(ctx context.Context, name string) error {
	if ServerTransportStreamFromContext(ctx) == nil {
		return errors.New("failed to fetch the stream from the given context")
	}
	if name == encoding.Identity {
		return nil
	}
	if encoding.GetCompressor(name) == nil {
		return fmt.Errorf("unable to set send compressor: compressor not registered %q", name)
	}
	// A client in the same host advertises nothing, and any compressor is as good for it.
	if supported := acceptEncoding(ctx); supported != nil && !slices.Contains(supported, name) {
		return fmt.Errorf("unable to set send compressor: client does not support compressor %q", name)
	}
	return nil
}

// ClientSupportedCompressors returns the compressors that the client advertises. ctx is the context of the handler. A client in
// the same host advertises none.
func ClientSupportedCompressors(ctx context.Context) ([]string, error) {
	if ServerTransportStreamFromContext(ctx) == nil {
		return nil, fmt.Errorf("failed to fetch the stream from the given context %v", ctx)
	}
	return acceptEncoding(ctx), nil
}

func acceptEncoding(ctx context.Context) []string {
	var names []string
	for _, v := range metadata.ValueFromIncomingContext(ctx, "grpc-accept-encoding") {
		for name := range strings.SplitSeq(v, ",") {
			names = append(names, strings.TrimSpace(name))
		}
	}
	return names
}

// NewGZIPCompressor returns a compressor for gzip.
//
// Deprecated: use package encoding/gzip.
func NewGZIPCompressor() Compressor { return gzipCompressor{gzip.DefaultCompression} }

// NewGZIPCompressorWithLevel returns a compressor for gzip with a level from gzip.DefaultCompression to gzip.BestCompression.
//
// Deprecated: use package encoding/gzip.
func NewGZIPCompressorWithLevel(level int) (Compressor, error) {
	if level < gzip.DefaultCompression || level > gzip.BestCompression {
		return nil, fmt.Errorf("grpc: invalid compression level: %d", level)
	}
	return gzipCompressor{level}, nil
}

type gzipCompressor struct{ level int }

func (gzipCompressor) Type() string { return "gzip" }

func (c gzipCompressor) Do(w io.Writer, p []byte) error {
	z, err := gzip.NewWriterLevel(w, c.level)
	if err != nil {
		return err
	}
	if _, err := z.Write(p); err != nil {
		return err
	}
	return z.Close()
}

// NewGZIPDecompressor returns a decompressor for gzip.
//
// Deprecated: use package encoding/gzip.
func NewGZIPDecompressor() Decompressor { return gzipDecompressor{} }

type gzipDecompressor struct{}

func (gzipDecompressor) Type() string { return "gzip" }

func (gzipDecompressor) Do(r io.Reader) ([]byte, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}
