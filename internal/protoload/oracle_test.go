package protoload

import (
	"context"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/linker"
	"github.com/bufbuild/protocompile/protoutil"
	"github.com/bufbuild/protocompile/reporter"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// oracle compiles files with protocompile, which is tested against protoc.
func oracle(ctx context.Context, fsys fs.FS, names ...string) (linker.Files, error) {
	c := protocompile.Compiler{
		Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{
			Accessor: func(name string) (io.ReadCloser, error) { return fsys.Open(path.Clean(name)) },
		}),
		MaxParallelism: 1,
		SourceInfoMode: protocompile.SourceInfoStandard,
		Reporter:       reporter.NewReporter(nil, nil),
	}
	return c.Compile(ctx, names...)
}

// withoutCustom removes what Load leaves out, custom options, and the sign of default -0, which protocompile drops where
// the source has an integer, and protoc does not.
func withoutCustom(m protoreflect.Message) {
	m.SetUnknown(nil)
	if fd, ok := m.Interface().(*descriptorpb.FieldDescriptorProto); ok && fd.GetDefaultValue() == "-0" {
		fd.DefaultValue = proto.String("0")
	}
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case fd.IsExtension():
			m.Clear(fd)
		case fd.Kind() != protoreflect.MessageKind:
		case fd.IsList():
			for i := range v.List().Len() {
				withoutCustom(v.List().Get(i).Message())
			}
		default:
			withoutCustom(v.Message())
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

// difference is empty when two files are equal but for source information and custom options.
func difference(want, got *descriptorpb.FileDescriptorProto) string {
	want, got = proto.CloneOf(want), proto.CloneOf(got)
	for _, fd := range []*descriptorpb.FileDescriptorProto{want, got} {
		fd.SourceCodeInfo = nil
		withoutCustom(fd.ProtoReflect())
	}
	if proto.Equal(want, got) {
		return ""
	}
	return cmp.Diff(text(want), text(got)) + "."
}

func testdataNames(t testing.TB) []string {
	t.Helper()
	var names []string
	err := fs.WalkDir(os.DirFS("testdata"), ".", func(p string, d fs.DirEntry, err error) error {
		if strings.HasSuffix(p, ".proto") {
			names = append(names, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestLoad_agreesWithOracle(t *testing.T) {
	for _, name := range testdataNames(t) {
		t.Run(name, func(t *testing.T) {
			want, err := oracle(t.Context(), os.DirFS("testdata"), name)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Load(t.Context(), Options{ImportPaths: []string{"testdata"}}, name)
			if err != nil {
				t.Fatal(err)
			}
			gotFile, err := got.FindFileByPath(name)
			if err != nil {
				t.Fatal(err)
			}
			set := got.DescriptorSet()
			if d := difference(protoutil.ProtoFromFileDescriptor(want[0]), set.File[len(set.File)-1]); d != "" {
				t.Error("descriptor sets differ (-oracle +load):", d)
			}
			if name == "messageset.proto" { // what is linked differs; see TestFiles_IsMessageSet
				return
			}
			if d := difference(protodesc.ToFileDescriptorProto(want[0]), protodesc.ToFileDescriptorProto(gotFile)); d != "" {
				t.Error("descriptors differ (-oracle +load):", d)
			}
			wantLocs, gotLocs := locations(want[0]), locations(gotFile)
			if d := cmp.Diff(wantLocs, gotLocs); d != "" {
				t.Error("source information differs (-oracle +load):", d)
			}
		})
	}
}

// locations returns the source information of what has comments, by path in the descriptor.
func locations(fd protoreflect.FileDescriptor) map[string]protoreflect.SourceLocation {
	m := map[string]protoreflect.SourceLocation{}
	for i := range fd.SourceLocations().Len() {
		loc := fd.SourceLocations().Get(i)
		key := loc.Path.String()
		last := key[strings.LastIndexByte(key, '.')+1:]
		declares := []string{"message_type", "nested_type", "field", "extension", "enum_type", "value", "oneof_decl",
			"service", "method", "dependency"}
		name, _, index := strings.Cut(last, "[")
		if len(loc.Path) == 0 || key == ".syntax" || key == ".edition" || key == ".package" || last == "name" ||
			index && slices.Contains(declares, name) {
			loc.Next = 0
			if len(loc.LeadingDetachedComments) == 0 {
				loc.LeadingDetachedComments = nil
			}
			m[key] = loc
		}
	}
	return m
}
