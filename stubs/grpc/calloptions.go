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
	HeaderAddr *metadata.MD
}

func (HeaderCallOption) callOption() {}

// Trailer receives the trailer of the reply when the call has returned.
func Trailer(md *metadata.MD) CallOption { return TrailerCallOption{TrailerAddr: md} }

// TrailerCallOption is the type of [Trailer].
type TrailerCallOption struct {
	TrailerAddr *metadata.MD
}

func (TrailerCallOption) callOption() {}

// Peer receives the other side of the call when the call has returned.
func Peer(p *peer.Peer) CallOption { return PeerCallOption{PeerAddr: p} }

// PeerCallOption is the type of [Peer].
type PeerCallOption struct {
	PeerAddr *peer.Peer
}

func (PeerCallOption) callOption() {}

// OnFinish calls a function with the error of the call, nil if it succeeded, just before the call returns.
func OnFinish(onFinish func(err error)) CallOption { return OnFinishCallOption{OnFinish: onFinish} }

// OnFinishCallOption is the type of [OnFinish].
type OnFinishCallOption struct {
	OnFinish func(error)
}

func (OnFinishCallOption) callOption() {}

// PerRPCCredentials adds the metadata of credentials to the call, beside those of [WithPerRPCCredentials].
func PerRPCCredentials(creds credentials.PerRPCCredentials) CallOption {
	return PerRPCCredsCallOption{Creds: creds}
}

// PerRPCCredsCallOption is the type of [PerRPCCredentials].
type PerRPCCredsCallOption struct {
	Creds credentials.PerRPCCredentials
}

func (PerRPCCredsCallOption) callOption() {}

// WaitForReady says whether the call waits for a server that cannot be reached. In a guest that is one of a function of the app
// that was stopped, or one that the host cannot reach. Stats handlers see the value.
func WaitForReady(waitForReady bool) CallOption { return FailFastCallOption{FailFast: !waitForReady} }

// FailFast is the opposite of [WaitForReady].
//
// Deprecated: use [WaitForReady].
func FailFast(failFast bool) CallOption { return FailFastCallOption{FailFast: failFast} }

// FailFastCallOption is the type of [WaitForReady].
type FailFastCallOption struct {
	FailFast bool
}

func (FailFastCallOption) callOption() {}

// MaxCallRecvMsgSize limits the size of what is received, as it is on the wire. The default is 4 MiB.
func MaxCallRecvMsgSize(bytes int) CallOption { return MaxRecvMsgSizeCallOption{MaxRecvMsgSize: bytes} }

// MaxRecvMsgSizeCallOption is the type of [MaxCallRecvMsgSize].
type MaxRecvMsgSizeCallOption struct {
	MaxRecvMsgSize int
}

func (MaxRecvMsgSizeCallOption) callOption() {}

// MaxCallSendMsgSize limits the size of what is sent, as it is on the wire. In a guest limits of 4 MiB and more are inert.
func MaxCallSendMsgSize(bytes int) CallOption { return MaxSendMsgSizeCallOption{MaxSendMsgSize: bytes} }

// MaxSendMsgSizeCallOption is the type of [MaxCallSendMsgSize].
type MaxSendMsgSizeCallOption struct {
	MaxSendMsgSize int
}

func (MaxSendMsgSizeCallOption) callOption() {}

// MaxRetryRPCBufferSize limits the memory for retries. Inert in a guest: calls are not retried.
func MaxRetryRPCBufferSize(bytes int) CallOption {
	return MaxRetryRPCBufferSizeCallOption{MaxRetryRPCBufferSize: bytes}
}

// MaxRetryRPCBufferSizeCallOption is the type of [MaxRetryRPCBufferSize].
type MaxRetryRPCBufferSizeCallOption struct {
	MaxRetryRPCBufferSize int
}

func (MaxRetryRPCBufferSizeCallOption) callOption() {}

// UseCompressor compresses what is sent. The compressor must be registered. In a guest that is for calls that leave the host,
// which has gzip: a local call is a copy.
func UseCompressor(name string) CallOption { return CompressorCallOption{CompressorType: name} }

// CompressorCallOption is the type of [UseCompressor].
type CompressorCallOption struct {
	CompressorType string
}

func (CompressorCallOption) callOption() {}

// CallAuthority sets the :authority header of calls that leave the host. Local calls have none.
func CallAuthority(authority string) CallOption {
	return AuthorityOverrideCallOption{Authority: authority}
}

// AuthorityOverrideCallOption is the type of [CallAuthority].
type AuthorityOverrideCallOption struct {
	Authority string
}

func (AuthorityOverrideCallOption) callOption() {}

// CallContentSubtype sets the content-subtype of the call, for which a codec must be registered. Of the codec in a guest, [ForceCodec]
// has more.
func CallContentSubtype(contentSubtype string) CallOption {
	return ContentSubtypeCallOption{ContentSubtype: lower(contentSubtype)}
}

// ContentSubtypeCallOption is the type of [CallContentSubtype].
type ContentSubtypeCallOption struct {
	ContentSubtype string
}

func (ContentSubtypeCallOption) callOption() {}

// ForceCodec sets the codec of the call. In a guest, where a local call is not encoded, the bytes are turned into messages and
// back before and after it.
func ForceCodec(codec encoding.Codec) CallOption { return ForceCodecCallOption{Codec: codec} }

// ForceCodecCallOption is the type of [ForceCodec].
type ForceCodecCallOption struct {
	Codec encoding.Codec
}

func (ForceCodecCallOption) callOption() {}

// CallCustomCodec sets the codec of the call, as [ForceCodec] does.
//
// Deprecated: use [ForceCodec].
func CallCustomCodec(codec Codec) CallOption { return CustomCodecCallOption{Codec: codec} }

// CustomCodecCallOption is the type of [CallCustomCodec].
type CustomCodecCallOption struct {
	Codec Codec
}

func (CustomCodecCallOption) callOption() {}

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
