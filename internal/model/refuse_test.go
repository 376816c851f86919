package model_test

import (
	"errors"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/internal/model"
)

func TestBuild_Errors(t *testing.T) {
	// Around a body that is refused; it begins on line 3.
	proto3 := func(body string) string {
		return "syntax = \"proto3\"; package p; service S { rpc Do(M) returns (Reply); } message Reply {}\n\n" + body
	}
	for _, tt := range []struct {
		name   string
		protos map[string]string
		want   []string
	}{
		{"streaming", map[string]string{"main.proto": `syntax = "proto3"; package p; message M {}
service S {
  rpc Up(stream M) returns (M);
  rpc Down(M) returns (stream M);
  rpc Both(stream M) returns (stream M);
  rpc None(M) returns (M);
}`}, []string{
			"main.proto:3:3: rpc p.S.Up: streaming methods are not supported yet; keep this service on native gRPC",
			"main.proto:4:3: rpc p.S.Down: streaming methods are not supported yet; keep this service on native gRPC",
			"main.proto:5:3: rpc p.S.Both: streaming methods are not supported yet; keep this service on native gRPC",
		}},
		{"map", map[string]string{"main.proto": proto3("message M {\n  map<string, M> m = 1;\n}")}, []string{
			"main.proto:4:3: field p.M.m: map fields are not supported yet",
		}},
		{"oneof", map[string]string{"main.proto": proto3("message M {\n  oneof o {\n    int32 a = 1;\n    M b = 2;\n  }\n}")}, []string{
			"main.proto:5:5: field p.M.a: oneof fields are not supported yet",
			"main.proto:6:5: field p.M.b: oneof fields are not supported yet",
		}},
		{"optional", map[string]string{"main.proto": proto3("message M {\n  optional int32 a = 1;\n  optional Reply fine = 2;\n  optional bytes b = 3;\n}")}, []string{
			"main.proto:4:3: field p.M.a: scalar fields with explicit presence (optional, required, or proto2) are not supported yet",
			"main.proto:6:3: field p.M.b: scalar fields with explicit presence (optional, required, or proto2) are not supported yet",
		}},
		{"proto2", map[string]string{"main.proto": `syntax = "proto2"; package p; service S { rpc Do(M) returns (M); }
message M {
  optional int32 a = 1;
  required string b = 2;
  optional group G = 3 {}
  repeated group H = 4 {}
  optional E e = 5;
  repeated E f = 6;
}
enum E { ONE = 1; }`}, []string{
			"main.proto:3:3: field p.M.a: scalar fields with explicit presence (optional, required, or proto2) are not supported yet",
			"main.proto:4:3: field p.M.b: scalar fields with explicit presence (optional, required, or proto2) are not supported yet",
			"main.proto:5:3: field p.M.g: groups and delimited fields are not supported yet",
			"main.proto:6:3: field p.M.h: groups and delimited fields are not supported yet",
			"main.proto:7:3: field p.M.e: scalar fields with explicit presence (optional, required, or proto2) are not supported yet",
			"main.proto:8:3: field p.M.f: closed (proto2) enums are not supported yet",
		}},
		{"closed enum of an imported file", map[string]string{
			"main.proto": `syntax = "proto2"; package p; import "e.proto"; service S { rpc Do(M) returns (M); }
message M { repeated q.E e = 1; }`,
			"e.proto": `syntax = "proto2"; package q; enum E { ONE = 1; }`,
		}, []string{"main.proto:2:13: field p.M.e: closed (proto2) enums are not supported yet"}},
		{"editions", map[string]string{"main.proto": `edition = "2023"; package p; service S { rpc Do(M) returns (M); }
message M {
  int32 explicit = 1;
  int32 implicit = 2 [features.field_presence = IMPLICIT];
  N delimited = 3 [features.message_encoding = DELIMITED];
  repeated E closed = 4;
}
message N {}
enum E { option features.enum_type = CLOSED; ONE = 1; }`}, []string{
			"main.proto:3:3: field p.M.explicit: scalar fields with explicit presence (optional, required, or proto2) are not supported yet",
			"main.proto:5:3: field p.M.delimited: groups and delimited fields are not supported yet",
			"main.proto:6:3: field p.M.closed: closed (proto2) enums are not supported yet",
		}},
		{"recursion", map[string]string{"main.proto": proto3("message M {\n  int32 n = 1;\n  M next = 2;\n}")}, []string{
			"main.proto:5:3: field p.M.next: message p.M is recursive, which is not supported yet",
		}},
		{"recursion through lists and other messages", map[string]string{"main.proto": proto3("message M {\n  repeated N ns = 1;\n}\nmessage N {\n  O o = 1;\n}\nmessage O {\n  repeated N ns = 1;\n  M m = 2;\n}")}, []string{
			"main.proto:10:3: field p.O.ns: message p.N is recursive, which is not supported yet",
			"main.proto:11:3: field p.O.m: message p.M is recursive, which is not supported yet",
		}},
		{"well-known", map[string]string{"main.proto": proto3("import \"google/protobuf/struct.proto\";\nmessage M {\n  google.protobuf.Value v = 1;\n}")}, []string{
			"google/protobuf/struct.proto: field google.protobuf.Value.null_value: oneof fields are not supported yet",
			"google/protobuf/struct.proto: field google.protobuf.Value.number_value: oneof fields are not supported yet",
			"google/protobuf/struct.proto: field google.protobuf.Value.string_value: oneof fields are not supported yet",
			"google/protobuf/struct.proto: field google.protobuf.Value.bool_value: oneof fields are not supported yet",
			"google/protobuf/struct.proto: field google.protobuf.Value.struct_value: oneof fields are not supported yet",
			"google/protobuf/struct.proto: field google.protobuf.Value.list_value: oneof fields are not supported yet",
		}},
		{"everything, in all files, each once", map[string]string{
			"main.proto": `syntax = "proto3"; package p; import "other.proto";
service S {
  rpc A(M) returns (stream M);
  rpc B(M) returns (q.N);
  rpc C(q.N) returns (M);
}
message M {
  map<int32, int32> m = 1;
  q.N n = 2;
}`,
			"other.proto": `syntax = "proto3"; package q;
message N {
  optional bool b = 1;
  N n = 2;
}`,
		}, []string{
			"main.proto:3:3: rpc p.S.A: streaming methods are not supported yet; keep this service on native gRPC",
			"main.proto:8:3: field p.M.m: map fields are not supported yet",
			"other.proto:3:3: field q.N.b: scalar fields with explicit presence (optional, required, or proto2) are not supported yet",
			"other.proto:4:3: field q.N.n: message q.N is recursive, which is not supported yet",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, err := build(t, tt.protos, model.Options{})
			if m != nil || err == nil {
				t.Fatalf("got %v, %v", m, err)
			}
			if got, want := err.Error(), strings.Join(tt.want, "\n"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			var one *model.Error
			if !errors.As(err, &one) {
				t.Errorf("got a %T that has no *model.Error", err)
			}
		})
	}
}

// The place of an error is that of the file on disk, where it is known.
func TestBuild_Errors_locate(t *testing.T) {
	locate := func(fd protoreflect.FileDescriptor) string { return "protos/" + fd.Path() }
	_, err := build(t, map[string]string{"main.proto": `syntax = "proto3"; message M { M m = 1; } service S { rpc Do(M) returns (M); }`}, model.Options{Locate: locate})
	const want = "protos/main.proto:1:32: field M.m: message M is recursive, which is not supported yet"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestPos_String(t *testing.T) {
	for want, pos := range map[string]model.Pos{
		"-":            {},
		"a.proto":      {File: "a.proto"},
		"a.proto:3:14": {File: "a.proto", Line: 3, Col: 14},
	} {
		if got := pos.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
