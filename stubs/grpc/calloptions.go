package grpc

import (
	"github.com/cofaas/cofaas/stubs/grpc/credentials"
	"github.com/cofaas/cofaas/stubs/grpc/encoding"
	"github.com/cofaas/cofaas/stubs/grpc/metadata"
	"github.com/cofaas/cofaas/stubs/grpc/peer"
)

// CallOption configures a call or receives something from it. The types of the options are exported so that interceptors
// can tell them apart; [ClientConn.Invoke] does so too.
type CallOption interface {
	callOption()
}

// EmptyCallOption does nothing. Embed it to make options of your own.
type EmptyCallOption struct{}

func (EmptyCallOption) callOption() {}

// StaticMethod says that the name of the method is a constant. Generated code passes it.
func StaticMethod() CallOption { return StaticMethodCallOption{} }

// StaticMethodCallOption is the type of [StaticMethod].
type StaticMethodCallOption struct {
	EmptyCallOption
}

// staticOptions are what a generated client calls with when it was given no options. All calls share them, so application
// code must not get them: [combine] copies.
var staticOptions = [1]CallOption{StaticMethodCallOption{}}

// StaticOptions returns [StaticMethod] followed by opts. Generated clients have an append in its place; their copies in a
// guest call this, which allocates nothing when there are no opts and cc is a [ClientConn].
func StaticOptions(cc ClientConnInterface, opts []CallOption) []CallOption {
	if _, ok := cc.(*ClientConn); ok && len(opts) == 0 {
		return staticOptions[:]
	}
	return appendStatic(opts)
}

// appendStatic is apart so that StaticOptions is inlined.
func appendStatic(opts []CallOption) []CallOption {
	return append([]CallOption{StaticMethodCallOption{}}, opts...)
}

// isShared reports whether opts are staticOptions themselves.
func isShared(opts []CallOption) bool { return len(opts) == 1 && &opts[0] == &staticOptions[0] }

// Header receives the header of the reply when the call has returned.
func Header(md *metadata.MD) CallOption { return HeaderCallOption{HeaderAddr: md} }

// HeaderCallOption is the type of [Header].
type HeaderCallOption struct {
	EmptyCallOption
	HeaderAddr *metadata.MD
}

// Trailer receives the trailer of the reply when the call has returned.
func Trailer(md *metadata.MD) CallOption { return TrailerCallOption{TrailerAddr: md} }

// TrailerCallOption is the type of [Trailer].
type TrailerCallOption struct {
	EmptyCallOption
	TrailerAddr *metadata.MD
}

// Peer receives the other side of the call when the call has returned.
func Peer(p *peer.Peer) CallOption { return PeerCallOption{PeerAddr: p} }

// PeerCallOption is the type of [Peer].
type PeerCallOption struct {
	EmptyCallOption
	PeerAddr *peer.Peer
}

// OnFinish calls a function with the error of the call, nil if it succeeded, just before the call returns.
func OnFinish(onFinish func(err error)) CallOption { return OnFinishCallOption{OnFinish: onFinish} }

// OnFinishCallOption is the type of [OnFinish].
type OnFinishCallOption struct {
	EmptyCallOption
	OnFinish func(error)
}

// PerRPCCredentials adds the metadata of credentials to the call, beside those of [WithPerRPCCredentials].
func PerRPCCredentials(creds credentials.PerRPCCredentials) CallOption {
	return PerRPCCredsCallOption{Creds: creds}
}

// PerRPCCredsCallOption is the type of [PerRPCCredentials].
type PerRPCCredsCallOption struct {
	EmptyCallOption
	Creds credentials.PerRPCCredentials
}

// WaitForReady says whether the call waits for a server that cannot be reached. Inert in a guest: the callee is there,
// or the call waits for an instance of it within its deadline. Stats handlers see the value.
func WaitForReady(waitForReady bool) CallOption { return FailFastCallOption{FailFast: !waitForReady} }

// FailFast is the opposite of [WaitForReady].
//
// Deprecated: use [WaitForReady].
func FailFast(failFast bool) CallOption { return FailFastCallOption{FailFast: failFast} }

// FailFastCallOption is the type of [WaitForReady].
type FailFastCallOption struct {
	EmptyCallOption
	FailFast bool
}

