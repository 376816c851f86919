package grpc

import (
	"time"

	"github.com/cofaas/cofaas/stubs/grpc/credentials"
	"github.com/cofaas/cofaas/stubs/grpc/encoding"
	"github.com/cofaas/cofaas/stubs/grpc/keepalive"
	"github.com/cofaas/cofaas/stubs/grpc/stats"
)

// ServerOption configures a [Server].
type ServerOption interface {
	apply(*serverOptions)
}

// EmptyServerOption does nothing. Embed it to make options of your own.
type EmptyServerOption struct{}

func (EmptyServerOption) apply(*serverOptions) {}

type serverOption func(*serverOptions)

func (f serverOption) apply(o *serverOptions) { f(o) }

// inertServer is an option that has no effect in a guest. It is not a function, so that it is seen to do nothing.
type inertServer struct{ EmptyServerOption }

type serverOptions struct {
	unaryInt  UnaryServerInterceptor
	unaryInts []UnaryServerInterceptor
	streamInt bool // set once; no stream is ever served
	stats     statsHandlers
}

// chain makes one interceptor of all, that of UnaryInterceptor first.
func (o *serverOptions) chain() {
	ints := o.unaryInts
	if o.unaryInt != nil {
		ints = append([]UnaryServerInterceptor{o.unaryInt}, ints...)
	}
	o.unaryInt = chainUnaryServer(ints)
}

// UnaryInterceptor sets the interceptor of unary calls. It panics when there is one; see [ChainUnaryInterceptor].
func UnaryInterceptor(i UnaryServerInterceptor) ServerOption {
	return serverOption(func(o *serverOptions) {
		if o.unaryInt != nil {
			panic("The unary server interceptor was already set and may not be reset.")
		}
		o.unaryInt = i
	})
}

// ChainUnaryInterceptor adds interceptors of unary calls. The first one is outermost, after that of [UnaryInterceptor].
func ChainUnaryInterceptor(interceptors ...UnaryServerInterceptor) ServerOption {
	return serverOption(func(o *serverOptions) { o.unaryInts = append(o.unaryInts, interceptors...) })
}

// StreamInterceptor sets the interceptor of streaming calls. It panics when there is one. Inert in a guest: no streaming
// call is served yet.
func StreamInterceptor(i StreamServerInterceptor) ServerOption {
	return serverOption(func(o *serverOptions) {
		if o.streamInt {
			panic("The stream server interceptor was already set and may not be reset.")
		}
		o.streamInt = i != nil
	})
}

// ChainStreamInterceptor adds interceptors of streaming calls. Inert in a guest: no streaming call is served yet.
func ChainStreamInterceptor(interceptors ...StreamServerInterceptor) ServerOption {
	return inertServer{}
}

// StatsHandler adds a stats handler.
func StatsHandler(h stats.Handler) ServerOption {
	if h == nil {
		logger.Error("ignoring nil parameter in grpc.StatsHandler ServerOption")
		return inertServer{}
	}
	return serverOption(func(o *serverOptions) { o.stats = append(o.stats, h) })
}

// Creds sets the transport credentials. Inert in a guest: the host terminates TLS.
func Creds(c credentials.TransportCredentials) ServerOption { return inertServer{} }

// KeepaliveParams sets how connections are probed and aged. Inert in a guest: connections are the host's.
func KeepaliveParams(kp keepalive.ServerParameters) ServerOption { return inertServer{} }

// KeepaliveEnforcementPolicy sets which pings are tolerated. Inert in a guest: connections are the host's.
func KeepaliveEnforcementPolicy(kep keepalive.EnforcementPolicy) ServerOption { return inertServer{} }

// MaxRecvMsgSize limits the size of requests. Inert in a guest: the host limits messages from the network, and local
// calls are bounded by memory.
func MaxRecvMsgSize(m int) ServerOption { return inertServer{} }

// MaxSendMsgSize limits the size of replies. Inert in a guest, as [MaxRecvMsgSize] is.
func MaxSendMsgSize(m int) ServerOption { return inertServer{} }

