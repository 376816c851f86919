package host

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/cofaas/cofaas/host/engine"
	"github.com/cofaas/cofaas/host/internal/transcode"
	"github.com/cofaas/cofaas/internal/model"
	"github.com/cofaas/cofaas/isolate/protocol"
)

// A function may have codecs of its own, and clients from outside use them by the content-subtype of their calls. What their bytes mean
// only the function knows: it turns requests into protobuf before a call, and replies back after it. It is asked as it is called otherwise,
// by a method that no service has.

// codecs are those of a function.
type codecs struct {
	method *exportMethod
	// missing is set when a guest has no such export.
	missing atomic.Bool
}

const codecsExport = "cofaas-transcode"

// transcodingFile declares what package protocol has in its comments.
var transcodingFile = &descriptorpb.FileDescriptorProto{
	Name: proto.String("cofaas/runtime.proto"), Package: proto.String("cofaas"), Syntax: proto.String("proto3"),
	MessageType: []*descriptorpb.DescriptorProto{
		{Name: proto.String("Transcoding"), Field: []*descriptorpb.FieldDescriptorProto{
			protoField("codec", 1, descriptorpb.FieldDescriptorProto_TYPE_STRING), protoField("method", 2, descriptorpb.FieldDescriptorProto_TYPE_STRING),
			protoField("reply", 3, descriptorpb.FieldDescriptorProto_TYPE_BOOL), protoField("data", 4, descriptorpb.FieldDescriptorProto_TYPE_BYTES),
		}},
		{Name: proto.String("Transcoded"), Field: []*descriptorpb.FieldDescriptorProto{
			protoField("data", 1, descriptorpb.FieldDescriptorProto_TYPE_BYTES), protoField("done", 2, descriptorpb.FieldDescriptorProto_TYPE_BOOL),
		}},
	},
	Service: []*descriptorpb.ServiceDescriptorProto{{Name: proto.String("runtime"), Method: []*descriptorpb.MethodDescriptorProto{
		{Name: proto.String("transcode"), InputType: proto.String(".cofaas.Transcoding"), OutputType: proto.String(".cofaas.Transcoded")},
	}}},
}

func protoField(name string, number int32, typ descriptorpb.FieldDescriptorProto_Type) *descriptorpb.FieldDescriptorProto {
	return &descriptorpb.FieldDescriptorProto{
		Name: &name, Number: &number, Type: &typ, Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(), JsonName: &name,
	}
}

// newCodecs adds the method to those of a function.
func newCodecs(f *function) *codecs {
	fd, err := protodesc.NewFile(transcodingFile, nil)
	if err != nil {
		panic(fmt.Sprintf("host: %v", err))
	}
	service := fd.Services().Get(0)
	p := &program{model: model.Build([]protoreflect.ServiceDescriptor{service}, model.Options{})}
	m := newMethod(p, new(transcode.Tables), p.model.Service(service.FullName()).Methods[0])
	return &codecs{method: &exportMethod{method: m, fn: f, index: len(f.exports), export: codecsExport, post: "cabi_post_" + codecsExport}}
}

// in returns the export of an instance, nil if it has none: its guest may not be Go's, or may be older.
func (c *codecs) in(inst *instance) engine.Func {
	f := inst.iso.Func(codecsExport)
	c.missing.Store(f == nil)
	return f
}

// callCodec turns the messages of one call.
type callCodec struct {
	codecs          *codecs
	subtype, method string
	// unknown is set when the function has said that it has no such codec.
	unknown atomic.Bool
}

// codecOf returns nil for calls whose messages are protobuf.
func (m *exportMethod) codecOf(ctx context.Context) *callCodec {
	if m.fn.codecs == nil || m.fn.codecs.missing.Load() {
		return nil
	}
	subtype := contentSubtype(ctx)
	if subtype == "" || subtype == "proto" || len(subtype) > maxSubtype || !utf8.ValidString(subtype) {
		return nil
	}
	return &callCodec{codecs: m.fn.codecs, subtype: subtype, method: m.full}
}

// maxSubtype is the longest name of a codec. Longer ones are nobody's, and would be copied for every message.
const maxSubtype = 256

// contentSubtype returns that of a call from outside, as grpc-go's server has it.
func contentSubtype(ctx context.Context) string {
	if s, ok := grpc.ServerTransportStreamFromContext(ctx).(interface{ ContentSubtype() string }); ok {
		return s.ContentSubtype()
	}
	return ""
}

// turn returns a message of a call in protobuf, if it is a request, and otherwise in the codec's form. A call without a codec leaves messages
// as they are. m is turn's.
func (c *callCodec) turn(ctx context.Context, m wireMessage, isReply bool) (wireMessage, *status.Status) {
	if c == nil || c.unknown.Load() {
		return m, nil
	}
	t := protocol.Transcoding{Codec: c.subtype, Method: c.method, Reply: isReply, Data: m.bytes()}
	out, st := c.codecs.transcode(ctx, &t)
	if st == nil && !out.Done {
		c.unknown.Store(true)
		return m, nil
	}
	m.free()
	if st != nil {
		return wireMessage{}, st
	}
	return wireBytes(out.Data), nil
}

// transcode asks the function.
func (c *codecs) transcode(ctx context.Context, t *protocol.Transcoding) (protocol.Transcoded, *status.Status) {
	reply, st := c.method.invoke(ctx, t.Append(nil), &callContext{deadline: deadlineOf(ctx)})
	if st != nil {
		return protocol.Transcoded{}, st
	}
	out, err := protocol.ParseTranscoded(reply.own())
	if err != nil {
		return out, callError(c.method.fn.name, err)
	}
	return out, nil
}

// invokeCoded is invoke with messages as a codec has them.
func (m *exportMethod) invokeCoded(ctx context.Context, codec *callCodec, in *wireMessage, cc *callContext) (out wireMessage, st *status.Status) {
	if *in, st = codec.turn(ctx, *in, false); st != nil {
		return wireMessage{}, st
	}
	if out, st = m.invoke(ctx, in.bytes(), cc); st != nil {
		return out, st
	}
	return codec.turn(ctx, out, true)
}

// codedStream is a streaming call from outside with messages as a codec has them.
type codedStream struct {
	serverStream
	ctx   context.Context
	codec *callCodec
	// failed is why a request was not turned.
	failed atomic.Pointer[status.Status]
}

// undecodable is no message in protobuf.
var undecodable = []byte{7}

// isUndecodable says whether a call has ended because its server has met what it cannot decode.
func isUndecodable(st *status.Status) bool {
	return st.Code() == codes.Internal && strings.HasPrefix(st.Message(), notUnmarshaled)
}

func (s *codedStream) recv() (wireMessage, error) {
	m, err := s.serverStream.recv()
	if err != nil {
		return m, err
	}
	m, st := s.codec.turn(s.ctx, m, false)
	if st != nil {
		s.failed.CompareAndSwap(nil, st)
	}
	if isUndecodable(st) {
		// Its server is to meet it, if it goes on to receive: this is ahead of it.
		return wireBytes(undecodable), nil
	}
	return m, st.Err()
}

func (s *codedStream) send(m wireMessage) error {
	m, st := s.codec.turn(s.ctx, m, true)
	if st != nil {
		return st.Err()
	}
	return s.serverStream.send(m)
}

// end ends the call, with the codec's words for what it could not decode.
func (s *codedStream) end(st *status.Status, trailer []byte) {
	if failed := s.failed.Load(); failed != nil && (isUndecodable(st) || !isUndecodable(failed)) {
		st = failed
	}
	s.serverStream.end(st, trailer)
}
