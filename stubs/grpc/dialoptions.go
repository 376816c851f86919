package grpc

import (
	"context"
	"net"
	"time"

	"github.com/cofaas/cofaas/stubs/grpc/channelz"
	"github.com/cofaas/cofaas/stubs/grpc/credentials"
	"github.com/cofaas/cofaas/stubs/grpc/credentials/insecure"
	"github.com/cofaas/cofaas/stubs/grpc/keepalive"
	"github.com/cofaas/cofaas/stubs/grpc/resolver"
	"github.com/cofaas/cofaas/stubs/grpc/stats"
)

// DialOption configures a [ClientConn].
type DialOption interface {
	apply(*dialOptions)
}

// EmptyDialOption does nothing. Embed it to make options of your own.
type EmptyDialOption struct{}

func (EmptyDialOption) apply(*dialOptions) {}

type dialOption func(*dialOptions)

func (f dialOption) apply(o *dialOptions) { f(o) }

// inertDial is an option that has no effect in a guest. It is not a function, so that it is seen to do nothing.
type inertDial struct{ EmptyDialOption }

type dialOptions struct {
	unaryInt    UnaryClientInterceptor
	unaryInts   []UnaryClientInterceptor
	streamInt   StreamClientInterceptor
	streamInts  []StreamClientInterceptor
	stats       statsHandlers
	callOptions []CallOption
	creds       credentials.TransportCredentials
	bundle      credentials.Bundle
	perRPCCreds []credentials.PerRPCCredentials
	authority   string
	userAgent   string
	config      string // the default service config
	readConfig  func(string) (*clientConfig, error)
	noRetry     bool
	maxAttempts int // 0 for the default
	ownDialer   bool
	block       bool
	resolvers   []resolver.Builder
}

// chain makes one interceptor of all of a kind, that of the single option first.
func (o *dialOptions) chain() {
	unary := o.unaryInts
	if o.unaryInt != nil {
		unary = append([]UnaryClientInterceptor{o.unaryInt}, unary...)
	}
	o.unaryInt = chainUnaryClient(unary)
	stream := o.streamInts
	if o.streamInt != nil {
		stream = append([]StreamClientInterceptor{o.streamInt}, stream...)
	}
	o.streamInt = chainStreamClient(stream)
}

// WithUnaryInterceptor sets the interceptor of unary calls.
func WithUnaryInterceptor(f UnaryClientInterceptor) DialOption {
	return dialOption(func(o *dialOptions) { o.unaryInt = f })
}

// WithChainUnaryInterceptor adds interceptors of unary calls. The first one is outermost, after that of
// [WithUnaryInterceptor].
func WithChainUnaryInterceptor(interceptors ...UnaryClientInterceptor) DialOption {
	return dialOption(func(o *dialOptions) { o.unaryInts = append(o.unaryInts, interceptors...) })
}

// WithStreamInterceptor sets the interceptor of streaming calls.
func WithStreamInterceptor(f StreamClientInterceptor) DialOption {
	return dialOption(func(o *dialOptions) { o.streamInt = f })
}

// WithChainStreamInterceptor adds interceptors of streaming calls. The first one is outermost, after that of
// [WithStreamInterceptor].
func WithChainStreamInterceptor(interceptors ...StreamClientInterceptor) DialOption {
	return dialOption(func(o *dialOptions) { o.streamInts = append(o.streamInts, interceptors...) })
}

// WithStatsHandler adds a stats handler.
func WithStatsHandler(h stats.Handler) DialOption {
	if h == nil {
		logger.Error("ignoring nil parameter in grpc.WithStatsHandler ClientOption")
		return inertDial{}
	}
	return dialOption(func(o *dialOptions) { o.stats = append(o.stats, h) })
}

// WithDefaultCallOptions adds options to every call, before the call's own.
func WithDefaultCallOptions(cos ...CallOption) DialOption {
	return dialOption(func(o *dialOptions) { o.callOptions = append(o.callOptions, cos...) })
}

// WithTransportCredentials sets the transport credentials. They, or a bundle, must be set. In a guest they decide whether per-call
// credentials that require a secure transport may be used, and how the host secures calls that leave it.
func WithTransportCredentials(creds credentials.TransportCredentials) DialOption {
	return dialOption(func(o *dialOptions) { o.creds = creds })
}

