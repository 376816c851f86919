package transcode

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/cofaas/cofaas/host/internal/link"
	"github.com/cofaas/cofaas/host/internal/testpb"
	"github.com/cofaas/cofaas/internal/abi"
	"github.com/cofaas/cofaas/internal/mapping"
)

// onChannel are messages as they travel from one process to another.
func onChannel() []namedMessage {
	inner := &testpb.Inner{Number: 7, Text: "a mug, blue", Numbers: []int32{1, 2, 3}}
	nested := &testpb.Outer{Middle: &testpb.Middle{Inner: inner}, After: "the end"}
	for range 40 {
		nested.Middle.Inners = append(nested.Middle.Inners, inner)
	}
	return []namedMessage{
		{"small", inner}, {"1KB", wrapperspb.Bytes(make([]byte, 1<<10))}, {"nested", nested}, {"512KB", wrapperspb.Bytes(make([]byte, 512<<10))},
	}
}

type namedMessage struct {
	name string
	proto.Message
}

// planOf returns how a message is copied between memories.
func planOf(md protoreflect.MessageDescriptor) *abi.Plan {
	var layouts mapping.Layouts
	for _, f := range must(modelOf(md)).Files {
		for _, msg := range f.Messages {
			if msg.Name == md.FullName() {
				return abi.NewPlan(layouts.Message(msg).Type)
			}
		}
	}
	panic("the message is not in its own model")
}

// BenchmarkChannel compares what could travel between two processes of which neither trusts the other: protobuf bytes, which one end makes,
// copies into the channel, and the other copies out and parses; or values as the ABI lays them out. Of the latter it measures the least
// that there is to do: one walk that copies a value into the channel, and one that checks and copies it out. What the ends would need to
// make such a value of Go's own, and the reverse, comes on top. The host's part is what it does where one end is a guest.
func BenchmarkChannel(b *testing.B) {
	for _, c := range onChannel() {
		name, msg := c.name, c.Message
		mt := msg.ProtoReflect().Type()
		md := mt.Descriptor()
		m, plan := must(tables(md))[md.FullName()], planOf(md)
		wire := must(proto.Marshal(msg))
		var value link.Buffer
		at := must(Decode(m, wire, &value, noLimit))
		b.Run(name+"/protobuf", func(b *testing.B) {
			var out, in []byte
			ring := make([]byte, len(wire))
			for b.Loop() {
				out = must(proto.MarshalOptions{}.MarshalAppend(out[:0], msg))
				copy(ring, out)
				in = append(in[:0], ring...)
				if err := proto.Unmarshal(in, mt.New().Interface()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(wire)), "bytes")
		})
		b.Run(name+"/abi", func(b *testing.B) {
			var ring, out link.Buffer
			for b.Loop() {
				ring.Reset()
				out.Reset()
				in := must(link.NewRecord(plan, &value, at, &ring, noLimit))
				must(link.NewRecord(plan, &ring, in, &out, noLimit))
			}
			b.ReportMetric(float64(len(value.Bytes())), "bytes")
		})
		b.Run(name+"/host", func(b *testing.B) {
			var wire []byte
			var out link.Buffer
			for b.Loop() {
				out.Reset()
				wire = must(Encode(m, value.Bytes(), at, wire[:0], noLimit))
				must(Decode(m, wire, &out, noLimit))
			}
		})
	}
}
