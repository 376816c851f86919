package corpus

import (
	"path"
	"strings"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// difference is empty when two descriptors of a file say the same. Not compared are source information, custom options,
// options that compilers do not keep, and the folders in the names of imports, which depend on where a generator was run.
func difference(want, got *descriptorpb.FileDescriptorProto) string {
	want, got = normal(want), normal(got)
	if proto.Equal(want, got) {
		return ""
	}
	return cmp.Diff(text(want), text(got)) + "."
}

func normal(fd *descriptorpb.FileDescriptorProto) *descriptorpb.FileDescriptorProto {
	fd = proto.CloneOf(fd)
	fd.SourceCodeInfo = nil
	if fd.GetSyntax() == "proto2" {
		fd.Syntax = nil
	}
	for i, dep := range fd.Dependency {
		fd.Dependency[i] = path.Base(dep)
	}
	strip(fd.ProtoReflect())
	return fd
}

// strip removes custom options, and those for compilers only, and options that are empty then.
func strip(m protoreflect.Message) {
	m.SetUnknown(nil)
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		opts, _ := fd.Options().(*descriptorpb.FieldOptions)
		switch {
		case fd.IsExtension(), opts.GetRetention() == descriptorpb.FieldOptions_RETENTION_SOURCE:
			m.Clear(fd)
		case fd.Kind() != protoreflect.MessageKind:
		case fd.IsList():
			for i := range v.List().Len() {
				strip(v.List().Get(i).Message())
			}
		default:
			strip(v.Message())
			if (fd.Name() == "options" || fd.Name() == "features") && proto.Size(v.Message().Interface()) == 0 {
				m.Clear(fd)
			}
		}
		return true
	})
}

func text(m proto.Message) string {
	// prototext varies its white space on purpose.
	return strings.ReplaceAll(prototext.MarshalOptions{Multiline: true}.Format(m), ":  ", ": ")
}
