package model_test

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/internal/model"
)

func TestBuild_presence(t *testing.T) {
	check(t, map[string]string{
		"main.proto": `syntax = "proto3";
import "proto2.proto";
import "editions.proto";
message M {
  int32 implicit = 1;
  optional int32 explicit = 2;
  optional M3 message = 3;
  oneof o { int32 member = 4; M3 message_member = 5; }
  repeated int32 list = 6;
  map<int32, int32> map = 7;
  optional M3.E enum = 8;
}
message M3 { enum E { ZERO = 0; } }
service S { rpc Two(P) returns (M); rpc Editions(Q) returns (M); }
`,
		"proto2.proto": `syntax = "proto2";
message P {
  optional int32 a = 1;
  required string b = 2;
  repeated string c = 3;
  required P2 d = 4;
  oneof o { bytes e = 5; string f = 6; }
  map<string, string> g = 7;
  repeated int32 h = 8 [packed = true];
  optional E i = 9;
  extensions 100 to max;
}
message P2 {}
enum E { ONE = 1; }
`,
		"editions.proto": `edition = "2023";
message Q {
  int32 explicit = 1;
  int32 implicit = 2 [features.field_presence = IMPLICIT];
  int32 required = 3 [features.field_presence = LEGACY_REQUIRED];
  string any = 4 [features.utf8_validation = NONE];
  repeated int32 expanded = 5 [features.repeated_field_encoding = EXPANDED];
  repeated int32 packed = 6;
  Q2 message = 7;
  map<string, string> map = 8 [features.utf8_validation = NONE];
}
message Q2 {}
`,
	}, model.Options{}, `
file main.proto package "" doc ""
  enum M3.E at main.proto:13:14 doc "": ZERO=0
  message M at main.proto:4:1 doc ""
    1 implicit at main.proto:5:3 int32
    2 explicit at main.proto:6:3 int32 presence
    3 message at main.proto:7:3 message -> M3
    4 member at main.proto:8:13 int32 of o at main.proto:8:3
    5 message_member at main.proto:8:31 message -> M3 of o at main.proto:8:3
    6 list at main.proto:9:3 int32 repeated packed
    7 map map at main.proto:10:3 from int32 to int32
    8 enum at main.proto:11:3 enum -> M3.E presence
  message M3 at main.proto:13:1 doc ""
  service S at main.proto:14:1 doc ""
    /S/Two at main.proto:14:13 doc "": P -> M
    /S/Editions at main.proto:14:37 doc "": Q -> M
file proto2.proto package "" doc ""
  enum E at proto2.proto:14:1 doc "": ONE=1
  message P at proto2.proto:2:1 doc "" extendable checked
    1 a at proto2.proto:3:3 int32 presence
    2 b at proto2.proto:4:3 string presence required
    3 c at proto2.proto:5:3 string repeated
    4 d at proto2.proto:6:3 message -> P2 required
    5 e at proto2.proto:7:13 bytes of o at proto2.proto:7:3
    6 f at proto2.proto:7:26 string of o at proto2.proto:7:3
    7 g map at proto2.proto:8:3 from string to string
    8 h at proto2.proto:9:3 int32 repeated packed
    9 i at proto2.proto:10:3 enum -> E presence
  message P2 at proto2.proto:13:1 doc ""
file editions.proto package "" doc ""
  message Q at editions.proto:2:1 doc "" checked
    1 explicit at editions.proto:3:3 int32 presence
    2 implicit at editions.proto:4:3 int32
    3 required at editions.proto:5:3 int32 presence required
    4 any at editions.proto:6:3 string presence
    5 expanded at editions.proto:7:3 int32 repeated
    6 packed at editions.proto:8:3 int32 repeated packed
    7 message at editions.proto:9:3 message -> Q2
    8 map map at editions.proto:10:3 from string to string
  message Q2 at editions.proto:12:1 doc ""
`)
}

