package mapping

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/internal/abi"
	"github.com/cofaas/cofaas/internal/model"
	"github.com/cofaas/cofaas/internal/protoload"
)

const source = `syntax = "proto3";
package p;
service S {
  rpc Narrow(Leaf) returns (All);
  rpc Wide(All) returns (Empty);
}
message Empty {}
message Leaf { bool b = 1; }
enum E { ZERO = 0; }
message All {
  double f64 = 1;
  float f32 = 2;
  int32 s32 = 3;
  sint32 s32z = 4;
  sfixed32 s32f = 5;
  uint32 u32 = 6;
  fixed32 u32f = 7;
  int64 s64 = 8;
  sint64 s64z = 9;
  sfixed64 s64f = 10;
  uint64 u64 = 11;
  fixed64 u64f = 12;
  bool bool = 13;
  string string = 14;
  bytes bytes = 15;
  E enum = 16;
  Leaf leaf = 17;
  repeated Leaf leaves = 18;
  repeated bool bools = 19;
  repeated string strings = 20;
  repeated E enums = 21;
  Empty empty = 22;
}
`

func load(t *testing.T) *model.Model {
	t.Helper()
	files, err := protoload.Load(t.Context(), protoload.Options{FS: fstest.MapFS{"p.proto": {Data: []byte(source)}}}, "p.proto")
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.Build([]protoreflect.ServiceDescriptor{files.All()[0].Services().Get(0)}, model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// wit writes a type as WIT does, records by their fields.
func wit(t *abi.Type) string {
	switch t.Kind {
	case abi.List:
		return "list<" + wit(t.Elem) + ">"
	case abi.Record:
		var fields []string
		for _, f := range t.Fields {
			fields = append(fields, f.Name+"@"+fmt.Sprint(f.Offset)+": "+wit(f.Type))
		}
		return "{" + strings.Join(fields, ", ") + "}"
	case abi.Variant:
		if len(t.Cases) == 2 && t.Cases[0] == nil {
			return "option<" + wit(t.Cases[1]) + ">"
		}
		return fmt.Sprintf("result<%s, %s>", wit(t.Cases[0]), wit(t.Cases[1]))
	default:
		return t.Kind.String()
	}
}

func TestLayouts_Message(t *testing.T) {
	var layouts Layouts
	method := load(t).Service("p.S").Methods[1]
	all := layouts.Message(method.Request)
	var got []string
	for _, f := range all.Type.Fields {
		got = append(got, fmt.Sprintf("%d %s: %s", f.Offset, f.Name, wit(f.Type)))
	}
	const leaf = "{b@0: bool, unknown fields@4: list<u8>}"
	want := []string{
		"0 f64: f64", "8 f32: f32", "12 s32: s32", "16 s32z: s32", "20 s32f: s32", "24 u32: u32", "28 u32f: u32",
		"32 s64: s64", "40 s64z: s64", "48 s64f: s64", "56 u64: u64", "64 u64f: u64", "72 bool: bool",
		"76 string: string", "84 bytes: list<u8>", "92 enum: s32", "96 leaf: option<" + leaf + ">",
		"112 leaves: list<" + leaf + ">", "120 bools: list<bool>", "128 strings: list<string>", "136 enums: list<s32>",
		"144 empty: option<{unknown fields@0: list<u8>}>", "156 unknown fields: list<u8>",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if all.Type.Size != 168 || all.Type.Align != 8 {
		t.Errorf("got size %d, alignment %d", all.Type.Size, all.Type.Align)
	}
	if got := all.Unknown(); got.Offset != 156 {
		t.Errorf("the unknown fields are at %d", got.Offset)
	}
	for i, f := range all.Fields {
		if got := all.Field(i).Name; got != string(f.Name) {
			t.Errorf("field %d is %s, want %s", i, got, f.Name)
		}
		if got := all.Messages[i]; (got == nil) != (f.Message == nil) || got != nil && got.Message != f.Message {
			t.Errorf("field %s has layout %v", f.Name, got)
		}
	}
	if again := layouts.Message(method.Request); again != all {
		t.Error("the layout was computed twice")
	}
	if all.Messages[16] != all.Messages[17] {
		t.Error("the layout of a nested message was computed twice")
	}
}

func TestLayouts_Method(t *testing.T) {
	var layouts Layouts
	for _, tt := range []struct {
		method   int
		params   []abi.Core
		indirect bool
		result   string
	}{
		{0, []abi.Core{abi.I32, abi.I32, abi.I32}, false, "p.All"},
		{1, []abi.Core{abi.I32}, true, "p.Empty"},
	} {
		m := layouts.Method(load(t).Service("p.S").Methods[tt.method])
		if got := m.Func.Params(); !slices.Equal(got, tt.params) || m.Func.Indirect != tt.indirect {
			t.Errorf("%s: got %v, indirect: %v", m.Name, got, m.Func.Indirect)
		}
		if m.Func.Param != m.Request.Type || string(m.Reply.Name) != tt.result {
			t.Errorf("%s: got %s -> %s", m.Name, m.Request.Name, m.Reply.Name)
		}
		want := abi.ResultOf(m.Reply.Type, StatusType)
		if got := m.Func.Result; got.Size != want.Size || got.Payload != want.Payload || wit(got) != wit(want) {
			t.Errorf("%s: got result %s", m.Name, wit(got))
		}
	}
}

func TestStatusType(t *testing.T) {
	const want = "{code@0: u32, message@4: string, details@12: list<{type-url@0: string, value@8: list<u8>}>}"
	if got := wit(StatusType); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestScalar_Errors(t *testing.T) {
	for _, k := range []protoreflect.Kind{protoreflect.MessageKind, protoreflect.GroupKind} {
		func() {
			defer func() {
				if got, want := recover(), "mapping: "+k.String()+" is not a scalar kind"; got != want {
					t.Errorf("got panic %v, want %s", got, want)
				}
			}()
			Scalar(k)
		}()
	}
}
