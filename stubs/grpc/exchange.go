package grpc

import (
	"math"
	"reflect"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/stubs/grpc/codes"
	"github.com/cofaas/cofaas/stubs/grpc/encoding"
	protocodec "github.com/cofaas/cofaas/stubs/grpc/encoding/proto"
	istatus "github.com/cofaas/cofaas/stubs/grpc/internal/status"
	"github.com/cofaas/cofaas/stubs/grpc/mem"
	"github.com/cofaas/cofaas/stubs/grpc/status"
)

// exchange is what there is to do with messages beside passing them on. nil is nothing, which is what the hot paths check.
//
// A local call encodes nothing. When an application insists on a codec, that encodes what is sent and decodes what is received, as
// natively, and what the other side would do with the bytes is done here, between the codec and a message of the method's own type.
type exchange struct {
	maxSend, maxRecv int
	codec            messageCodec // nil for protobuf
	other            messageCodec // what the other side has for the bytes of codec
}

// messageCodec is what the kinds of codecs have in common.
type messageCodec interface {
	Marshal(v any) ([]byte, error)
	Unmarshal(data []byte, v any) error
}

// defaultMaxRecv is grpc-go's limit for received messages.
const defaultMaxRecv = 4 << 20

// isLow reports whether a limit is one for which messages are measured, at the cost of encoding them. For higher ones only those that
// package guest says may be large are.
func isLow(limit int) bool { return limit < defaultMaxRecv }

// newExchange returns nil if there is nothing to do.
func newExchange(maxSend, maxRecv int, codec messageCodec) *exchange {
	if !isLow(maxSend) {
		maxSend = math.MaxInt
	}
	if !isLow(maxRecv) {
		maxRecv = math.MaxInt
	}
	if maxSend == math.MaxInt && maxRecv == math.MaxInt && codec == nil {
		return nil
	}
	return &exchange{maxSend, maxRecv, codec, otherSide(codec)}
}

// otherSide returns the codec of a peer for what c has encoded. The peer goes by the name. Of one that is not registered it is not
// known what the peer has, but that the application expects it to understand.
func otherSide(c messageCodec) messageCodec {
	name := ""
	switch c := c.(type) {
	case interface{ Name() string }:
		name = c.Name()
	case interface{ String() string }:
		name = c.String()
	}
	registered, err := codecFor(strings.ToLower(name))
	switch {
	case err != nil:
		return c
	case registered == nil:
		return protobuf
	}
	return registered
}

// messages are the requests of a method, or its replies.
type messages struct {
	method string
	reply  bool
}

// new returns a message of the method's own type. like is one that an application has, of that type or any other.
func (t messages) new(like any) any {
	switch like.(type) {
	case protoadapt.MessageV2, protoadapt.MessageV1:
		if typ := reflect.TypeOf(like); typ.Kind() == reflect.Pointer {
			return reflect.New(typ.Elem()).Interface()
		}
	}
	if m := t.registered(); m != nil {
		return m
	}
	return like
}

// registered returns a message of the type that is known for the method by name, nil if there is none.
func (t messages) registered() proto.Message {
	name := strings.ReplaceAll(strings.TrimPrefix(t.method, "/"), "/", ".")
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(name))
	method, ok := d.(protoreflect.MethodDescriptor)
	if err != nil || !ok {
		return nil
	}
	message := method.Input()
	if t.reply {
		message = method.Output()
	}
	typ, err := protoregistry.GlobalTypes.FindMessageByName(message.FullName())
	if err != nil {
		return nil
	}
	return typ.New().Interface()
}

// out returns what to send for m, one of t. An untyped nil is an empty message.
func (x *exchange) out(m any, t messages) (any, error) {
	if m == nil {
		if empty := t.registered(); empty != nil {
			return empty, nil
		}
	}
	if x == nil {
		return m, nil
	}
	if x.codec == nil {
		return m, x.checkSent(encodedSize(m))
	}
	data, err := x.codec.Marshal(m)
	if err != nil {
		return nil, notMarshaled(err)
	}
	if err := x.checkSent(len(data)); err != nil {
		return nil, err
	}
	sent := t.new(m)
	if err := x.other.Unmarshal(data, sent); err != nil {
		return nil, notUnmarshaled(err)
	}
	return sent, nil
}

