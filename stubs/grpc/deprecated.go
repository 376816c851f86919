package grpc

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/cofaas/cofaas/stubs/grpc/backoff"
	"github.com/cofaas/cofaas/stubs/grpc/codes"
	"github.com/cofaas/cofaas/stubs/grpc/status"
)

// This file has what old applications and old generated code use, and types that only inert options take.

// Invoke is cc.Invoke.
//
// Deprecated: use [ClientConn.Invoke].
func Invoke(ctx context.Context, method string, args, reply any, cc *ClientConn, opts ...CallOption) error {
	return cc.Invoke(ctx, method, args, reply, opts...)
}

// Code returns the code of an error.
//
// Deprecated: use status.Code.
func Code(err error) codes.Code { return status.Code(err) }

// ErrorDesc returns the message of an error.
//
// Deprecated: use status.Convert.
func ErrorDesc(err error) string { return status.Convert(err).Message() }

// Errorf returns an error with a code.
//
// Deprecated: use status.Errorf.
func Errorf(c codes.Code, format string, a ...any) error { return status.Errorf(c, format, a...) }

var (
	// ErrClientConnClosing is returned for calls on a closed connection.
	//
	// Deprecated: check for [codes.Canceled].
	ErrClientConnClosing = status.Error(codes.Canceled, "grpc: the client connection is closing")

	// ErrClientConnTimeout is never returned.
	//
	// Deprecated: never returned.
	ErrClientConnTimeout = errors.New("grpc: timed out when dialing")
)

// EnableTracing is inert in a guest: there is nobody to show traces to.
var EnableTracing bool

// ConnectParams says how connections are established. Inert in a guest.
type ConnectParams struct {
	Backoff           backoff.Config
	MinConnectTimeout time.Duration
}

// BackoffConfig says how the time between attempts to connect grows. Inert in a guest.
//
// Deprecated: use [ConnectParams].
type BackoffConfig struct {
	MaxDelay time.Duration
}

// DefaultBackoffConfig has the default.
//
// Deprecated: use [ConnectParams].
var DefaultBackoffConfig = BackoffConfig{MaxDelay: 120 * time.Second}

// Codec encodes and decodes messages.
//
// Deprecated: use encoding.Codec.
type Codec interface {
	Marshal(v any) ([]byte, error)
	Unmarshal(data []byte, v any) error
	String() string
}

// Compressor compresses messages.
//
// Deprecated: use encoding.Compressor.
type Compressor interface {
	Do(w io.Writer, p []byte) error
	Type() string
}

// Decompressor decompresses messages.
//
// Deprecated: use encoding.Compressor.
type Decompressor interface {
	Do(r io.Reader) ([]byte, error)
	Type() string
}
