package protoload

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
)

func load(t *testing.T, names ...string) *Files {
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
	names := testdataNames(t)
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