func (x *exchange) checkSent(size int) error {
	if size > x.maxSend {
		return status.Errorf(codes.ResourceExhausted, "trying to send message larger than max (%d vs. %d)", size, x.maxSend)
	}
	return nil
}

// in receives one of t into m, with a function that is given what to receive into.
func (x *exchange) in(m any, t messages, receive func(m any) error) error {
	if x == nil {
		return receive(m)
	}
	if x.codec == nil {
		if err := receive(m); err != nil {
			return err
		}
		return checkReceived(encodedSize(m), x.maxRecv)
	}
	received := t.new(m)
	if err := receive(received); err != nil {
		return err
	}
	data, err := x.other.Marshal(received)
	if err != nil {
		return notMarshaled(err)
	}
	if err := checkReceived(len(data), x.maxRecv); err != nil {
		return err
	}
	if err := x.codec.Unmarshal(data, m); err != nil {
		return notUnmarshaled(err)
	}
	return nil
}

// notMarshaled is grpc-go's error for what a codec cannot encode, and notUnmarshaled that for what it cannot decode.
func notMarshaled(err error) error {
	return status.Errorf(codes.Internal, "grpc: error while marshaling: %v", err)
}

func notUnmarshaled(err error) error {
	return status.Errorf(codes.Internal, "grpc: failed to unmarshal the received message: %v", err)
}

func checkReceived(size, limit int) error {
	if size > limit {
		return status.Errorf(codes.ResourceExhausted, "grpc: received message larger than max (%d vs. %d)", size, limit)
	}
	return nil
}

func init() { guest.CheckReply = checkReply }

// overDefault is the outcome of a call with a reply over the default limit when a higher one may have been set. Finding out is left to
// [ClientConn.failed]: most calls know nothing of limits, and most replies are small.
var overDefault = guestError(codes.ResourceExhausted, "grpc: received message larger than max")

// checkReply returns the status in place of a reply that is too large.
func checkReply(call *guest.ClientCall, reply any) *guest.Status {
	size := encodedSize(reply)
	if call == nil || call.MaxReply == 0 {
		if size > defaultMaxRecv {
			return overDefault
		}
		return nil
	}
	if err := checkReceived(size, call.MaxReply); err != nil {
		return istatus.ToGuest(status.Convert(err))
	}
	return nil
}

// unsaid is for transports that do not say whether a message may be large.
var unsaid = true

// mayBeLarge returns where a transport says that the message that was received last may be large.
func mayBeLarge(t transport) *bool {
	switch s := t.(type) {
	case *guest.Stream:
		return &s.IsLarge
	case interface{ IsLarge() *bool }:
		return s.IsLarge()
	}
	return &unsaid
}

// codecV2 is a codec for pooled buffers as one for slices.
type codecV2 struct{ encoding.CodecV2 }

func (c codecV2) Marshal(v any) ([]byte, error) {
	out, err := c.CodecV2.Marshal(v)
	if err != nil {
		return nil, err
	}
	defer out.Free()
	return out.Materialize(), nil
}

func (c codecV2) Unmarshal(data []byte, v any) error {
	return c.CodecV2.Unmarshal(mem.BufferSlice{mem.SliceBuffer(data)}, v)
}

// protobuf is the codec of what travels anyway.
var protobuf messageCodec = codecV2{encoding.GetCodecV2(protocodec.Name)}

// codecFor returns the codec that is registered for a content-subtype, nil for protobuf.
func codecFor(subtype string) (messageCodec, error) {
	if subtype == "" || subtype == protocodec.Name {
		return nil, nil
	}
	if c := encoding.GetCodec(subtype); c != nil {
		return c, nil
	}
	if c := encoding.GetCodecV2(subtype); c != nil {
		return codecV2{c}, nil
	}
	return nil, status.Errorf(codes.Internal, "no codec registered for content-subtype %s", subtype)
}
