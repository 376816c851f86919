package protoload

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// compiled returns the files of an archive as descriptors, as generated code has them, by the names in it.
func compiled(t *testing.T, src string) map[string]Descriptor {
	t.Helper()
	fsys := archive(src)
	m := map[string]Descriptor{}
	for name := range fsys {
		files, err := Load(t.Context(), Options{FS: fsys}, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, fd := range files.DescriptorSet().File {
			if fd.GetName() == name {
				m[name] = Descriptor{Path: strings.TrimSuffix(name, ".proto") + ".pb.go", Proto: fd}
			}
		}
	}
	return m
}

func TestLoad_descriptors(t *testing.T) {
	const src = `
-- a.proto --
syntax = "proto3";
package p;
import "dir/b.proto";
import "google/protobuf/empty.proto";
message A { b.B b = 1; b.C c = 2; google.protobuf.Empty e = 3; }
service S { rpc Do(A) returns (A); }
-- dir/b.proto --
syntax = "proto3";
package p.b;
import public "c.proto";
message B { C c = 1; }
-- c.proto --
syntax = "proto3";
package p.b;
message C {}
`
	all := compiled(t, strings.TrimSpace(src))
	without := func(names ...string) map[string]Descriptor {
		m := map[string]Descriptor{}
		for name, d := range all {
			m[name] = d
		}
		for _, name := range names {
			delete(m, name)
		}
		return m
	}
	renamed := without("dir/b.proto")
	renamed["b.proto"] = all["dir/b.proto"]
	unused := without()
	unused["a.proto"] = Descriptor{Path: "a.pb.go", Proto: proto.CloneOf(all["a.proto"].Proto)}
	unused["a.proto"].Proto.Dependency = append(unused["a.proto"].Proto.Dependency, "gogoproto/gogo.proto")
	source := archive(strings.TrimSpace(src))
	delete(source, "dir/b.proto")
	other := archive("-- c.proto --\nmessage Unrelated {}\n")

	outside := without("dir/b.proto")
	outside["../b.proto"] = all["dir/b.proto"]

	for _, tt := range []struct {
		name  string
		opts  Options
		paths string
	}{
		{"outside", Options{FS: fstest.MapFS{}, Descriptors: outside}, "google/protobuf/empty.proto c.pb.go dir/b.pb.go a.pb.go"},
		{"only descriptors", Options{FS: fstest.MapFS{}, Descriptors: all}, "c.pb.go dir/b.pb.go google/protobuf/empty.proto a.pb.go"},
		{"sources first", Options{FS: archive(strings.TrimSpace(src)), Descriptors: all}, "c.proto dir/b.proto google/protobuf/empty.proto a.proto"},
		{"both", Options{FS: source, Descriptors: all}, "c.pb.go dir/b.pb.go google/protobuf/empty.proto a.proto"},
		{"compiled together", Options{FS: other, Descriptors: all}, "c.pb.go dir/b.pb.go google/protobuf/empty.proto a.pb.go"},
		{"generated in another folder", Options{FS: fstest.MapFS{}, Descriptors: renamed}, "google/protobuf/empty.proto c.pb.go dir/b.pb.go a.pb.go"},
		{"source of another folder", Options{FS: source, Descriptors: renamed}, "c.pb.go dir/b.pb.go google/protobuf/empty.proto a.proto"},
		{"imports for options only", Options{FS: fstest.MapFS{}, Descriptors: unused}, "c.pb.go dir/b.pb.go google/protobuf/empty.proto a.pb.go"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			files, err := Load(t.Context(), tt.opts, "a.proto")
			if err != nil {
				t.Fatal(err)
			}
			var paths []string
			for _, fd := range files.All() {
				paths = append(paths, files.Path(fd))
			}
			if got := strings.Join(paths, " "); got != tt.paths {
				t.Errorf("got files %s, want %s", got, tt.paths)
			}
			a := find(t, files, "p.A").(protoreflect.MessageDescriptor)
			if got := files.Position(a).Filename; !strings.HasPrefix(got, "a.p") {
				t.Errorf("A is at %s", got)
			}
			for i, want := range []protoreflect.FullName{"p.b.B", "p.b.C", "google.protobuf.Empty"} {
				if got := a.Fields().Get(i).Message(); got.FullName() != want || got.IsPlaceholder() {
					t.Errorf("field %d is of type %v, want %s", i, got.FullName(), want)
				}
			}
		})
	}
	if d := difference(compiled(t, strings.TrimSpace(src))["a.proto"].Proto, all["a.proto"].Proto); d != "" {
		t.Error("Load changed a descriptor:", d)
	}
}

