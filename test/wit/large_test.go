package wit

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	witgen "github.com/cofaas/cofaas/gen/wit"
	"github.com/cofaas/cofaas/internal/model"
)

// TestLarge maps sizes that no person writes. Discriminants of all sizes are among them.
func TestLarge(t *testing.T) {
	const deep = 10_000
	next := func(n int) func(int) []int {
		return func(i int) []int {
			if i == deep-1 {
				return nil
			}
			return slices.Repeat([]int{i + 1}, n)
		}
	}
	bools := func(n int) func(int) []int {
		return func(int) []int { return slices.Repeat([]int{-1}, n) }
	}
	for _, tt := range []struct {
		name     string
		messages int
		fields   func(i int) []int // the messages of a message's fields, -1 for a bool
		oneof    bool
	}{
		{"100,000 fields", 1, bools(100_000), false},
		{"256 cases", 1, bools(256), true},
		{"257 cases", 1, bools(257), true},
		{"65,536 cases", 1, bools(65_536), true},
		{"65,537 cases", 1, bools(65_537), true},
		{"a chain of 10,000 messages", deep, next(1), false},
		{"a tree of 10,000 messages", deep, next(2), false},
		{"a tree of 10,000 oneofs", deep, next(3), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fd := &descriptorpb.FileDescriptorProto{Name: proto.String("l.proto"), Syntax: proto.String("proto3")}
			for i := range tt.messages {
				md := &descriptorpb.DescriptorProto{Name: proto.String(fmt.Sprintf("M%d", i))}
				for n, to := range tt.fields(i) {
					f := &descriptorpb.FieldDescriptorProto{
						Name: proto.String(fmt.Sprintf("f%d", n)), Number: proto.Int32(int32(20_000 + n)),
						Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(), Type: descriptorpb.FieldDescriptorProto_TYPE_BOOL.Enum(),
					}
					if to >= 0 {
						f.Type, f.TypeName = descriptorpb.FieldDescriptorProto_TYPE_MESSAGE.Enum(), proto.String(fmt.Sprintf(".M%d", to))
					}
					if tt.oneof {
						f.OneofIndex = proto.Int32(0)
						md.OneofDecl = []*descriptorpb.OneofDescriptorProto{{Name: proto.String("o")}}
					}
					md.Field = append(md.Field, f)
				}
				fd.MessageType = append(fd.MessageType, md)
			}
			file, err := protodesc.NewFile(fd, nil)
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			m := model.Build(nil, model.Options{Files: []protoreflect.FileDescriptor{file}})
			text := witgen.Protos(m)
			if took := time.Since(start); took > 30*time.Second {
				t.Errorf("took %v", took)
			}
			Agree(t, text, m)
		})
	}
}