// A oneof is where its first field is; between its fields there may be others.
func TestBuild_oneofs(t *testing.T) {
	check(t, map[string]string{"main.proto": `syntax = "proto2";
message M {
  optional int32 a = 1;
  // Of the oneof.
  oneof x {
    int32 b = 2;
    M2 c = 3;
    group D = 4 { optional int32 e = 1; }
  }
  optional int32 f = 5;
  oneof y { string g = 6; }
}
message M2 {}
service S { rpc Do(M) returns (M2); }
`}, model.Options{}, `
file main.proto package "" doc ""
  message M at main.proto:2:1 doc ""
    1 a at main.proto:3:3 int32 presence
    2 b at main.proto:6:5 int32 of x at main.proto:5:3
    3 c at main.proto:7:5 message -> M2 of x at main.proto:5:3
    4 d at main.proto:8:5 group -> M.D delimited of x at main.proto:5:3
    5 f at main.proto:10:3 int32 presence
    6 g at main.proto:11:13 string of y at main.proto:11:3
  message M.D at main.proto:8:5 doc ""
    1 e at main.proto:8:19 int32 presence
  message M2 at main.proto:13:1 doc ""
  service S at main.proto:14:1 doc ""
    /S/Do at main.proto:14:13 doc "": M -> M2
`)
	m := build(t, map[string]string{"main.proto": `syntax = "proto3"; message M { oneof o { int32 a = 1; int32 b = 2; } optional int32 c = 3; } service S { rpc Do(M) returns (M); }`}, model.Options{})
	f := m.Files[0].Messages[0].Fields
	if f[0].Oneof == nil || f[0].Oneof != f[1].Oneof || len(f[0].Oneof.Fields) != 2 || f[0].Oneof.Fields[1] != f[1] {
		t.Errorf("got %v and %v", f[0].Oneof, f[1].Oneof)
	}
	if f[2].Oneof != nil {
		t.Errorf("an optional field is in %v", f[2].Oneof)
	}
}

func TestBuild_maps(t *testing.T) {
	check(t, map[string]string{"main.proto": `syntax = "proto3";
message M {
  map<int32, double> a = 1;
  map<int64, float> b = 2;
  map<uint32, bytes> c = 3;
  map<uint64, E> d = 4;
  map<sint32, M2> e = 5;
  map<sint64, string> f = 6;
  map<fixed32, M> g = 7;
  map<fixed64, bool> h = 8;
  map<sfixed32, int32> i = 9;
  map<sfixed64, int32> j = 10;
  map<bool, int32> k = 11;
  map<string, int32> l = 12;
}
message M2 {}
enum E { ZERO = 0; }
service S { rpc Do(M) returns (M2); }
`}, model.Options{}, `
file main.proto package "" doc ""
  enum E at main.proto:17:1 doc "": ZERO=0
  message M at main.proto:2:1 doc ""
    1 a map at main.proto:3:3 from int32 to double
    2 b map at main.proto:4:3 from int64 to float
    3 c map at main.proto:5:3 from uint32 to bytes
    4 d map at main.proto:6:3 from uint64 to enum -> E
    5 e map at main.proto:7:3 from sint32 to message -> M2
    6 f map at main.proto:8:3 from sint64 to string utf8
    7 g map at main.proto:9:3 from fixed32 to message -> M cut
    8 h map at main.proto:10:3 from fixed64 to bool
    9 i map at main.proto:11:3 from sfixed32 to int32
    10 j map at main.proto:12:3 from sfixed64 to int32
    11 k map at main.proto:13:3 from bool to int32
    12 l map at main.proto:14:3 from string utf8 to int32
  message M2 at main.proto:16:1 doc ""
  service S at main.proto:18:1 doc ""
    /S/Do at main.proto:18:13 doc "": M -> M2
`)
}

