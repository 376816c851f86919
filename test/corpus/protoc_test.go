//go:build protoc

package corpus

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

// TestProtoc compares sources with what protoc makes of them. The tag is for machines that have one: no module has it.
// Files that it is too old for, and those whose imports have no source, are left to the other comparisons.
func TestProtoc(t *testing.T) {
	mods := Load(t)
	protoc, err := exec.LookPath("protoc")
	if err != nil {
		t.Fatal(err)
	}
	dirs, err := locate()
	if err != nil {
		t.Fatal(err)
	}
	agreed, refused := 0, 0
	for _, m := range mods {
		for _, f := range m.Files {
			if !f.Source || f.Path() == "google/protobuf/descriptor.proto" {
				continue
			}
			out := filepath.Join(t.TempDir(), "set")
			args := []string{"--experimental_allow_proto3_optional", "-o", out, f.Path()}
			for _, mt := range m.mounts {
				args = append(args, "-I"+strings.TrimSuffix(mt.prefix, "/")+"="+filepath.Join(dirs[m.path].Dir, mt.dir))
			}
			if err := exec.Command(protoc, args...).Run(); err != nil {
				refused++
				continue
			}
			b, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			set := &descriptorpb.FileDescriptorSet{}
			if err := proto.Unmarshal(b, set); err != nil {
				t.Fatal(err)
			}
			all := f.Linked.DescriptorSet().File
			i := slices.IndexFunc(all, func(fd *descriptorpb.FileDescriptorProto) bool { return fd.GetName() == f.Path() })
			if diff := difference(set.File[len(set.File)-1], all[i]); diff != "" {
				t.Errorf("%s: %s: (-protoc +load): %s", m.Name, f.Path(), diff)
			} else {
				agreed++
			}
		}
	}
	t.Logf("%d files agree with %s, which did not read %d others", agreed, protoc, refused)
}