// MaxMsgSize is [MaxRecvMsgSize].
//
// Deprecated: use [MaxRecvMsgSize].
func MaxMsgSize(m int) ServerOption { return inertServer{} }

// MaxConcurrentStreams limits the calls per connection. Inert in a guest: an instance serves one call at a time, and the
// host decides on the number of instances.
func MaxConcurrentStreams(n uint32) ServerOption { return inertServer{} }

// NumStreamWorkers sets the number of goroutines that serve. Inert in a guest, as [MaxConcurrentStreams] is.
func NumStreamWorkers(numServerWorkers uint32) ServerOption { return inertServer{} }

// ConnectionTimeout limits the time for a new connection. Inert in a guest: connections are the host's.
func ConnectionTimeout(d time.Duration) ServerOption { return inertServer{} }

// WaitForHandlers makes Stop wait for handlers. Inert in a guest: the host lets calls finish before it stops a guest.
func WaitForHandlers(w bool) ServerOption { return inertServer{} }

// UnknownServiceHandler serves methods that are not registered. Inert in a guest: the host answers those, since it knows
// what a guest exports.
func UnknownServiceHandler(streamHandler StreamHandler) ServerOption { return inertServer{} }

// WriteBufferSize sets the size of a connection's buffer. Inert in a guest: connections are the host's. The same holds for
// all options below down to [HeaderTableSize].
func WriteBufferSize(s int) ServerOption { return inertServer{} }

// ReadBufferSize is inert in a guest, as [WriteBufferSize] is.
func ReadBufferSize(s int) ServerOption { return inertServer{} }

// SharedWriteBuffer is inert in a guest, as [WriteBufferSize] is.
func SharedWriteBuffer(val bool) ServerOption { return inertServer{} }

// InitialWindowSize is inert in a guest, as [WriteBufferSize] is.
func InitialWindowSize(s int32) ServerOption { return inertServer{} }

// InitialConnWindowSize is inert in a guest, as [WriteBufferSize] is.
func InitialConnWindowSize(s int32) ServerOption { return inertServer{} }

// StaticStreamWindowSize is inert in a guest, as [WriteBufferSize] is.
func StaticStreamWindowSize(s int32) ServerOption { return inertServer{} }

// StaticConnWindowSize is inert in a guest, as [WriteBufferSize] is.
func StaticConnWindowSize(s int32) ServerOption { return inertServer{} }

// MaxHeaderListSizeServerOption is the type of [MaxHeaderListSize].
type MaxHeaderListSizeServerOption struct {
	EmptyServerOption
	MaxHeaderListSize uint32
}

// MaxHeaderListSize is inert in a guest, as [WriteBufferSize] is.
func MaxHeaderListSize(s uint32) ServerOption {
	return MaxHeaderListSizeServerOption{MaxHeaderListSize: s}
}

// HeaderTableSize is inert in a guest, as [WriteBufferSize] is.
func HeaderTableSize(s uint32) ServerOption { return inertServer{} }

// ForceServerCodec sets the codec. Inert in a guest: the host encodes and decodes, and as protobuf.
func ForceServerCodec(codec encoding.Codec) ServerOption { return inertServer{} }

// CustomCodec sets the codec. Inert in a guest, as [ForceServerCodec] is.
//
// Deprecated: register codecs with encoding.RegisterCodec.
func CustomCodec(codec Codec) ServerOption { return inertServer{} }

// RPCCompressor sets the compressor of replies. Inert in a guest: the host compresses.
//
// Deprecated: register compressors with encoding.RegisterCompressor.
func RPCCompressor(cp Compressor) ServerOption { return inertServer{} }

// RPCDecompressor sets the decompressor of requests. Inert in a guest: the host decompresses.
//
// Deprecated: register compressors with encoding.RegisterCompressor.
func RPCDecompressor(dc Decompressor) ServerOption { return inertServer{} }
