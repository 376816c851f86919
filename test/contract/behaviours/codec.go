package behaviours

import (
	"errors"
	"slices"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/cofaas/cofaas/test/contract/backend"
	"github.com/cofaas/cofaas/test/contract/pb"
	"github.com/cofaas/cofaas/test/contract/script"
)

func codecs() []*Behaviour {
	return slices.Concat(
		each("codec/gzip", direct, kinds, codecGzip),
		each("codec/compressor that is not registered", direct, kinds, codecNoCompressor),
		each("codec/gzip as option of the connection", direct, kinds, codecGzipOfConn),
		each("codec/of our own, on both sides", direct, kinds, codecSubtype),
		each("codec/forced", direct, kinds, codecForced),
		each("codec/that only the client has", direct, kinds, codecOnlyHere),
		each("codec/that fails", direct, kinds, codecFails),
		each("codec/that fails on the other side", direct, kinds, codecFailsThere),
		each("codec/that fails in the middle of a stream", direct, []Kind{chat}, codecFailsLater),
		each("codec/that fails on what nobody receives", direct, []Kind{chat}, codecFailsUnread),
		each("codec/subtype that is not registered", direct, kinds, codecNoSubtype),
		each("codec/subtype proto", direct, kinds, codecProto),
		each("codec/raw bytes", direct, []Kind{unary}, codecRaw),
	)
}

// large is an order with a payload that compresses well, and asks for it back.
func large(k Kind) *pb.Order {
	order := replying(k, 200_000)
	order.Payload = []byte(strings.Repeat("compresses well ", 20_000))
	return order
}

func codecGzip(t *T, e *Env, k Kind) {
	o := e.do(t.Context(), k, large(k), grpc.UseCompressor("gzip"))
	t.Must("call", o.err)
	want := 320_000
	if k == download || k == chat {
		want = 200_000
	}
	t.Equal("payload", len(o.reports[0].Payload), want)
	t.Status("an error", e.do(t.Context(), k, script.Order(script.Fail(5, "gone")), grpc.UseCompressor("gzip")).err, codes.NotFound, "gone")
	t.OK("an empty message", e.do(t.Context(), k, &pb.Order{}, grpc.UseCompressor("gzip")).err)
}

func codecNoCompressor(t *T, e *Env, k Kind) {
	o := e.do(t.Context(), k, script.Order(), grpc.UseCompressor("nobody-has-this"))
	t.Status("status", o.err, codes.Internal, `grpc: Compressor is not installed for requested grpc-encoding "nobody-has-this"`)
	t.OK("identity", e.do(t.Context(), k, script.Order(), grpc.UseCompressor("identity")).err)
}

func codecGzipOfConn(t *T, e *Env, k Kind) {
	client := e.New(e.Dial(t, grpc.WithDefaultCallOptions(grpc.UseCompressor("gzip"))))
	o := do(t.Context(), client, k, large(k))
	t.Must("call", o.err)
	t.True("payload", len(o.reports[0].Payload) >= 200_000, "it has %d bytes", len(o.reports[0].Payload))
}

func codecSubtype(t *T, e *Env, k Kind) {
	o := e.do(t.Context(), k, looking(k, script.Metadata()), grpc.CallContentSubtype(backend.CodecName))
	t.Must("call", o.err)
	t.Equal("reply", o.fact("metadata"), "true")
	t.Status("an error", e.do(t.Context(), k, script.Order(script.FailDetails(5, "gone")), grpc.CallContentSubtype(backend.CodecName)).err, codes.NotFound, "gone")
}

func codecForced(t *T, e *Env, k Kind) {
	codec := &backend.Codec{Subtype: backend.CodecName}
	o := e.do(t.Context(), k, looking(k, script.Deadline()), grpc.ForceCodec(codec))
	t.Must("call", o.err)
	t.Equal("reply", o.fact("deadline"), "none")
	t.Equal("messages that it has marshalled", codec.Marshals.Load(), int64(1))
	t.Equal("messages that it has unmarshalled", codec.Unmarshals.Load(), int64(1))
}

// A server takes what it has no codec for as protobuf.
func codecOnlyHere(t *T, e *Env, k Kind) {
	codec := namedCodec{brokenCodec{}, "only-here"}
	o := e.do(t.Context(), k, looking(k, script.Deadline()), grpc.ForceCodec(codec))
	t.Must("call", o.err)
	t.Equal("reply", o.fact("deadline"), "none")
}

// namedCodec is protobuf by another name.
type namedCodec struct {
	brokenCodec
	name string
}

func (c namedCodec) Name() string { return c.name }

func (namedCodec) Unmarshal(data []byte, v any) error {
	return proto.Unmarshal(data, v.(proto.Message))
}