// WithInsecure sets insecure transport credentials.
//
// Deprecated: use [WithTransportCredentials] and insecure.NewCredentials.
func WithInsecure() DialOption { return WithTransportCredentials(insecure.NewCredentials()) }

// WithCredentialsBundle sets transport and per-call credentials.
func WithCredentialsBundle(b credentials.Bundle) DialOption {
	return dialOption(func(o *dialOptions) { o.bundle = b })
}

// WithPerRPCCredentials adds credentials that put metadata into every call.
func WithPerRPCCredentials(creds credentials.PerRPCCredentials) DialOption {
	return dialOption(func(o *dialOptions) { o.perRPCCreds = append(o.perRPCCreds, creds) })
}

// WithAuthority sets the authority, which per-call credentials and stats handlers see, and calls that leave the host have. Local calls
// have no such header.
func WithAuthority(a string) DialOption {
	return dialOption(func(o *dialOptions) { o.authority = a })
}

// WithBlock makes Dial wait for the connection. In a guest there is nothing to wait for; a context that is done is an
// error of Dial, though.
//
// Deprecated: NewClient does not support it.
func WithBlock() DialOption {
	return dialOption(func(o *dialOptions) { o.block = true })
}

// WithTimeout limits the time of Dial. Inert in a guest: Dial does not wait.
//
// Deprecated: NewClient does not support it.
func WithTimeout(d time.Duration) DialOption { return inertDial{} }

// WithReturnConnectionError is [WithBlock] with better errors.
//
// Deprecated: NewClient does not support it.
func WithReturnConnectionError() DialOption { return WithBlock() }

// FailOnNonTempDialError makes Dial fail early. Inert in a guest: no connection ever fails.
//
// Deprecated: NewClient does not support it.
func FailOnNonTempDialError(f bool) DialOption { return inertDial{} }

// WithContextDialer sets the function that makes connections. In a guest f is never called. Calls that leave the host fail, unless its
// operator says where they go.
func WithContextDialer(f func(context.Context, string) (net.Conn, error)) DialOption {
	return dialOption(func(o *dialOptions) { o.ownDialer = f != nil })
}

// WithDialer sets the function that makes connections, as [WithContextDialer] does.
//
// Deprecated: use [WithContextDialer].
func WithDialer(f func(string, time.Duration) (net.Conn, error)) DialOption {
	return dialOption(func(o *dialOptions) { o.ownDialer = f != nil })
}

// WithResolvers adds resolvers, as resolver.Register does for one connection. They are not asked, as no name is resolved.
func WithResolvers(rs ...resolver.Builder) DialOption {
	return dialOption(func(o *dialOptions) { o.resolvers = append(o.resolvers, rs...) })
}

// WithChannelzParentID names the parent of the connection in channelz. Inert in a guest: there is no channelz.
func WithChannelzParentID(c channelz.Identifier) DialOption { return inertDial{} }

// WithUserAgent sets what the user-agent header of calls that leave the host begins with. Local calls have none.
func WithUserAgent(s string) DialOption {
	return dialOption(func(o *dialOptions) { o.userAgent = s })
}

// WithDefaultServiceConfig sets the service config: load balancing, retries, timeouts, limits, health checks. In a guest, load balancing
// and health checks are for calls that leave the host, and of local calls, only unary ones are retried.
func WithDefaultServiceConfig(s string) DialOption {
	// Named here alone, so that only guests that have a config have its parser.
	return dialOption(func(o *dialOptions) { o.config, o.readConfig = s, parseConfig })
}

// WithDisableServiceConfig ignores service configs of name resolvers. Inert in a guest: no name is resolved.
func WithDisableServiceConfig() DialOption { return inertDial{} }

// WithDisableRetry disables the retries that a service config asks for.
func WithDisableRetry() DialOption {
	return dialOption(func(o *dialOptions) { o.noRetry = true })
}

// WithMaxCallAttempts limits the attempts that a service config asks for. The default, for which n < 2 stands, is 5.
func WithMaxCallAttempts(n int) DialOption {
	return dialOption(func(o *dialOptions) { o.maxAttempts = n })
}

