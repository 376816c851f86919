package protoload

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

func load(t testing.TB, names ...string) *Files {
	t.Helper()
	files, err := Load(t.Context(), Options{ImportPaths: []string{"testdata"}}, names...)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func find(t *testing.T, files *Files, name protoreflect.FullName) protoreflect.Descriptor {
	t.Helper()
	d, err := files.FindDescriptorByName(name)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return d
}

func TestFiles_Position(t *testing.T) {
	files := load(t, "comments.proto", "nested.proto", "crlf.proto")
	at := func(file, rest string) string { return filepath.Join("testdata", file) + rest }
	maybe := find(t, files, "test.nested.Outer").(protoreflect.MessageDescriptor).Oneofs().ByName("_maybe_message")
	for _, tt := range []struct {
		d    protoreflect.Descriptor
		want string
	}{
		{find(t, files, "test.comments.M"), at("comments.proto", ":20:1")},
		{find(t, files, "test.comments.M.tabbed"), at("comments.proto", ":29:9")},
		{find(t, files, "test.comments.M.o"), at("comments.proto", ":35:3")},
		{find(t, files, "test.comments.M.E_ZERO"), at("comments.proto", ":51:5")},
		{find(t, files, "test.comments.S"), at("comments.proto", ":59:1")},
		{find(t, files, "test.comments.S.Put"), at("comments.proto", ":63:3")},
		{find(t, files, "test.crlf.M.f"), at("crlf.proto", ":7:3")},
		// Made up: where the field is.
		{find(t, files, "test.comments.M.LabelsEntry"), at("comments.proto", ":32:3")},
		{find(t, files, "test.comments.M.LabelsEntry.value"), at("comments.proto", ":32:3")},
		{maybe, at("nested.proto", ":27:3")},
		// Not read.
		{find(t, files, "google.protobuf.Any"), "google/protobuf/any.proto"},
	} {
		if got := files.Position(tt.d).String(); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.d.FullName(), got, tt.want)
		}
	}
}

