package grpc

import (
	"math"

	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/stubs/grpc/codes"
	"github.com/cofaas/cofaas/stubs/grpc/credentials"
	"github.com/cofaas/cofaas/stubs/grpc/encoding"
	protocodec "github.com/cofaas/cofaas/stubs/grpc/encoding/proto"
	"github.com/cofaas/cofaas/stubs/grpc/metadata"
	"github.com/cofaas/cofaas/stubs/grpc/status"
)

// callInfo is what the options of a call say.
type callInfo struct {
	failFast bool
	creds    credentials.PerRPCCredentials
	headers  bool // somebody wants the header or the trailer
	exchange *exchange
	maxRecv  int // of streams
	maxReply int // for package guest, in unary calls
	remote   guest.CallOptions
}

// newCallInfo returns what opts say, of each kind the last one, and what mc does.
func newCallInfo(opts []CallOption, mc *MethodConfig) (callInfo, error) {
	info := callInfo{failFast: mc.WaitForReady == nil || !*mc.WaitForReady, remote: remoteOptions(nil, opts)}
	var maxSend, maxRecv *int
	var compressor, subtype string
	var codec messageCodec
	for _, o := range opts {
		switch o := o.(type) {
		case HeaderCallOption, TrailerCallOption:
			info.headers = true
		case PerRPCCredsCallOption:
			info.creds = o.Creds
		case FailFastCallOption:
			info.failFast = o.FailFast
		case MaxSendMsgSizeCallOption:
			maxSend = &o.MaxSendMsgSize
		case MaxRecvMsgSizeCallOption:
			maxRecv = &o.MaxRecvMsgSize
		case CompressorCallOption:
			compressor = o.CompressorType
		case ContentSubtypeCallOption:
			subtype = o.ContentSubtype
		case ForceCodecCallOption:
			codec = o.Codec
		case ForceCodecV2CallOption:
			codec = codecV2{o.CodecV2}
		case CustomCodecCallOption:
			codec = o.Codec
		}
	}
	if codec == nil {
		var err error
		if codec, err = codecFor(subtype); err != nil {
			return info, err
		}
	}
	if !isCompressor(compressor) {
		return info, status.Errorf(codes.Internal, "grpc: Compressor is not installed for requested grpc-encoding %q", compressor)
	}
	info.maxRecv = limit(maxRecv, mc.MaxRespSize, defaultMaxRecv)
	info.exchange = newExchange(limit(maxSend, mc.MaxReqSize, math.MaxInt32), info.maxRecv, codec)
	if info.maxReply = info.maxRecv; isLow(info.maxRecv) {
		info.maxReply = math.MaxInt // for the exchange to say
	}
	return info, nil
}

// isCompressor reports whether requests can be compressed with name, which is "" for no compressor.
func isCompressor(name string) bool {
	return name == "" || name == encoding.Identity || encoding.GetCompressor(name) != nil
}

// isPlain reports whether no option needs anything done: the call may take the fast path. What matters only to calls that leave the
// host is not counted.
func isPlain(opts []CallOption) bool {
	for _, o := range opts {
		switch o := o.(type) {
		case StaticMethodCallOption:
		case MaxRecvMsgSizeCallOption:
			if isLow(o.MaxRecvMsgSize) {
				return false
			}
		case MaxSendMsgSizeCallOption:
			if isLow(o.MaxSendMsgSize) {
				return false
			}
		case CompressorCallOption:
			if !isCompressor(o.CompressorType) {
				return false
			}
		case ContentSubtypeCallOption:
			if o.ContentSubtype != "" && o.ContentSubtype != protocodec.Name {
				return false
			}
		case HeaderCallOption, TrailerCallOption, PeerCallOption, OnFinishCallOption, PerRPCCredsCallOption,
			ForceCodecCallOption, ForceCodecV2CallOption, CustomCodecCallOption:
			return false
		}
	}
	return true
}

// waitForReady returns what opts say of that, or what holds without them.
func waitForReady(opts []CallOption, waits bool) bool {
	for _, o := range opts {
		if o, ok := o.(FailFastCallOption); ok {
			waits = !o.FailFast
		}
	}
	return waits
}

// receiveOptions sets what options ask for when a call that was made has ended.
func receiveOptions(opts []CallOption, header, trailer metadata.MD) {
	for _, o := range opts {
		switch o := o.(type) {
		case HeaderCallOption:
			*o.HeaderAddr = header.Copy()
		case TrailerCallOption:
			*o.TrailerAddr = trailer.Copy()
		case PeerCallOption:
			*o.PeerAddr = *localPeer
		}
	}
}

// finishOptions calls the OnFinish options.
func finishOptions(opts []CallOption, err error) {
	for _, o := range opts {
		if o, ok := o.(OnFinishCallOption); ok {
			o.OnFinish(err)
		}
	}
}
