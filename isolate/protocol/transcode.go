package protocol

import (
	"errors"

	"google.golang.org/protobuf/encoding/protowire"
)

// Transcoding is a message to be turned from the form that a codec of the function's gives it into protobuf, or back: a request from
// outside of the host, or a reply to there. It travels as the protobuf message that its comments give.
type Transcoding struct {
	Codec  string // string codec = 1: the content-subtype of the call
	Method string // string method = 2: "/package.Service/Method"
	Reply  bool   // bool reply = 3: the message is protobuf, and the codec is to encode it
	Data   []byte // bytes data = 4
}

// Transcoded is the outcome, as a message likewise.
type Transcoded struct {
	Data []byte // bytes data = 1
	Done bool   // bool done = 2: false if the function has no such codec
}

// Append appends the message to b.
func (t *Transcoding) Append(b []byte) []byte {
	b = appendBytes(b, 1, t.Codec)
	b = appendBytes(b, 2, t.Method)
	b = appendBool(b, 3, t.Reply)
	return appendBytes(b, 4, t.Data)
}

// Append appends the message to b.
func (t *Transcoded) Append(b []byte) []byte {
	return appendBool(appendBytes(b, 1, t.Data), 2, t.Done)
}

// ParseTranscoding is the opposite of [Transcoding.Append]. Data is a part of b.
func ParseTranscoding(b []byte) (t Transcoding, err error) {
	err = parse(b, func(n protowire.Number, flag bool, value []byte) {
		switch n {
		case 1:
			t.Codec = string(value)
		case 2:
			t.Method = string(value)
		case 3:
			t.Reply = flag
		case 4:
			t.Data = value
		}
	})
	return t, err
}

// ParseTranscoded is the opposite of [Transcoded.Append]. Data is a part of b.
func ParseTranscoded(b []byte) (t Transcoded, err error) {
	err = parse(b, func(n protowire.Number, flag bool, value []byte) {
		switch n {
		case 1:
			t.Data = value
		case 2:
			t.Done = flag
		}
	})
	return t, err
}

func appendBytes[T string | []byte](b []byte, n protowire.Number, value T) []byte {
	if len(value) == 0 {
		return b
	}
	b = protowire.AppendVarint(protowire.AppendTag(b, n, protowire.BytesType), uint64(len(value)))
	return append(b, value...)
}

func appendBool(b []byte, n protowire.Number, value bool) []byte {
	if !value {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, n, protowire.VarintType), 1)
}

var errMessage = errors.New("malformed message about a codec")

// parse calls field with what is in a message: flags, and values of bytes.
func parse(b []byte, field func(n protowire.Number, flag bool, value []byte)) error {
	for len(b) > 0 {
		n, typ, size := protowire.ConsumeTag(b)
		if size < 0 {
			return errMessage
		}
		b = b[size:]
		switch typ {
		case protowire.VarintType:
			v, size := protowire.ConsumeVarint(b)
			if size < 0 {
				return errMessage
			}
			field(n, protowire.DecodeBool(v), nil)
			b = b[size:]
		case protowire.BytesType:
			v, size := protowire.ConsumeBytes(b)
			if size < 0 {
				return errMessage
			}
			field(n, false, v)
			b = b[size:]
		default:
			return errMessage
		}
	}
	return nil
}