func TestBuild_delimited(t *testing.T) {
	check(t, map[string]string{
		"main.proto": `syntax = "proto2";
import "editions.proto";
message M {
  optional group A = 1 { repeated group B = 1 { optional A back = 1; } }
  required group C = 2 {}
}
service S { rpc Do(M) returns (Q); }
`,
		"editions.proto": `edition = "2023";
option features.message_encoding = DELIMITED;
message Q {
  Q2 delimited = 1;
  Q2 prefixed = 2 [features.message_encoding = LENGTH_PREFIXED];
  repeated Q2 list = 3;
  map<int32, Q2> map = 4;
}
message Q2 {}
`,
	}, model.Options{}, `
file main.proto package "" doc ""
  message M at main.proto:3:1 doc "" checked
    1 a at main.proto:4:3 group -> M.A delimited
    2 c at main.proto:5:3 group -> M.C required delimited
  message M.A at main.proto:4:3 doc ""
    1 b at main.proto:4:26 group -> M.A.B repeated delimited
  message M.A.B at main.proto:4:26 doc ""
    1 back at main.proto:4:49 message -> M.A cut
  message M.C at main.proto:5:3 doc ""
  service S at main.proto:7:1 doc ""
    /S/Do at main.proto:7:13 doc "": M -> Q
file editions.proto package "" doc ""
  message Q at editions.proto:3:1 doc ""
    1 delimited at editions.proto:4:3 group -> Q2 delimited
    2 prefixed at editions.proto:5:3 message -> Q2
    3 list at editions.proto:6:3 group -> Q2 repeated delimited
    4 map map at editions.proto:7:3 from int32 to message -> Q2
  message Q2 at editions.proto:9:1 doc ""
`)
}

func TestBuild_streaming(t *testing.T) {
	m := build(t, map[string]string{"main.proto": `syntax = "proto3";
message M {}
service S {
  rpc Unary(M) returns (M);
  rpc Down(M) returns (stream M);
  rpc Up(stream M) returns (M);
  rpc Both(stream M) returns (stream M);
}
`}, model.Options{})
	for i, want := range []struct{ client, server, streaming bool }{
		{false, false, false}, {false, true, true}, {true, false, true}, {true, true, true},
	} {
		md := m.Service("S").Methods[i]
		if md.StreamingClient != want.client || md.StreamingServer != want.server || md.Streaming() != want.streaming {
			t.Errorf("%s: got client %v, server %v, streaming %v", md.Name, md.StreamingClient, md.StreamingServer, md.Streaming())
		}
	}
}

// A message is checked if it has required fields or extensions, or contains one that is, through whatever.
func TestBuild_checked(t *testing.T) {
	check(t, map[string]string{"main.proto": `syntax = "proto2";
message Top { oneof o { Middle m = 1; } }
message Middle { map<int32, Low> m = 1; }
message Low { repeated Required r = 1; }
message Required { required int32 r = 1; }
message Extendable { extensions 1; }
message Above { optional Extendable e = 1; optional Free f = 2; }
message Free { optional Free2 f = 1; }
message Free2 { optional Free f = 1; }
message Round { optional Trip t = 1; }
message Trip { optional Round r = 1; optional Required q = 2; }
message All { optional Top t = 1; optional Above a = 2; optional Round r = 3; }
service S { rpc Do(All) returns (Free); }
`}, model.Options{}, `
file main.proto package "" doc ""
  message Top at main.proto:2:1 doc "" checked
    1 m at main.proto:2:25 message -> Middle of o at main.proto:2:15
  message Middle at main.proto:3:1 doc "" checked
    1 m map at main.proto:3:18 from int32 to message -> Low
  message Low at main.proto:4:1 doc "" checked
    1 r at main.proto:4:15 message -> Required repeated
  message Required at main.proto:5:1 doc "" checked
    1 r at main.proto:5:20 int32 presence required
  message Extendable at main.proto:6:1 doc "" extendable checked
  message Above at main.proto:7:1 doc "" checked
    1 e at main.proto:7:17 message -> Extendable
    2 f at main.proto:7:44 message -> Free
  message Free at main.proto:8:1 doc ""
    1 f at main.proto:8:16 message -> Free2
  message Free2 at main.proto:9:1 doc ""
    1 f at main.proto:9:17 message -> Free cut
  message Round at main.proto:10:1 doc "" checked
    1 t at main.proto:10:17 message -> Trip
  message Trip at main.proto:11:1 doc "" checked
    1 r at main.proto:11:16 message -> Round cut
    2 q at main.proto:11:38 message -> Required
  message All at main.proto:12:1 doc "" checked
    1 t at main.proto:12:15 message -> Top
    2 a at main.proto:12:35 message -> Above
    3 r at main.proto:12:57 message -> Round
  service S at main.proto:13:1 doc ""
    /S/Do at main.proto:13:13 doc "": All -> Free
`)
}

