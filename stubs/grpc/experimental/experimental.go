// Package experimental stands in for google.golang.org/grpc/experimental in a guest: options that may change.
package experimental

import (
	"github.com/cofaas/cofaas/stubs/grpc"
	"github.com/cofaas/cofaas/stubs/grpc/internal"
	"github.com/cofaas/cofaas/stubs/grpc/mem"
)

// SetDefaultBufferPool sets what mem.DefaultBufferPool returns. Call it from init only.
func SetDefaultBufferPool(bufferPool mem.BufferPool) { internal.DefaultBufferPool = bufferPool }

// WithBufferPool sets the pool of a connection's buffers. Inert in a guest: a local call is a copy.
func WithBufferPool(bufferPool mem.BufferPool) grpc.DialOption { return grpc.EmptyDialOption{} }

// BufferPool sets the pool of a server's buffers. Inert in a guest: a local call is a copy.
func BufferPool(bufferPool mem.BufferPool) grpc.ServerOption { return grpc.EmptyServerOption{} }

// AcceptCompressors sets how the reply may be compressed. Inert in a guest: a local call is a copy. The compressors need not
// be registered.
func AcceptCompressors(names ...string) grpc.CallOption { return grpc.EmptyCallOption{} }
