package transcode

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/genproto/googleapis/rpc/status"
	binarylogpb "google.golang.org/grpc/binarylog/grpc_binarylog_v1"
	channelzpb "google.golang.org/grpc/channelz/grpc_channelz_v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/gofeaturespb"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/apipb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/sourcecontextpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/typepb"
	"google.golang.org/protobuf/types/known/wrapperspb"
	"google.golang.org/protobuf/types/pluginpb"

	"github.com/cofaas/cofaas/host/internal/link"
)

// generated are messages that others have made: proto2 with extensions and required fields, recursion, real sizes.
var generated = []proto.Message{
	&anypb.Any{}, &apipb.Api{}, &durationpb.Duration{}, &emptypb.Empty{}, &fieldmaskpb.FieldMask{}, &sourcecontextpb.SourceContext{},
	&structpb.Struct{}, &structpb.Value{}, &timestamppb.Timestamp{}, &typepb.Type{}, &wrapperspb.BytesValue{}, &wrapperspb.DoubleValue{},
	&descriptorpb.FileDescriptorSet{}, &descriptorpb.UninterpretedOption{}, &pluginpb.CodeGeneratorRequest{}, &pluginpb.CodeGeneratorResponse{},
	&gofeaturespb.GoFeatures{}, &status.Status{}, &errdetails.ErrorInfo{}, &errdetails.BadRequest{},
	&binarylogpb.GrpcLogEntry{}, &channelzpb.Channel{}, &channelzpb.GetSocketResponse{},
}

func TestGenerated(t *testing.T) {
	for _, msg := range generated {
		mt := msg.ProtoReflect().Type()
		t.Run(string(mt.Descriptor().FullName()), func(t *testing.T) {
			tables, err := tables(mt.Descriptor())
			if err != nil {
				t.Fatal(err)
			}
			m := tables[mt.Descriptor().FullName()]
			r := rand.New(rand.NewPCG(15, 16))
			for range 50 {
				wire, err := proto.MarshalOptions{Deterministic: true}.Marshal(randomMessage(r, mt.New(), 4).Interface())
				if err != nil {
					t.Fatal(err)
				}
				got, err := roundTrip(m, wire)
				if err != nil || !bytes.Equal(got, wire) {
					t.Fatalf("%v\n got %x\nwant %x", err, got, wire)
				}
				for range 20 {
					checkAgrees(t, m, mt, mutate(r, wire))
				}
			}
		})
	}
}

// Descriptors of all files that are linked into the test, as a real message of a megabyte.
func TestGenerated_descriptors(t *testing.T) {
	var set descriptorpb.FileDescriptorSet
	protoregistry.GlobalFiles.RangeFiles(func(fd protoreflect.FileDescriptor) bool {
		set.File = append(set.File, protodesc.ToFileDescriptorProto(fd))
		return true
	})
	tables, err := tables(set.ProtoReflect().Descriptor())
	if err != nil {
		t.Fatal(err)
	}
	wire, err := proto.MarshalOptions{Deterministic: true}.Marshal(&set)
	if err != nil {
		t.Fatal(err)
	}
	got, err := roundTrip(tables["google.protobuf.FileDescriptorSet"], wire)
	if err != nil {
		t.Fatal(err)
	}
	var again descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(got, &again); err != nil || !proto.Equal(&again, &set) {
		t.Errorf("%v: %d bytes became %d others", err, len(wire), len(got))
	}
}

// mutate damages wire bytes as transmission and carelessness do: bits, bytes, pieces that are lost, doubled and swapped.
func mutate(r *rand.Rand, wire []byte) []byte {
	out := bytes.Clone(wire)
	for range 1 + r.IntN(3) {
		if len(out) == 0 {
			return []byte{byte(r.Uint32())}
		}
		i := r.IntN(len(out))
		j := i + r.IntN(min(len(out)-i, 20)+1)
		switch r.IntN(6) {
		case 0:
			out[i] ^= 1 << r.IntN(8)
		case 1:
			out[i] = byte(r.Uint32())
		case 2:
			out = append(out[:i:i], out[j:]...)
		case 3:
			out = append(out[:j:j], out[i:]...)
		case 4:
			out = out[:i]
		default:
			out = append(out[i:len(out):len(out)], out[:i]...)
		}
	}
	return out
}

// channel is a message as services send them: about 20 fields on 3 levels and more, and two lists.
func channel() *channelzpb.Channel {
	ts := timestamppb.New(timestamppb.Now().AsTime())
	return &channelzpb.Channel{
		Ref: &channelzpb.ChannelRef{ChannelId: 7, Name: "channel"},
		Data: &channelzpb.ChannelData{
			State: &channelzpb.ChannelConnectivityState{State: channelzpb.ChannelConnectivityState_READY}, Target: "dns:///service:8080",
			Trace: &channelzpb.ChannelTrace{NumEventsLogged: 1000, CreationTimestamp: ts, Events: []*channelzpb.ChannelTraceEvent{
				{Description: "created", Severity: channelzpb.ChannelTraceEvent_CT_INFO, Timestamp: ts},
				{Description: "address resolved", Severity: channelzpb.ChannelTraceEvent_CT_WARNING, Timestamp: ts},
			}},
			CallsStarted: 100000, CallsSucceeded: 99990, CallsFailed: 10, LastCallStartedTimestamp: ts,
		},
		SubchannelRef: []*channelzpb.SubchannelRef{{SubchannelId: 8, Name: "first"}, {SubchannelId: 9, Name: "second"}},
	}
}

var benchmarks = []struct {
	name string
	msg  proto.Message
}{
	{"nested", channel()},
	{"string", wrapperspb.String("a string of a few words, as requests have them")},
	{"descriptor", protodesc.ToFileDescriptorProto(descriptorpb.File_google_protobuf_descriptor_proto)},
	{"struct", must(structpb.NewStruct(map[string]any{"a": 1, "b": []any{"x", true, nil}, "c": map[string]any{"d": "e"}}))},
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// BenchmarkDecode is against proto.Unmarshal of the same message into a new one.
func BenchmarkDecode(b *testing.B) {
	for _, bm := range benchmarks {
		md := bm.msg.ProtoReflect().Descriptor()
		m := must(tables(md))[md.FullName()]
		wire := must(proto.Marshal(bm.msg))
		b.Run(bm.name+"/transcode", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(wire)))
			var mem link.Buffer
			for b.Loop() {
				mem.Reset()
				if _, err := Decode(m, wire, &mem, noLimit); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(bm.name+"/protobuf-go", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(wire)))
			mt := bm.msg.ProtoReflect().Type()
			for b.Loop() {
				if err := proto.Unmarshal(wire, mt.New().Interface()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkEncode is against proto.Marshal of the same message.
func BenchmarkEncode(b *testing.B) {
	for _, bm := range benchmarks {
		md := bm.msg.ProtoReflect().Descriptor()
		m := must(tables(md))[md.FullName()]
		wire := must(proto.Marshal(bm.msg))
		b.Run(bm.name+"/transcode", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(wire)))
			var mem link.Buffer
			at := must(Decode(m, wire, &mem, noLimit))
			for b.Loop() {
				if _, err := Encode(m, mem.Bytes(), at, nil, noLimit); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(bm.name+"/protobuf-go", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(wire)))
			for b.Loop() {
				if _, err := proto.Marshal(bm.msg); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
