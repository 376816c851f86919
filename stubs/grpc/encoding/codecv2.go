package encoding

import (
	"strings"

	"github.com/cofaas/cofaas/stubs/grpc/mem"
)

// CodecV2 encodes and decodes messages in pooled buffers. It must be safe for concurrent use.
type CodecV2 interface {
	// Marshal encodes v. Whoever calls frees out.
	Marshal(v any) (out mem.BufferSlice, err error)
	// Unmarshal decodes data into v. It takes references to what it keeps of data.
	Unmarshal(data mem.BufferSlice, v any) error
	// Name returns the content-subtype, always the same.
	Name() string
}

// RegisterCodecV2 registers a codec under its name in lower case, shared with [RegisterCodec]; the last one wins. Call it from
// init only. It panics for nil and for an empty name.
func RegisterCodecV2(codec CodecV2) {
	if codec == nil {
		panic("cannot register a nil CodecV2")
	}
	if codec.Name() == "" {
		panic("cannot register CodecV2 with empty string result for Name()")
	}
	codecs[strings.ToLower(codec.Name())] = codec
}

// GetCodecV2 returns the codec of a content-subtype in lower case, nil if there is none or it is a [Codec].
func GetCodecV2(contentSubtype string) CodecV2 {
	c, _ := codecs[contentSubtype].(CodecV2)
	return c
}
