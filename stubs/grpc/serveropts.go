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
	unaryInt   UnaryServerInterceptor
	unaryInts  []UnaryServerInterceptor
	streamInt  StreamServerInterceptor
	streamInts []StreamServerInterceptor
	stats      statsHandlers

	hasCreds         bool
	maxRecv, maxSend int
	codec            messageCodec // nil for protobuf
}

// chain makes one interceptor of all of a kind, that of the single option first.
func (o *serverOptions) chain() {
	unary := o.unaryInts
	if o.unaryInt != nil {
		unary = append([]UnaryServerInterceptor{o.unaryInt}, unary...)
	}
	o.unaryInt = chainUnaryServer(unary)
	stream := o.streamInts
	if o.streamInt != nil {
		stream = append([]StreamServerInterceptor{o.streamInt}, stream...)
	}
	o.streamInt = chainStreamServer(stream)
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

// StreamInterceptor sets the interceptor of streaming calls. It panics when there is one; see [ChainStreamInterceptor].
func StreamInterceptor(i StreamServerInterceptor) ServerOption {
	return serverOption(func(o *serverOptions) {
		if o.streamInt != nil {
			panic("The stream server interceptor was already set and may not be reset.")
		}
		o.streamInt = i
	})
}

// ChainStreamInterceptor adds interceptors of streaming calls. The first one is outermost, after that of [StreamInterceptor].
func ChainStreamInterceptor(interceptors ...StreamServerInterceptor) ServerOption {
	return serverOption(func(o *serverOptions) { o.streamInts = append(o.streamInts, interceptors...) })
}

// StatsHandler adds a stats handler.
func StatsHandler(h stats.Handler) ServerOption {
	if h == nil {
		logger.Error("ignoring nil parameter in grpc.StatsHandler ServerOption")
		return inertServer{}
	}
	return serverOption(func(o *serverOptions) { o.stats = append(o.stats, h) })
}

// Creds sets the transport credentials. In a guest, where the host terminates TLS, peers get authentication information by it: that of
// insecure credentials.
func Creds(c credentials.TransportCredentials) ServerOption {
	return serverOption(func(o *serverOptions) { o.hasCreds = c != nil })
}

// KeepaliveParams sets how connections are probed and aged. Inert in a guest: connections are the host's.
func KeepaliveParams(kp keepalive.ServerParameters) ServerOption { return inertServer{} }

// KeepaliveEnforcementPolicy sets which pings are tolerated. Inert in a guest: connections are the host's.
func KeepaliveEnforcementPolicy(kep keepalive.EnforcementPolicy) ServerOption { return inertServer{} }

// MaxRecvMsgSize limits the size of what is received, as it is on the wire. The default is 4 MiB.
func MaxRecvMsgSize(m int) ServerOption {
	return serverOption(func(o *serverOptions) { o.maxRecv = m })
}

// MaxSendMsgSize limits the size of what is sent, as it is on the wire. In a guest limits of 4 MiB and more are inert.
func MaxSendMsgSize(m int) ServerOption {
	return serverOption(func(o *serverOptions) { o.maxSend = m })
}

// MaxMsgSize is [MaxRecvMsgSize].
//
// Deprecated: use [MaxRecvMsgSize].
func MaxMsgSize(m int) ServerOption { return MaxRecvMsgSize(m) }

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
	MaxHeaderListSize uint32
}

func (MaxHeaderListSizeServerOption) apply(*serverOptions) {}

// MaxHeaderListSize is inert in a guest, as [WriteBufferSize] is.
func MaxHeaderListSize(s uint32) ServerOption {
	return MaxHeaderListSizeServerOption{MaxHeaderListSize: s}
}

// HeaderTableSize is inert in a guest, as [WriteBufferSize] is.
func HeaderTableSize(s uint32) ServerOption { return inertServer{} }

// ForceServerCodec sets the codec. In a guest, where a local call is not encoded, messages are turned into bytes and back before and
// after it. Of a call from outside of the host it decodes the bytes unless the content-type is that of protobuf.
func ForceServerCodec(codec encoding.Codec) ServerOption {
	return serverOption(func(o *serverOptions) { o.codec = codec })
}

// CustomCodec sets the codec, as [ForceServerCodec] does.
//
// Deprecated: register codecs with encoding.RegisterCodec.
func CustomCodec(codec Codec) ServerOption {
	return serverOption(func(o *serverOptions) { o.codec = codec })
}

// RPCCompressor sets the compressor of replies. Inert in a guest: the host compresses.
//
// Deprecated: register compressors with encoding.RegisterCompressor.
func RPCCompressor(cp Compressor) ServerOption { return inertServer{} }

// RPCDecompressor sets the decompressor of requests. Inert in a guest: the host decompresses.
//
// Deprecated: register compressors with encoding.RegisterCompressor.
func RPCDecompressor(dc Decompressor) ServerOption { return inertServer{} }
