package golang

import (
	"fmt"
	"testing"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"

	"github.com/cofaas/cofaas/internal/model"
)

// TestAccessors holds the names of accessors to protoc-gen-go's: for all names of up to five of the characters that matter, and
// for the first fields of a message whose names meet.
func TestAccessors(t *testing.T) {
	file := &descriptorpb.FileDescriptorProto{
		Name: proto.String("a.proto"), Syntax: proto.String("proto3"),
		Options: &descriptorpb.FileOptions{GoPackage: proto.String("example.com/a")},
	}
	message := func(names ...string) {
		m := &descriptorpb.DescriptorProto{Name: proto.String(fmt.Sprintf("M%d", len(file.MessageType)))}
		for i, name := range names {
			m.Field = append(m.Field, &descriptorpb.FieldDescriptorProto{
				Name: proto.String(name), JsonName: proto.String(fmt.Sprint("j", i)), Number: proto.Int32(int32(i + 1)),
				Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(), Type: descriptorpb.FieldDescriptorProto_TYPE_INT32.Enum(),
			})
		}
		file.MessageType = append(file.MessageType, m)
	}
	var all func(prefix string)
	all = func(prefix string) {
		if prefix != "" {
			message(prefix)
		}
		for _, c := range "aB_1" {
			if len(prefix) < 5 && (prefix != "" || c != '1') {
				all(prefix + string(c))
			}
		}
	}
	all("")
	message("build")
	message("foo", "Foo")
	message("_foo", "X_foo", "XFoo", "foo")
	message("build", "Build", "build_")

	gen, err := protogen.Options{}.New(&pluginpb.CodeGeneratorRequest{
		ProtoFile: []*descriptorpb.FileDescriptorProto{file}, FileToGenerate: []string{"a.proto"}, Parameter: proto.String("default_api_level=API_OPAQUE"),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range gen.Files[0].Messages {
		var mm model.Message
		for _, f := range m.Fields {
			mm.Fields = append(mm.Fields, &model.Field{Name: f.Desc.Name(), Number: f.Desc.Number()})
		}
		names, _ := accessors(&mm)
		for i, f := range m.Fields {
			want, _ := f.MethodName("Get")
			if got := "Get" + names[mm.Fields[i]]; got != want {
				t.Errorf("field %s of %d: got %s, want %s", f.Desc.Name(), len(m.Fields), got, want)
			}
		}
	}
}

// TestAccessors_Oneof has a oneof whose field meets another one.
func TestAccessors_Oneof(t *testing.T) {
	o := &model.Oneof{Name: "kind"}
	m := &model.Message{Fields: []*model.Field{{Name: "a", Number: 1, Oneof: o}, {Name: "A", Number: 2}, {Name: "b", Number: 3, Oneof: o}}}
	fields, oneofs := accessors(m)
	for i, want := range []string{"A_1", "A_2", "B"} {
		if got := fields[m.Fields[i]]; got != want {
			t.Errorf("field %s: got %s, want %s", m.Fields[i].Name, got, want)
		}
	}
	if got := oneofs[o]; got != "Kind_1" {
		t.Errorf("oneof: got %s, want Kind_1", protoreflect.Name(got))
	}
}
