//go:build protoc

package protoload

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"
)

// TestLoad_agreesWithProtoc compares with protoc itself, source information included. The tag is for machines that have a protoc,
// as in Debian's protobuf-compiler; protocompile, with which all files are compared, is tested against it as well.
func TestLoad_agreesWithProtoc(t *testing.T) {
	protoc, err := exec.LookPath("protoc")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range testdataNames(t) {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "set")
			msg, err := exec.Command(protoc, "--include_source_info", "-Itestdata", "-o", out, name).CombinedOutput()
			if err != nil { // protocompile accepts it, so that is for want of editions, or of options that are newer
				t.Logf("this protoc does not read it: %v: %s", err, msg)
				return
			}
			b, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			set := &descriptorpb.FileDescriptorSet{}
			if err := proto.Unmarshal(b, set); err != nil {
				t.Fatal(err)
			}
			want := set.File[0]
			files := load(t, name)
			if d := difference(want, files.DescriptorSet().File[len(files.All())-1]); d != "" {
				t.Error("descriptors differ (-protoc +load):", d)
			}
			if name == "messageset.proto" || name == "crlf.proto" {
				return // what is linked differs; protoc takes a byte order mark for three columns
			}
			got, err := files.FindFileByPath(name)
			if err != nil {
				t.Fatal(err)
			}
			linked, err := protodesc.FileOptions{AllowUnresolvable: true}.New(&descriptorpb.FileDescriptorProto{Name: want.Name,
				SourceCodeInfo: want.SourceCodeInfo}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(locations(linked), locations(got)); d != "" {
				t.Error("source information differs (-protoc +load):", d)
			}
		})
	}
}
