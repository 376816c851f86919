package model_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/internal/model"
	"github.com/cofaas/cofaas/internal/protoload"
)

// load returns main.proto of protos, by file name.
func load(t *testing.T, protos map[string]string) protoreflect.FileDescriptor {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, src := range protos {
		fsys[name] = &fstest.MapFile{Data: []byte(src)}
	}
	files, err := protoload.Load(t.Context(), protoload.Options{FS: fsys}, "main.proto")
	if err != nil {
		t.Fatal(err)
	}
	fd, err := files.FindFileByPath("main.proto")
	if err != nil {
		t.Fatal(err)
	}
	return fd
}

// build loads protos and builds the model of all services of main.proto.
func build(t *testing.T, protos map[string]string, opts model.Options) *model.Model {
	t.Helper()
	fd := load(t, protos)
	var services []protoreflect.ServiceDescriptor
	for i := range fd.Services().Len() {
		services = append(services, fd.Services().Get(i))
	}
	return model.Build(services, opts)
}

// outline writes a model as text, one declaration per line.
func outline(m *model.Model) string {
	var b strings.Builder
	for _, f := range m.Files {
		fmt.Fprintf(&b, "file %s package %q doc %q\n", f.Path, f.Package, f.Doc)
		for _, e := range f.Enums {
			fmt.Fprintf(&b, "  enum %s at %s doc %q:", e.Name, e.Pos, e.Doc)
			for _, v := range e.Values {
				fmt.Fprintf(&b, " %s=%d", v.Name, v.Number)
			}
			b.WriteByte('\n')
		}
		for _, msg := range f.Messages {
			fmt.Fprintf(&b, "  message %s at %s doc %q", msg.Name, msg.Pos, msg.Doc)
			flags(&b, flag{"extendable", msg.Extendable}, flag{"checked", msg.Checked})
			b.WriteByte('\n')
			for _, fd := range msg.Fields {
				fmt.Fprintf(&b, "    %d %s ", fd.Number, fd.Name)
				if fd.IsMap() {
					fmt.Fprintf(&b, "map at %s from", fd.Pos)
					value(&b, fd.Key)
					b.WriteString(" to")
					value(&b, fd.Value)
				} else {
					fmt.Fprintf(&b, "at %s", fd.Pos)
					value(&b, fd)
				}
				if fd.Doc != "" {
					fmt.Fprintf(&b, " doc %q", fd.Doc)
				}
				if fd.Oneof != nil {
					fmt.Fprintf(&b, " of %s at %s", fd.Oneof.Name, fd.Oneof.Pos)
				}
				b.WriteByte('\n')
			}
		}
		for _, s := range f.Services {
			fmt.Fprintf(&b, "  service %s at %s doc %q\n", s.Name, s.Pos, s.Doc)
			for _, md := range s.Methods {
				fmt.Fprintf(&b, "    %s at %s doc %q: %s -> %s\n", md.FullMethod(), md.Pos, md.Doc, md.Request.Name, md.Reply.Name)
			}
		}
	}
	return b.String()
}

type flag struct {
	name string
	set  bool
}

func flags(b *strings.Builder, flags ...flag) {
	for _, f := range flags {
		if f.set {
			b.WriteString(" " + f.name)
		}
	}
}

// value writes what is known of a field, or of a part of an entry of a map.
func value(b *strings.Builder, f *model.Field) {
	fmt.Fprintf(b, " %s", f.Kind)
	if f.Message != nil {
		fmt.Fprintf(b, " -> %s", f.Message.Name)
	}
	if f.Enum != nil {
		fmt.Fprintf(b, " -> %s", f.Enum.Name)
	}
	flags(b, flag{"repeated", f.Repeated}, flag{"packed", f.Packed}, flag{"utf8", f.UTF8}, flag{"presence", f.Presence},
		flag{"required", f.Required}, flag{"delimited", f.Delimited()}, flag{"cut", f.Cut})
}

func check(t *testing.T, protos map[string]string, opts model.Options, want string) {
	t.Helper()
	if got := outline(build(t, protos, opts)); got != strings.TrimPrefix(want, "\n") {
		t.Errorf("got\n%swant%s", got, want)
	}
}