func codecFailsThere(t *T, e *Env, k Kind) {
	o := e.do(t.Context(), k, script.Order(), grpc.ForceCodec(namedCodec{brokenCodec{}, backend.CodecName}))
	t.Status("request", o.err, codes.Internal, "grpc: failed to unmarshal the received message: codec contract: no mark")
	order := looking(k)
	order.Id = backend.Unencodable
	o = e.do(t.Context(), k, order, grpc.CallContentSubtype(backend.CodecName))
	t.Status("reply", o.err, codes.Internal, "grpc: error while marshaling: codec contract: it is not to be encoded")
	t.OK("the next call", e.do(t.Context(), k, script.Order(), grpc.CallContentSubtype(backend.CodecName)).err)
}

// garblingCodec is the other side's, but for orders with a payload.
type garblingCodec struct{ backend.Codec }

func (c *garblingCodec) Marshal(v any) ([]byte, error) {
	if o, ok := v.(*pb.Order); ok && len(o.GetPayload()) > 0 {
		return proto.Marshal(o)
	}
	return c.Codec.Marshal(v)
}

func codecFailsLater(t *T, e *Env, _ Kind) {
	stream, err := e.Client().Chat(t.Context(), grpc.ForceCodec(&garblingCodec{backend.Codec{Subtype: backend.CodecName}}))
	t.Must("open", err)
	t.Must("send the order", stream.Send(script.Order(script.Echo())))
	for id := range int64(2) {
		t.Must("send", stream.Send(&pb.Order{Id: id}))
	}
	_ = stream.Send(&pb.Order{Payload: []byte("garbled")}) // how the call ends is for Recv to say
	_ = stream.CloseSend()
	reports, err := drain(stream)
	t.Status("end", err, codes.Internal, "grpc: failed to unmarshal the received message: codec contract: no mark")
	t.Equal("replies before", len(reports), 2)
}

func codecFailsUnread(t *T, e *Env, _ Kind) {
	stream, err := e.Client().Chat(t.Context(), grpc.ForceCodec(&garblingCodec{backend.Codec{Subtype: backend.CodecName}}))
	t.Must("open", err)
	t.Must("send the order", stream.Send(script.Order(script.Report())))
	_ = stream.Send(&pb.Order{Payload: []byte("garbled")}) // it may be over
	_ = stream.CloseSend()
	reports, err := drain(stream)
	t.OK("end", err)
	t.Equal("replies", len(reports), 1)
}

// brokenCodec is protobuf to the other side.
type brokenCodec struct{ marshal, unmarshal error }

func (brokenCodec) Name() string { return "proto" }

func (c brokenCodec) Marshal(v any) ([]byte, error) {
	if c.marshal != nil {
		return nil, c.marshal
	}
	return proto.Marshal(v.(proto.Message))
}

func (c brokenCodec) Unmarshal([]byte, any) error { return c.unmarshal }

func codecFails(t *T, e *Env, k Kind) {
	o := e.do(t.Context(), k, script.Order(), grpc.ForceCodec(brokenCodec{marshal: errors.New("cannot marshal")}))
	t.Status("marshal", o.err, codes.Internal, "grpc: error while marshaling: cannot marshal")
	o = e.do(t.Context(), k, looking(k), grpc.ForceCodec(brokenCodec{unmarshal: errors.New("cannot unmarshal")}))
	t.Status("unmarshal", o.err, codes.Internal, "grpc: failed to unmarshal the received message: cannot unmarshal")
}

func codecNoSubtype(t *T, e *Env, k Kind) {
	o := e.do(t.Context(), k, script.Order(), grpc.CallContentSubtype("nobody-has-this"))
	t.Status("status", o.err, codes.Internal, "no codec registered for content-subtype nobody-has-this")
}

func codecProto(t *T, e *Env, k Kind) {
	t.OK("proto", e.do(t.Context(), k, script.Order(), grpc.CallContentSubtype("proto")).err)
	t.OK("in upper case", e.do(t.Context(), k, script.Order(), grpc.CallContentSubtype("PROTO")).err)
}

// rawCodec has callers see the bytes.
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(v any) ([]byte, error) { return v.([]byte), nil }

func (rawCodec) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = slices.Clone(data)
	return nil
}

func codecRaw(t *T, e *Env, k Kind) {
	in, err := proto.Marshal(&pb.Order{Id: 5, Payload: []byte("raw")})
	t.Must("marshal", err)
	var out []byte
	t.Must("call", e.Conn.Invoke(t.Context(), method(e.Service, k), in, &out, grpc.ForceCodec(rawCodec{})))
	got := new(pb.Report)
	t.Must("unmarshal", proto.Unmarshal(out, got))
	t.Equal("reply", got, &pb.Report{Id: 5, Payload: []byte("raw")})
	err = e.Conn.Invoke(t.Context(), method(e.Service, k), []byte{0xff}, &out, grpc.ForceCodec(rawCodec{}))
	t.Code("bytes that are no message", err, codes.Internal)
}
