package pbdesc

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/go/packages"
	"golang.org/x/tools/txtar"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/cofaas/cofaas/internal/protoload"

	_ "google.golang.org/genproto/googleapis/rpc/status"
)

// fakes are what generated code imports, as far as it registers descriptors.
const fakes = `
-- src/google.golang.org/protobuf/internal/filedesc/build.go --
package filedesc

type Builder struct {
	GoPackagePath string
	RawDescriptor []byte
	NumMessages   int32
}
-- src/google.golang.org/protobuf/runtime/protoimpl/impl.go --
package protoimpl

import "google.golang.org/protobuf/internal/filedesc"

type (
	DescBuilder = filedesc.Builder
	TypeBuilder struct{ File DescBuilder }
)

func (TypeBuilder) Build() int { return 0 }
-- src/github.com/golang/protobuf/proto/proto.go --
package proto

func RegisterFile(name string, desc []byte) {}
-- src/github.com/gogo/protobuf/proto/proto.go --
package proto

func RegisterFile(name string, desc []byte) {}
`

// load type-checks packages of a GOPATH that holds the fakes and the files of an archive.
func load(t *testing.T, src string, patterns ...string) []*packages.Package {
	t.Helper()
	dir := t.TempDir()
	for _, f := range slices.Concat(txtar.Parse([]byte(fakes)).Files, txtar.Parse([]byte(src)).Files) {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	pkgs, err := packages.Load(&packages.Config{Mode: packages.LoadAllSyntax, Dir: dir,
		Env: append(os.Environ(), "GO111MODULE=off", "GOWORK=off", "GOPATH="+dir)}, patterns...)
	if err != nil {
		t.Fatal(err)
	}
	if packages.PrintErrors(pkgs) > 0 {
		t.Fatal("packages do not load")
	}
	return pkgs
}

// descriptor returns a file as generated code holds it.
func descriptor(t *testing.T, name, src string) *descriptorpb.FileDescriptorProto {
	t.Helper()
	files, err := protoload.Load(t.Context(), protoload.Options{FS: fstest.MapFS{name: {Data: []byte(src)}}}, name)
	if err != nil {
		t.Fatal(err)
	}
	set := files.DescriptorSet()
	return set.File[len(set.File)-1]
}

func marshal(t *testing.T, fd *descriptorpb.FileDescriptorProto) []byte {
	t.Helper()
	b, err := proto.Marshal(fd)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func compress(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// elements and concatenation are how generators write bytes.
func elements(b []byte) string {
	var s strings.Builder
	s.WriteString("[]byte{\n")
	for _, c := range b {
		fmt.Fprintf(&s, "0x%02x, ", c)
	}
	s.WriteString("\n}")
	return s.String()
}

func concatenation(b []byte) string {
	s := `""`
	for part := range slices.Chunk(b, 20) {
		s += fmt.Sprintf(" +\n\t%q", part)
	}
	return s
}

const unsafeSlice = "unsafe.Slice(unsafe.StringData(file_x_proto_rawDesc), len(file_x_proto_rawDesc))"

// apiV2 is code of protoc-gen-go since google.golang.org/protobuf.
func apiV2(decl, raw string) string {
	imports := `import protoimpl "google.golang.org/protobuf/runtime/protoimpl"`
	if strings.Contains(raw, "unsafe") {
		imports += "\nimport unsafe \"unsafe\""
	}
	return `
-- src/x/x.pb.go --
package x

` + imports + `

var File_x_proto int

` + decl + `

func init() { file_x_proto_init() }

func file_x_proto_init() {
	type x struct{}
	out := protoimpl.TypeBuilder{
		File: protoimpl.DescBuilder{
			GoPackagePath: "x",
			RawDescriptor: ` + raw + `,
			NumMessages:   1,
		},
	}.Build()
	File_x_proto = out
}
`
}

func apiV1(module, decl string) string {
	return `
-- src/x/x.pb.go --
package x

import proto "` + module + `/proto"

func init() { proto.RegisterFile("x.proto", fileDescriptor_0123456789abcdef) }

` + decl + `
`
}

func TestFind(t *testing.T) {
	want := descriptor(t, "x.proto", `syntax = "proto3"; package x; option go_package = "x";
		message X { string s = 1 [json_name = "é", deprecated = true]; oneof o { X x = 2; } map<string, X> m = 3; } service S { rpc Do(X) returns (stream X); }`)
	raw := marshal(t, want)
	zipped := compress(t, raw)
	for name, src := range map[string]string{
		"constant":          apiV2("const file_x_proto_rawDesc = "+concatenation(raw), unsafeSlice),
		"string":            apiV2("var file_x_proto_rawDesc = string("+elements(raw)+")", unsafeSlice),
		"bytes":             apiV2("var file_x_proto_rawDesc = "+elements(raw), "file_x_proto_rawDesc"),
		"converted":         apiV2("const file_x_proto_rawDesc = "+concatenation(raw), "[]byte(file_x_proto_rawDesc)"),
		"golang/protobuf":   apiV1("github.com/golang/protobuf", "var fileDescriptor_0123456789abcdef = "+elements(zipped)),
		"gogo/protobuf":     apiV1("github.com/gogo/protobuf", "var fileDescriptor_0123456789abcdef = "+elements(zipped)),
		"another variable":  apiV1("github.com/gogo/protobuf", "var fileDescriptor_0123456789abcdef = desc\nvar desc = ("+elements(zipped)+")[:]"),
		"imported indirect": apiV2("var file_x_proto_rawDesc = "+elements(raw), "file_x_proto_rawDesc") + "-- src/y/y.go --\npackage y\n\nimport _ \"x\"\n",
	} {
		t.Run(name, func(t *testing.T) {
			pattern := "x"
			if strings.Contains(src, "src/y") {
				pattern = "y"
			}
			got, err := Find(load(t, src, pattern))
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != 1 || got["x.proto"].Err != nil || !proto.Equal(got["x.proto"].Proto, want) {
				t.Errorf("got %v, want %v", got, want)
			}
			if path := got["x.proto"].Path; !strings.HasSuffix(path, filepath.FromSlash("src/x/x.pb.go")) {
				t.Errorf("found in %s", path)
			}
		})
	}
}

func TestFind_copies(t *testing.T) {
	pkg := func(name, src string) string {
		fd := descriptor(t, "api.proto", src)
		return strings.ReplaceAll(apiV2("var file_x_proto_rawDesc = "+elements(marshal(t, fd)), "file_x_proto_rawDesc"), "src/x/", "src/"+name+"/")
	}
	a := pkg("a", `syntax = "proto3"; option go_package = "a"; message M { int32 x = 1; }`)
	b := pkg("b", `syntax = "proto3"; option go_package = "b"; message M { int32 x = 1; }`)
	c := pkg("c", `syntax = "proto3"; option go_package = "c"; message M { int32 y = 1; }`)
	got, err := Find(load(t, a+b, "a", "b"))
	if err != nil || len(got) != 1 || got["api.proto"].Err != nil {
		t.Errorf("got %v, %v, want one file", got, err)
	}
	got, err = Find(load(t, a+b+c, "b", "c", "a"))
	if err != nil || len(got) != 1 || got["api.proto"].Err == nil {
		t.Fatalf("got %v, %v, want one file with an error", got, err)
	}
	msg := got["api.proto"].Err.Error()
	if !strings.Contains(msg, filepath.FromSlash("src/a/x.pb.go")) || !strings.Contains(msg, filepath.FromSlash("src/c/x.pb.go")) {
		t.Errorf("got %s, want both files named", msg)
	}
}

func TestFind_Errors(t *testing.T) {
	raw := marshal(t, &descriptorpb.FileDescriptorProto{Name: proto.String("x.proto")})
	zipped := compress(t, raw)
	const again = ", generate the file anew"
	for _, tt := range []struct{ name, src, want string }{
		{"call", apiV2("func desc() []byte { return nil }", "desc()"),
			"x.pb.go:16:19: package x: this form of a descriptor is not known" + again + " with a protoc-gen-go of google.golang.org/protobuf"},
		{"itself", apiV2("var file_x_proto_rawDesc []byte = nil", "file_x_proto_rawDesc"),
			"x.pb.go:7:35: package x: this form of a descriptor is not known" + again + " with a protoc-gen-go of google.golang.org/protobuf"},
		{"not constant", apiV2("var c byte\nvar file_x_proto_rawDesc = []byte{1, c}", "file_x_proto_rawDesc"),
			"x.pb.go:8:38: package x: a descriptor lists constant bytes" + again},
		{"not wire format", apiV2(`const file_x_proto_rawDesc = "\x0a\xff"`, unsafeSlice),
			"x.pb.go:17:19: package x: descriptor is damaged" + again},
		{"no name", apiV2(`const file_x_proto_rawDesc = ""`, unsafeSlice),
			"x.pb.go:17:19: package x: descriptor has no file name" + again},
		{"not compressed", apiV1("github.com/gogo/protobuf", "var fileDescriptor_0123456789abcdef = "+elements(zipped[:12])),
			"x.pb.go:5:45: package x: descriptor is damaged" + again},
		{"bomb", apiV1("github.com/gogo/protobuf", "var fileDescriptor_0123456789abcdef = "+elements(compress(t, make([]byte, maxSize+1)))),
			"x.pb.go:5:45: package x: descriptor is larger than 33554432 bytes, split the .proto file"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Find(load(t, tt.src, "x"))
			if len(got) != 0 || err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, %v, want %s", got, err, tt.want)
			}
		})
	}
}

// TestFind_real reads what the code of real modules registers here, too.
func TestFind_real(t *testing.T) {
	if testing.Short() {
		t.Skip("type-checks all of protobuf-go")
	}
	pkgs, err := packages.Load(&packages.Config{Mode: packages.LoadAllSyntax}, "google.golang.org/genproto/googleapis/rpc/status")
	if err != nil {
		t.Fatal(err)
	}
	got, err := Find(pkgs)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"google/rpc/status.proto", "google/protobuf/any.proto"} {
		fd, err := protoregistry.GlobalFiles.FindFileByPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if want := protodesc.ToFileDescriptorProto(fd); !proto.Equal(got[name].Proto, want) {
			t.Errorf("%s: got %v, want %v", name, got[name].Proto, want)
		}
	}
	if _, err := protoload.Load(t.Context(), protoload.Options{FS: fstest.MapFS{}, Descriptors: got}, "google/rpc/status.proto"); err != nil {
		t.Error(err)
	}
}