func TestBuild_kinds(t *testing.T) {
	check(t, map[string]string{"main.proto": `syntax = "proto3";
message M {
  double a = 1;
  float b = 2;
  int32 c = 3;
  int64 d = 4;
  uint32 e = 5;
  uint64 f = 6;
  sint32 g = 7;
  sint64 h = 8;
  fixed32 i = 9;
  fixed64 j = 10;
  sfixed32 k = 11;
  sfixed64 l = 12;
  bool m = 13;
  string n = 14;
  bytes o = 15;
  E p = 536870911;
  M2 q = 17;
  repeated int32 r = 18;
  repeated int32 s = 19 [packed = false];
  repeated string t = 20;
  repeated M2 u = 21;
  repeated E v = 22;
}
message M2 {}
enum E { ZERO = 0; NEGATIVE = -1; option allow_alias = true; NULL = 0; }
service S { rpc Do(M) returns (M2); }
`}, model.Options{}, `
file main.proto package "" doc ""
  enum E at main.proto:27:1 doc "": ZERO=0 NEGATIVE=-1 NULL=0
  message M at main.proto:2:1 doc ""
    1 a at main.proto:3:3 double
    2 b at main.proto:4:3 float
    3 c at main.proto:5:3 int32
    4 d at main.proto:6:3 int64
    5 e at main.proto:7:3 uint32
    6 f at main.proto:8:3 uint64
    7 g at main.proto:9:3 sint32
    8 h at main.proto:10:3 sint64
    9 i at main.proto:11:3 fixed32
    10 j at main.proto:12:3 fixed64
    11 k at main.proto:13:3 sfixed32
    12 l at main.proto:14:3 sfixed64
    13 m at main.proto:15:3 bool
    14 n at main.proto:16:3 string utf8
    15 o at main.proto:17:3 bytes
    536870911 p at main.proto:18:3 enum -> E
    17 q at main.proto:19:3 message -> M2
    18 r at main.proto:20:3 int32 repeated packed
    19 s at main.proto:21:3 int32 repeated
    20 t at main.proto:22:3 string repeated utf8
    21 u at main.proto:23:3 message -> M2 repeated
    22 v at main.proto:24:3 enum -> E repeated packed
  message M2 at main.proto:26:1 doc ""
  service S at main.proto:28:1 doc ""
    /S/Do at main.proto:28:13 doc "": M -> M2
`)
}

// Nested and imported declarations belong to the files that declare them; what no method reaches is left out.
func TestBuild_files(t *testing.T) {
	check(t, map[string]string{
		"main.proto": `// Of the file.
syntax = "proto3";

package a.b;

import "lib/types.proto";
import "google/protobuf/empty.proto";

// Of the service.
service First {
  // Of the method.
  rpc Get(Outer.Inner) returns (lib.Shared);
  rpc Drop(google.protobuf.Empty) returns (Outer.Inner);
}

service Second {
  rpc Get(lib.Shared) returns (lib.Shared);
}

message Outer {
  // Of the message.
  message Inner {
    Color color = 1;
  }
  enum Color {
    NONE = 0;
  }
  Outer unreached = 1;
}

message Unreached {
  map<string, string> m = 1;
}
`,
		"lib/types.proto": `syntax = "proto3";
// Of the package.
package lib;
import public "lib/base.proto";
message Shared { repeated Base bases = 1; Base base = 2; }
`,
		"lib/base.proto": `syntax = "proto3";
package lib;
message Base { int32 n = 1; }
`,
	}, model.Options{Locate: func(fd protoreflect.FileDescriptor) string {
		if strings.HasPrefix(fd.Path(), "lib/") {
			return "/src/" + fd.Path()
		}
		return ""
	}}, `
file main.proto package "a.b" doc " Of the file.\n"
  enum a.b.Outer.Color at main.proto:25:3 doc "": NONE=0
  message a.b.Outer.Inner at main.proto:22:3 doc " Of the message.\n"
    1 color at main.proto:23:5 enum -> a.b.Outer.Color
  service a.b.First at main.proto:10:1 doc " Of the service.\n"
    /a.b.First/Get at main.proto:12:3 doc " Of the method.\n": a.b.Outer.Inner -> lib.Shared
    /a.b.First/Drop at main.proto:13:3 doc "": google.protobuf.Empty -> a.b.Outer.Inner
  service a.b.Second at main.proto:16:1 doc ""
    /a.b.Second/Get at main.proto:17:3 doc "": lib.Shared -> lib.Shared
file lib/types.proto package "lib" doc " Of the package.\n"
  message lib.Shared at /src/lib/types.proto:5:1 doc ""
    1 bases at /src/lib/types.proto:5:18 message -> lib.Base repeated
    2 base at /src/lib/types.proto:5:43 message -> lib.Base
file lib/base.proto package "lib" doc ""
  message lib.Base at /src/lib/base.proto:3:1 doc ""
    1 n at /src/lib/base.proto:3:16 int32
file google/protobuf/empty.proto package "google.protobuf" doc ""
  message google.protobuf.Empty at google/protobuf/empty.proto doc ""
`)
}

func TestModel_Service(t *testing.T) {
	m := build(t, map[string]string{"main.proto": `syntax = "proto3"; package p; message M {} service S { rpc Do(M) returns (M); }`}, model.Options{})
	if got := m.Service("p.S"); got == nil || got.Name != "p.S" {
		t.Errorf("got %v", got)
	}
	if got := m.Service("p.None"); got != nil {
		t.Errorf("got %v for a service that is not there", got.Name)
	}
	s := m.Service("p.S").Methods[0]
	if s.Request != s.Reply {
		t.Error("one message type has two models")
	}
}

// A service that is named twice is one.
func TestBuild_twice(t *testing.T) {
	s := load(t, map[string]string{"main.proto": `syntax = "proto3"; message M {} service S { rpc Do(M) returns (M); }`}).Services().Get(0)
	m := model.Build([]protoreflect.ServiceDescriptor{s, s}, model.Options{})
	if got := len(m.Files[0].Services); got != 1 {
		t.Errorf("got %d services", got)
	}
}
