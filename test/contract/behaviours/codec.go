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
		each("codec/that fails", direct, kinds, codecFails),
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