func TestFiles_Comments(t *testing.T) {
	files := load(t, "comments.proto")
	for name, want := range map[protoreflect.FullName]string{
		"test.comments.M":       "Leading of message.\nSecond line.",
		"test.comments.M.a":     "Leading of field.",
		"test.comments.M.E_ONE": "trailing of one",
		"test.comments.M.N":     "Leading of nested.",
		"test.comments.S.Get":   "Leading of Get.",
		"test.comments.M.x":     "Leading of x.",
		"google.protobuf.Any":   "",
	} {
		if got := files.Comments(find(t, files, name)); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestFiles_DescriptorSet(t *testing.T) {
	names := slices.DeleteFunc(testdataNames(t), func(name string) bool { return name == "messageset.proto" }) // protodesc refuses it
	files := load(t, names...)
	a, b := files.DescriptorSet(), load(t, names...).DescriptorSet()
	if !proto.Equal(a, b) {
		t.Error("two runs differ")
	}
	// Dependencies come first, so the set links as it is.
	linked, err := protodesc.NewFiles(a)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for i, fd := range a.File {
		for _, dep := range fd.Dependency {
			if !seen[dep] {
				t.Errorf("%s comes before %s, which it imports", fd.GetName(), dep)
			}
		}
		seen[fd.GetName()] = true
		if fd.SourceCodeInfo != nil {
			t.Errorf("%s has source information", fd.GetName())
		}
		if got := files.All()[i].Path(); got != fd.GetName() {
			t.Errorf("file %d is %s in All and %s in the set", i, got, fd.GetName())
		}
	}
	for _, name := range names {
		if _, err := linked.FindFileByPath(name); err != nil {
			t.Error(err)
		}
	}
	a.File[0].Name = proto.String("changed")
	if !proto.Equal(files.DescriptorSet(), b) {
		t.Error("a change of the set changed the files")
	}
}

func TestLoad_importPaths(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	for path, src := range map[string]string{
		filepath.Join(first, "a.proto"):  "import \"b.proto\";\nimport \"google/protobuf/empty.proto\";",
		filepath.Join(second, "a.proto"): "not proto",
		filepath.Join(second, "b.proto"): "message B {}",
	} {
		if err := os.WriteFile(path, []byte(src), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	// A copy of a well-known file is not read.
	if err := os.MkdirAll(filepath.Join(first, "google", "protobuf"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(first, "google", "protobuf", "empty.proto"), []byte("not proto"), 0o666); err != nil {
		t.Fatal(err)
	}
	files, err := Load(t.Context(), Options{ImportPaths: []string{first, second}}, "a.proto", "b.proto")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, fd := range files.All() {
		got = append(got, files.Path(fd))
	}
	want := []string{filepath.Join(second, "b.proto"), "google/protobuf/empty.proto", filepath.Join(first, "a.proto")}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLoad_wellKnown(t *testing.T) {
	for name := range wellKnown {
		files := load(t, name)
		if _, err := files.FindFileByPath(name); err != nil {
			t.Error(err)
		}
	}
}

func TestLoad_customOptions(t *testing.T) {
	src := p3 + `import "google/protobuf/descriptor.proto";
extend google.protobuf.MessageOptions { M m = 50000; }
message M {
  option (m) = { a: "x}" b: [1, -2.5, inf] c < d { e: 'y' } > [f.g]: true };
  option (.m).a.b = -inf;
  int32 x = 1 [(a.b).c = "z", deprecated = true, (d) = { e: 1, f: 2; }];
}`
	files, err := Load(t.Context(), Options{FS: archive(src)}, "a.proto")
	if err != nil {
		t.Fatal(err)
	}
	m := find(t, files, "M").(protoreflect.MessageDescriptor)
	if got := proto.Size(protodesc.ToDescriptorProto(m).GetOptions()); got != 0 {
		t.Errorf("options of M take %d bytes, want none", got)
	}
	if got := protodesc.ToFieldDescriptorProto(m.Fields().Get(0)).GetOptions(); !got.GetDeprecated() {
		t.Errorf("options of x are %v, want deprecated", got)
	}
}

func TestFiles_IsMessageSet(t *testing.T) {
	files := load(t, "messageset.proto")
	set := find(t, files, "test.set.Set").(protoreflect.MessageDescriptor)
	item := find(t, files, "test.set.Item").(protoreflect.MessageDescriptor)
	if !files.IsMessageSet(set) || files.IsMessageSet(item) {
		t.Errorf("sets are %v, %v, want Set only", files.IsMessageSet(set), files.IsMessageSet(item))
	}
	if n := item.Extensions().Len(); n != 1 {
		t.Errorf("%d extensions are linked, want the one with the number of a field", n)
	}
	if got := files.Position(item).String(); got != filepath.Join("testdata", "messageset.proto:10:1") {
		t.Errorf("Item is at %s", got)
	}
	// In the set of descriptors nothing is missing.
	fd := files.DescriptorSet().File[0]
	if md := fd.MessageType[0]; !md.GetOptions().GetMessageSetWireFormat() || md.ExtensionRange[0].GetEnd() != maxInt32 {
		t.Errorf("got %v, want a message set", md)
	}
	if n := len(fd.MessageType[1].Extension); n != 2 {
		t.Errorf("%d extensions, want 2", n)
	}
}

func TestLoad_edition2024(t *testing.T) {
	src := `edition = "2024";
package p;
import option "gone.proto";

// Doc of M.
export message M { // trailing
  local message N {}
  // Doc of E.
  local enum E { E_UNSPECIFIED = 0; }
  N n = 1 [(gone.opt) = { any: "thing" }];
  string export = 2;
}
option features.default_symbol_visibility = LOCAL_ALL;
`
	files, err := Load(t.Context(), Options{FS: archive(src)}, "a.proto")
	if err != nil {
		t.Fatal(err)
	}
	fd := files.DescriptorSet().File[0]
	m := fd.MessageType[0]
	if fd.GetEdition() != descriptorpb.Edition_EDITION_2024 || len(fd.Dependency) != 0 || fd.OptionDependency[0] != "gone.proto" ||
		m.GetVisibility() != descriptorpb.SymbolVisibility_VISIBILITY_EXPORT ||
		m.NestedType[0].GetVisibility() != descriptorpb.SymbolVisibility_VISIBILITY_LOCAL ||
		m.EnumType[0].GetVisibility() != descriptorpb.SymbolVisibility_VISIBILITY_LOCAL {
		t.Errorf("got %v", fd)
	}
	// The word is not part of the declaration's place, but comments are in front of it.
	for name, want := range map[protoreflect.FullName][2]string{"p.M": {"a.proto:6:8", "Doc of M."}, "p.M.E": {"a.proto:9:9", "Doc of E."}} {
		d := find(t, files, name)
		if pos, doc := files.Position(d).String(), files.Comments(d); pos != want[0] || doc != want[1] {
			t.Errorf("%s: got %s, %q, want %s, %q", name, pos, doc, want[0], want[1])
		}
	}
}