func TestLoad_descriptors_Errors(t *testing.T) {
	all := compiled(t, "-- a.proto --\nimport \"b.proto\";\nmessage A { optional B b = 1; }\n-- b.proto --\nmessage B {}\n")
	a := map[string]Descriptor{"a.proto": all["a.proto"]}
	bad := map[string]Descriptor{"a.proto": all["a.proto"], "b.proto": {Path: "b.pb.go", Err: errors.New("is damaged")}}
	cycle := map[string]Descriptor{"a.proto": all["a.proto"], "b.proto": {Path: "b.pb.go", Proto: proto.CloneOf(all["b.proto"].Proto)}}
	cycle["b.proto"].Proto.Dependency = []string{"a.proto"}
	invalid := map[string]Descriptor{"b.proto": {Path: "b.pb.go", Proto: proto.CloneOf(all["b.proto"].Proto)}}
	invalid["b.proto"].Proto.MessageType[0].Field = []*descriptorpb.FieldDescriptorProto{{Name: proto.String("1")}}

	for _, tt := range []struct {
		name, src   string // no source without text
		descriptors map[string]Descriptor
		file, want  string
	}{
		{"missing type", "", a, "a.proto",
			"a.pb.go: file a.proto: type B is declared in none of the generated packages, nor in a file that is imported by name; find its .proto, and name its folder as an import path"},
		{"damaged", "-- c.proto --\nimport \"b.proto\";\n", bad, "c.proto", `c.proto:1:8: import "b.proto": is damaged`},
		{"damaged dependency", "", bad, "a.proto", `a.pb.go: import "b.proto": is damaged`},
		{"cycle", "", cycle, "a.proto", `b.pb.go: import "a.proto": import cycle a.proto -> b.proto -> a.proto, break it`},
		{"invalid", "", invalid, "b.proto", `b.pb.go: message B: descriptor "B" has an invalid nested name: "1"`},
		{"clash", "-- c.proto --\nimport \"b.proto\";\nmessage B {}\n", all, "c.proto", "c.proto:2:9: message B: B is already declared at b.pb.go, rename one of them"},
		{"not found", "-- c.proto --\nimport \"d/a.proto\";\nimport \"da.proto\";\n", all, "c.proto",
			`c.proto:2:8: import "da.proto": not found in import path ".", add the one that holds it`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fsys := fstest.MapFS{}
			if tt.src != "" {
				fsys = archive(tt.src)
			}
			_, err := Load(t.Context(), Options{FS: fsys, Descriptors: tt.descriptors}, tt.file)
			if err == nil || err.Error() != tt.want {
				t.Errorf("got:\n%v\nwant:\n%s", err, tt.want)
			}
		})
	}
}

func TestLoad_shipped(t *testing.T) {
	src := `edition = "2023";
import "google/protobuf/cpp_features.proto";
import "google/protobuf/go_features.proto";
import "google/protobuf/java_features.proto";
import "google/rpc/status.proto";
import "google/rpc/error_details.proto";
option features.(pb.cpp).string_type = VIEW;
message M {
  google.rpc.Status status = 1 [features = { [pb.go]: { legacy_unmarshal_json_enum: true } }];
  google.rpc.ErrorInfo info = 2;
}`
	files, err := Load(t.Context(), Options{FS: archive(src)}, "a.proto")
	if err != nil {
		t.Fatal(err)
	}
	if got := files.Position(find(t, files, "google.rpc.Status")).String(); got != "google/rpc/status.proto" {
		t.Errorf("Status is at %s", got)
	}
	// Unlike the well-known files, these are read when they are there.
	fsys := archive("-- a.proto --\nimport \"google/rpc/status.proto\";\n-- google/rpc/status.proto --\npackage google.rpc;\nmessage Own {}\n")
	if files, err = Load(t.Context(), Options{FS: fsys}, "a.proto"); err != nil {
		t.Fatal(err)
	}
	find(t, files, "google.rpc.Own")
}
