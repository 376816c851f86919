package backend

import (
	"fmt"
	"sync/atomic"

	"google.golang.org/grpc/encoding"
	"google.golang.org/protobuf/proto"

	"github.com/cofaas/cofaas/test/contract/pb"
)

// CodecName is the content-subtype of a codec that both sides have registered.
const CodecName = "contract"

func init() { encoding.RegisterCodec(&Codec{Subtype: CodecName}) }

// Codec is protobuf with a mark in front, so that nobody can mistake it for protobuf alone. It counts what it does.
type Codec struct {
	Subtype              string
	Marshals, Unmarshals atomic.Int64
}

const mark = 0x07 // no field begins with wire type 7

// Unencodable is the number of reports that the codec does not encode.
const Unencodable = -7

func (c *Codec) Name() string { return c.Subtype }

func (c *Codec) Marshal(v any) ([]byte, error) {
	c.Marshals.Add(1)
	m, ok := v.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("codec %s: %T is no message", c.Subtype, v)
	}
	if r, ok := v.(*pb.Report); ok && r.GetId() == Unencodable {
		return nil, fmt.Errorf("codec %s: it is not to be encoded", c.Subtype)
	}
	return proto.MarshalOptions{}.MarshalAppend([]byte{mark}, m)
}

func (c *Codec) Unmarshal(data []byte, v any) error {
	c.Unmarshals.Add(1)
	m, ok := v.(proto.Message)
	if !ok {
		return fmt.Errorf("codec %s: %T is no message", c.Subtype, v)
	}
	if len(data) == 0 || data[0] != mark {
		return fmt.Errorf("codec %s: no mark", c.Subtype)
	}
	return proto.Unmarshal(data[1:], m)
}
