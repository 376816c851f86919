package grpc

import "github.com/cofaas/cofaas/stubs/grpc/encoding"

// ForceCodecV2 sets the codec of the call, as [ForceCodec] does.
func ForceCodecV2(codec encoding.CodecV2) CallOption { return ForceCodecV2CallOption{CodecV2: codec} }

// ForceCodecV2CallOption is the type of [ForceCodecV2].
type ForceCodecV2CallOption struct {
	CodecV2 encoding.CodecV2
}

func (ForceCodecV2CallOption) callOption() {}

// ForceServerCodecV2 sets the codec, as [ForceServerCodec] does.
func ForceServerCodecV2(codec encoding.CodecV2) ServerOption {
	return serverOption(func(o *serverOptions) { o.codec = codecV2{codec} })
}
