// Package encoding stands in for google.golang.org/grpc/encoding in a guest: the registries of codecs and compressors.
//
// Calls between guests carry no encoded messages, and on the wire the host encodes and compresses: compressors are inert in a guest. Codecs
// are used for calls that name them, but for one with protobuf's name. codecv2.go has codecs for pooled buffers.
package encoding

import (
	"io"
	"strings"
)

// Identity is the name of the compressor that does nothing. It is always there.
const Identity = "identity"

// Codec encodes and decodes messages. It must be safe for concurrent use.
type Codec interface {
	// Marshal encodes v.
	Marshal(v any) ([]byte, error)
	// Unmarshal decodes data into v.
	Unmarshal(data []byte, v any) error
	// Name returns the content-subtype, always the same.
	Name() string
}

// Compressor compresses and decompresses messages. It must be safe for concurrent use.
type Compressor interface {
	// Compress returns a writer that compresses into w.
	Compress(w io.Writer) (io.WriteCloser, error)
	// Decompress returns a reader of what r compresses.
	Decompress(r io.Reader) (io.Reader, error)
	// Name returns the content-coding, always the same.
	Name() string
}

var (
	codecs      = map[string]any{} // each a Codec or a CodecV2
	compressors = map[string]Compressor{}
)

// RegisterCodec registers a codec under its name in lower case; the last one wins. Call it from init only. It panics
// for nil and for an empty name.
func RegisterCodec(codec Codec) {
	if codec == nil {
		panic("cannot register a nil Codec")
	}
	if codec.Name() == "" {
		panic("cannot register Codec with empty string result for Name()")
	}
	codecs[strings.ToLower(codec.Name())] = codec
}

// GetCodec returns the codec of a content-subtype in lower case, nil if there is none or it is a [CodecV2].
func GetCodec(contentSubtype string) Codec {
	c, _ := codecs[contentSubtype].(Codec)
	return c
}

// RegisterCompressor registers a compressor under its name; the last one wins. Call it from init only.
func RegisterCompressor(c Compressor) { compressors[c.Name()] = c }

// GetCompressor returns the compressor with a name, nil if there is none.
func GetCompressor(name string) Compressor { return compressors[name] }