// All types of the files of the options are in the model, reached or not, and only those that are reached of others.
func TestBuild_Files(t *testing.T) {
	protos := map[string]string{
		"main.proto": `syntax = "proto3";
package p;
import "other.proto";
message Second { First f = 1; map<string, other.Reached> m = 2; message In { enum E { ZERO = 0; } } oneof o { int32 x = 3; } }
message First { Second s = 1; optional int32 n = 2; }
enum Alone { NONE = 0; }
`,
		"other.proto": `syntax = "proto3";
package other;
message Reached {}
message Unreached { oneof o { int32 x = 1; } }
`,
	}
	fd := load(t, protos)
	m := model.Build(nil, model.Options{Files: []protoreflect.FileDescriptor{fd}})
	const want = `
file main.proto package "p" doc ""
  enum p.Alone at main.proto:6:1 doc "": NONE=0
  enum p.Second.In.E at main.proto:4:78 doc "": ZERO=0
  message p.Second at main.proto:4:1 doc ""
    1 f at main.proto:4:18 message -> p.First
    2 m map at main.proto:4:31 from string utf8 to message -> other.Reached
    3 x at main.proto:4:111 int32 of o at main.proto:4:101
  message p.Second.In at main.proto:4:65 doc ""
  message p.First at main.proto:5:1 doc ""
    1 s at main.proto:5:17 message -> p.Second cut
    2 n at main.proto:5:31 int32 presence
file other.proto package "other" doc ""
  message other.Reached at other.proto:3:1 doc ""
`
	if got := outline(m); got != strings.TrimPrefix(want, "\n") {
		t.Errorf("got\n%swant%s", got, want)
	}
	for i, want := range [][]protoreflect.FullName{
		{"p.Alone", "p.Second", "p.Second.In", "p.Second.In.E", "p.First", "p.Second.o"},
		{"other.Reached", "other.Unreached", "other.Unreached.o"},
	} {
		if got := m.Files[i].Declared; !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", m.Files[i].Path, got, want)
		}
	}
	// An empty file is a file.
	m = model.Build(nil, model.Options{Files: []protoreflect.FileDescriptor{load(t, map[string]string{"main.proto": `syntax = "proto3";`})}})
	if got, want := outline(m), "file main.proto package \"\" doc \"\"\n"; got != want {
		t.Errorf("got %s", got)
	}
}

// A comment is in front of a declaration or behind it, the one in front counts.
func TestBuild_docs(t *testing.T) {
	check(t, map[string]string{"main.proto": `syntax = "proto3";
message M { // Behind M.
  // Before a.
  int32 a = 1; // Behind a.
  //
  int32 b = 2; // Behind b.

  // Detached.

  int32 c = 3;
}
// Before S.
service S {
  rpc Do(M) returns (M); // Behind Do.
}
`}, model.Options{}, `
file main.proto package "" doc ""
  message M at main.proto:2:1 doc " Behind M.\n"
    1 a at main.proto:4:3 int32 doc " Before a.\n"
    2 b at main.proto:6:3 int32 doc " Behind b.\n"
    3 c at main.proto:10:3 int32
  service S at main.proto:13:1 doc " Before S.\n"
    /S/Do at main.proto:14:3 doc " Behind Do.\n": M -> M
`)
}