// MaxCallRecvMsgSize limits the size of the reply. Inert in a guest: local calls are bounded by memory.
func MaxCallRecvMsgSize(bytes int) CallOption { return MaxRecvMsgSizeCallOption{MaxRecvMsgSize: bytes} }

// MaxRecvMsgSizeCallOption is the type of [MaxCallRecvMsgSize].
type MaxRecvMsgSizeCallOption struct {
	EmptyCallOption
	MaxRecvMsgSize int
}

// MaxCallSendMsgSize limits the size of the request. Inert in a guest: local calls are bounded by memory.
func MaxCallSendMsgSize(bytes int) CallOption { return MaxSendMsgSizeCallOption{MaxSendMsgSize: bytes} }

// MaxSendMsgSizeCallOption is the type of [MaxCallSendMsgSize].
type MaxSendMsgSizeCallOption struct {
	EmptyCallOption
	MaxSendMsgSize int
}

// MaxRetryRPCBufferSize limits the memory for retries. Inert in a guest: calls are not retried.
func MaxRetryRPCBufferSize(bytes int) CallOption {
	return MaxRetryRPCBufferSizeCallOption{MaxRetryRPCBufferSize: bytes}
}

// MaxRetryRPCBufferSizeCallOption is the type of [MaxRetryRPCBufferSize].
type MaxRetryRPCBufferSizeCallOption struct {
	EmptyCallOption
	MaxRetryRPCBufferSize int
}

// UseCompressor compresses the request. Inert in a guest: a local call is a copy. The compressor need not be registered.
func UseCompressor(name string) CallOption { return CompressorCallOption{CompressorType: name} }

// CompressorCallOption is the type of [UseCompressor].
type CompressorCallOption struct {
	EmptyCallOption
	CompressorType string
}

// CallAuthority sets the :authority header of the call. Inert in a guest: local calls have none.
func CallAuthority(authority string) CallOption {
	return AuthorityOverrideCallOption{Authority: authority}
}

// AuthorityOverrideCallOption is the type of [CallAuthority].
type AuthorityOverrideCallOption struct {
	EmptyCallOption
	Authority string
}

// CallContentSubtype sets the content-subtype of the call. Inert in a guest: a local call is not encoded.
func CallContentSubtype(contentSubtype string) CallOption {
	return ContentSubtypeCallOption{ContentSubtype: contentSubtype}
}

// ContentSubtypeCallOption is the type of [CallContentSubtype].
type ContentSubtypeCallOption struct {
	EmptyCallOption
	ContentSubtype string
}

// ForceCodec sets the codec of the call. Inert in a guest: a local call is not encoded.
func ForceCodec(codec encoding.Codec) CallOption { return ForceCodecCallOption{Codec: codec} }

// ForceCodecCallOption is the type of [ForceCodec].
type ForceCodecCallOption struct {
	EmptyCallOption
	Codec encoding.Codec
}

// CallCustomCodec sets the codec of the call. Inert in a guest: a local call is not encoded.
//
// Deprecated: use [ForceCodec].
func CallCustomCodec(codec Codec) CallOption { return CustomCodecCallOption{Codec: codec} }

// CustomCodecCallOption is the type of [CallCustomCodec].
type CustomCodecCallOption struct {
	EmptyCallOption
	Codec Codec
}

// combine returns the options of a connection followed by those of a call. It shares no memory that another call could
// append to, nor staticOptions.
func combine(conn, call []CallOption) []CallOption {
	switch {
	case isShared(call):
		return append(append(make([]CallOption, 0, len(conn)+1), conn...), call...)
	case len(conn) == 0:
		return call
	case len(call) == 0:
		return conn
	}
	return append(append(make([]CallOption, 0, len(conn)+len(call)), conn...), call...)
}

// isPlain reports whether no option needs anything done: the call may take the fast path.
func isPlain(opts []CallOption) bool {
	for _, o := range opts {
		switch o.(type) {
		case StaticMethodCallOption:
		case HeaderCallOption, TrailerCallOption, PeerCallOption, OnFinishCallOption, PerRPCCredsCallOption:
			return false
		}
	}
	return true
}

// finishOptions calls the OnFinish options.
func finishOptions(opts []CallOption, err error) {
	for _, o := range opts {
		if o, ok := o.(OnFinishCallOption); ok {
			o.OnFinish(err)
		}
	}
}