// WithDisableHealthCheck disables health checks of connections. Inert in a guest: there are none.
func WithDisableHealthCheck() DialOption { return inertDial{} }

// WithLocalDNSResolution resolves names here rather than at a proxy. Inert in a guest: no name is resolved.
func WithLocalDNSResolution() DialOption { return inertDial{} }

// WithNoProxy uses no proxy. Inert in a guest: there is none.
func WithNoProxy() DialOption { return inertDial{} }

// WithIdleTimeout sets when an unused connection becomes idle. Inert in a guest: none does.
func WithIdleTimeout(d time.Duration) DialOption { return inertDial{} }

// WithKeepaliveParams sets how connections are probed. Inert in a guest: there are none.
func WithKeepaliveParams(kp keepalive.ClientParameters) DialOption { return inertDial{} }

// WithConnectParams sets how connections are established. Inert in a guest: none is.
func WithConnectParams(p ConnectParams) DialOption { return inertDial{} }

// WithBackoffConfig sets how connections are established. Inert in a guest: none is.
//
// Deprecated: use [WithConnectParams].
func WithBackoffConfig(b BackoffConfig) DialOption { return inertDial{} }

// WithBackoffMaxDelay sets how connections are established. Inert in a guest: none is.
//
// Deprecated: use [WithConnectParams].
func WithBackoffMaxDelay(md time.Duration) DialOption { return inertDial{} }

// WithMaxMsgSize limits the size of what is received, as [MaxCallRecvMsgSize] does.
//
// Deprecated: use [WithDefaultCallOptions] and [MaxCallRecvMsgSize].
func WithMaxMsgSize(s int) DialOption {
	return WithDefaultCallOptions(MaxCallRecvMsgSize(s))
}

// WithCodec sets the codec, as [ForceCodec] does.
//
// Deprecated: use [WithDefaultCallOptions] and [ForceCodec].
func WithCodec(c Codec) DialOption { return WithDefaultCallOptions(CallCustomCodec(c)) }

// WithCompressor sets the compressor of requests. Inert in a guest: a local call is a copy.
//
// Deprecated: use [UseCompressor].
func WithCompressor(cp Compressor) DialOption { return inertDial{} }

// WithDecompressor sets the decompressor of replies. Inert in a guest: a local call is a copy.
//
// Deprecated: use encoding.RegisterCompressor.
func WithDecompressor(dc Decompressor) DialOption { return inertDial{} }

// WithWriteBufferSize sets the size of a connection's buffer. Inert in a guest: there are no connections. The same holds
// for all options below.
func WithWriteBufferSize(s int) DialOption { return inertDial{} }

// WithReadBufferSize is inert in a guest, as [WithWriteBufferSize] is.
func WithReadBufferSize(s int) DialOption { return inertDial{} }

// WithSharedWriteBuffer is inert in a guest, as [WithWriteBufferSize] is.
func WithSharedWriteBuffer(val bool) DialOption { return inertDial{} }

// WithInitialWindowSize is inert in a guest, as [WithWriteBufferSize] is.
func WithInitialWindowSize(s int32) DialOption { return inertDial{} }

// WithInitialConnWindowSize is inert in a guest, as [WithWriteBufferSize] is.
func WithInitialConnWindowSize(s int32) DialOption { return inertDial{} }

// WithStaticStreamWindowSize is inert in a guest, as [WithWriteBufferSize] is.
func WithStaticStreamWindowSize(s int32) DialOption { return inertDial{} }

// WithStaticConnWindowSize is inert in a guest, as [WithWriteBufferSize] is.
func WithStaticConnWindowSize(s int32) DialOption { return inertDial{} }

// MaxHeaderListSizeDialOption is the type of [WithMaxHeaderListSize].
type MaxHeaderListSizeDialOption struct {
	MaxHeaderListSize uint32
}

func (MaxHeaderListSizeDialOption) apply(*dialOptions) {}

// WithMaxHeaderListSize is inert in a guest, as [WithWriteBufferSize] is.
func WithMaxHeaderListSize(s uint32) DialOption {
	return MaxHeaderListSizeDialOption{MaxHeaderListSize: s}
}
