package mapping

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/cofaas/cofaas/internal/abi"
	"github.com/cofaas/cofaas/internal/model"
	"github.com/cofaas/cofaas/internal/protoload"
)

// load returns the model of all that is declared in a proto.
func load(t *testing.T, src string) *model.Model {
	t.Helper()
	files, err := protoload.Load(t.Context(), protoload.Options{FS: fstest.MapFS{"p.proto": {Data: []byte(src)}}}, "p.proto")
	if err != nil {
		t.Fatal(err)
	}
	fd, err := files.FindFileByPath("p.proto")
	if err != nil {
		t.Fatal(err)
	}
	var services []protoreflect.ServiceDescriptor
	for i := range fd.Services().Len() {
		services = append(services, fd.Services().Get(i))
	}
	return model.Build(services, model.Options{Files: []protoreflect.FileDescriptor{fd}})
}

// message returns the layout of a message by its full name.
func message(t *testing.T, l *Layouts, m *model.Model, name protoreflect.FullName) *Message {
	t.Helper()
	for _, f := range m.Files {
		for _, msg := range f.Messages {
			if msg.Name == name {
				return l.Message(msg)
			}
		}
	}
	t.Fatalf("no message %s", name)
	return nil
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
		var cases []string
		for _, c := range t.Cases {
			cases = append(cases, wit(c))
		}
		return "variant<" + strings.Join(cases, ", ") + ">"
	default:
		return t.Kind.String()
	}
}

var formNames = map[Form]string{Plain: "plain", Inline: "inline", Boxed: "boxed", Encoded: "encoded"}

// describe writes the members of a message, one per line, and how they hold their values.
func describe(m *Message) string {
	var b strings.Builder
	value := func(v Value) {
		fmt.Fprintf(&b, " %s=%s", v.Field.Name, formNames[v.Form])
		if v.Message != nil {
			fmt.Fprintf(&b, ":%s", v.Message.Name)
		}
	}
	for i, member := range m.Members {
		f := m.Type.Fields[i]
		fmt.Fprintf(&b, "%d %s: %s;", member.Offset, f.Name, wit(f.Type))
		switch {
		case member.Oneof != nil:
			for _, c := range member.Cases {
				value(c)
			}
		case member.Field.IsMap():
			value(member.Key)
			value(member.Value)
		default:
			value(member.Value)
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "%d %s\n", m.Unknown().Offset, m.Unknown().Name)
	return b.String()
}

func TestLayouts_Message(t *testing.T) {
	const empty = "{unknown fields@0: list<u8>}"
	for _, tt := range []struct{ name, src, want string }{
		{"scalars", `syntax = "proto3"; enum E { ZERO = 0; }
			message M {
				double f64 = 1; float f32 = 2; int32 s32 = 3; sint32 s32z = 4; sfixed32 s32f = 5; uint32 u32 = 6; fixed32 u32f = 7;
				int64 s64 = 8; sint64 s64z = 9; sfixed64 s64f = 10; uint64 u64 = 11; fixed64 u64f = 12;
				bool bool = 13; string string = 14; bytes bytes = 15; E enum = 16;
			}`, `
0 f64: f64; f64=plain
8 f32: f32; f32=plain
12 s32: s32; s32=plain
16 s32z: s32; s32z=plain
20 s32f: s32; s32f=plain
24 u32: u32; u32=plain
28 u32f: u32; u32f=plain
32 s64: s64; s64=plain
40 s64z: s64; s64z=plain
48 s64f: s64; s64f=plain
56 u64: u64; u64=plain
64 u64f: u64; u64f=plain
72 bool: bool; bool=plain
76 string: string; string=plain
84 bytes: list<u8>; bytes=plain
92 enum: s32; enum=plain
96 unknown fields
`},
		{"lists", `syntax = "proto3"; enum E { ZERO = 0; } message N {}
			message M { repeated bool b = 1; repeated string s = 2; repeated E e = 3; repeated N n = 4; repeated bytes y = 5; }`, `
0 b: list<bool>; b=plain
8 s: list<string>; s=plain
16 e: list<s32>; e=plain
24 n: list<` + empty + `>; n=inline:N
32 y: list<list<u8>>; y=plain
40 unknown fields
`},
		{"presence", `syntax = "proto2"; enum E { ONE = 1; } message N {}
			message M { optional bool b = 1; required int64 i = 2; optional string s = 3; optional E e = 4; required N n = 5; repeated string l = 6; }`, `
0 b: option<bool>; b=plain
8 i: option<s64>; i=plain
24 s: option<list<u8>>; s=plain
36 e: option<s32>; e=plain
44 n: option<` + empty + `>; n=inline:N
56 l: list<list<u8>>; l=plain
64 unknown fields
`},
		{"groups", `syntax = "proto2"; message M { optional group A = 1 {} repeated group B = 2 {} }`, `
0 a: option<` + empty + `>; a=inline:M.A
12 b: list<` + empty + `>; b=inline:M.B
20 unknown fields
`},
		{"maps", `syntax = "proto3"; enum E { ZERO = 0; } message N {}
			message M {
				map<int32, double> a = 1; map<sint32, float> b = 2; map<sfixed32, bool> c = 3; map<uint32, E> d = 4; map<fixed32, N> e = 5;
				map<int64, string> f = 6; map<sint64, bytes> g = 7; map<sfixed64, M> h = 8; map<uint64, int32> i = 9; map<fixed64, int32> j = 10;
				map<bool, int32> k = 11; map<string, int32> l = 12;
			}`, `
0 a: list<{key@0: s32, value@8: f64}>; key=plain value=plain
8 b: list<{key@0: s32, value@4: f32}>; key=plain value=plain
16 c: list<{key@0: s32, value@4: bool}>; key=plain value=plain
24 d: list<{key@0: u32, value@4: s32}>; key=plain value=plain
32 e: list<{key@0: u32, value@4: ` + empty + `}>; key=plain value=inline:N
40 f: list<{key@0: s64, value@8: string}>; key=plain value=plain
48 g: list<{key@0: s64, value@8: list<u8>}>; key=plain value=plain
56 h: list<{key@0: s64, value@8: list<u8>}>; key=plain value=encoded
64 i: list<{key@0: u64, value@8: s32}>; key=plain value=plain
72 j: list<{key@0: u64, value@8: s32}>; key=plain value=plain
80 k: list<{key@0: bool, value@4: s32}>; key=plain value=plain
88 l: list<{key@0: string, value@8: s32}>; key=plain value=plain
96 unknown fields
`},
		{"maps whose strings are not UTF-8", `syntax = "proto2"; message M { map<string, string> m = 1; }`, `
0 m: list<{key@0: list<u8>, value@8: list<u8>}>; key=plain value=plain
8 unknown fields
`},
		{"oneofs between fields", `syntax = "proto3"; message N {}
			message M {
				bool a = 1;
				oneof x { string b = 2; double c = 3; N d = 4; M e = 5; }
				bool f = 6;
				oneof y { bool g = 7; }
				optional bool h = 8;
			}`, `
0 a: bool; a=plain
8 x: option<variant<string, f64, ` + empty + `, list<u8>>>; b=plain c=plain d=inline:N e=encoded
32 f: bool; f=plain
33 y: option<variant<bool>>; g=plain
36 h: option<bool>; h=plain
40 unknown fields
`},
		{"cut", `syntax = "proto3"; message M { M a = 1; repeated M b = 2; map<bool, M> c = 3; }`, `
0 a: option<list<u8>>; a=encoded
12 b: list<list<u8>>; b=encoded
20 c: list<{key@0: bool, value@4: list<u8>}>; key=plain value=encoded
28 unknown fields
`},
		{"no fields", `syntax = "proto3"; message M {}`, `
0 unknown fields
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var layouts Layouts
			m := load(t, tt.src)
			got := message(t, &layouts, m, "M")
			if got, want := describe(got), strings.TrimPrefix(tt.want, "\n"); got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
			if again := message(t, &layouts, m, "M"); again != got {
				t.Error("the layout was computed twice")
			}
		})
	}
}

// Fields of a oneof need not stand together in a descriptor. The oneof is where the first of them is.
func TestLayouts_Message_scattered(t *testing.T) {
	a, o := &model.Field{Name: "a", Kind: protoreflect.BoolKind}, &model.Oneof{Name: "o"}
	b := &model.Field{Name: "b", Kind: protoreflect.Int32Kind, Oneof: o}
	c := &model.Field{Name: "c", Kind: protoreflect.BoolKind}
	d := &model.Field{Name: "d", Kind: protoreflect.BoolKind, Oneof: o}
	o.Fields = []*model.Field{b, d}
	var layouts Layouts
	got := describe(layouts.Message(&model.Message{Name: "M", Fields: []*model.Field{a, b, c, d}}))
	const want = "0 a: bool; a=plain\n4 o: option<variant<s32, bool>>; b=plain d=plain\n16 c: bool; c=plain\n20 unknown fields\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// A record of MaxInline bytes is part of another one, a larger one is not; lists have both as elements.
func TestLayouts_boxed(t *testing.T) {
	words := func(n int) (fields string) {
		for i := range n {
			fields += fmt.Sprintf("fixed64 w%d = %d; ", i, i+1)
		}
		return fields
	}
	m := load(t, `syntax = "proto3";
		message Fits { `+words(15)+`}
		message Large { `+words(16)+`}
		message Choice { oneof o { string a = 1; string b = 2; Narrow c = 3; } }
		message Narrow { oneof o { `+words(12)+`} }
		message Wide { oneof o { `+words(14)+`} }
		message M {
			Fits a = 1; Large b = 2; repeated Large c = 3; map<bool, Large> d = 4; Narrow e = 5; Wide f = 6; repeated Wide g = 7;
			oneof o { Fits h = 8; Large i = 9; Narrow j = 10; Wide k = 11; }
			Choice l = 12;
		}`)
	var layouts Layouts
	for name, want := range map[protoreflect.FullName]uint32{"Fits": MaxInline, "Large": MaxInline + 8, "Narrow": 32, "Wide": 32} {
		if got := message(t, &layouts, m, name).Type.Size; got != want {
			t.Errorf("%s has %d bytes, want %d", name, got, want)
		}
	}
	want := map[string]Form{"a": Inline, "b": Boxed, "c": Inline, "value": Inline, "e": Inline, "f": Boxed, "g": Inline,
		"h": Inline, "i": Boxed, "j": Inline, "k": Boxed, "l": Boxed}
	got := map[string]Form{}
	for _, member := range message(t, &layouts, m, "M").Members {
		values := member.Cases
		if member.Field != nil {
			values = []Value{member.Value}
		}
		for _, v := range values {
			got[string(v.Field.Name)] = v.Form
			if v.Form == Boxed && (v.Type.Kind != abi.List || v.Type.Elem != v.Message.Type) {
				t.Errorf("%s is %s", v.Field.Name, wit(v.Type))
			}
			if v.Form == Inline && v.Type != v.Message.Type {
				t.Errorf("%s is %s", v.Field.Name, wit(v.Type))
			}
		}
	}
	for name, form := range want {
		if got[name] != form {
			t.Errorf("%s is %s, want %s", name, formNames[got[name]], formNames[form])
		}
	}
	// A boxed field is a list, and no option of one.
	b := message(t, &layouts, m, "M").Members[1]
	if b.Type.Kind != abi.List || b.Type.Elem != b.Value.Message.Type {
		t.Errorf("got %s", wit(b.Type))
	}
}

func TestLayouts_discriminants(t *testing.T) {
	for cases, want := range map[int]uint32{1: 1, 256: 1, 257: 2, 65536: 2, 65537: 4} {
		o := &model.Oneof{Name: "o"}
		m := &model.Message{Name: "M"}
		for range cases {
			f := &model.Field{Kind: protoreflect.BoolKind, Oneof: o}
			o.Fields = append(o.Fields, f)
			m.Fields = append(m.Fields, f)
		}
		var layouts Layouts
		got := layouts.Message(m).Members[0]
		if v := got.Type.Cases[1]; v.Discriminant != want || len(v.Cases) != cases || len(got.Cases) != cases {
			t.Errorf("%d cases: got a discriminant of %d bytes for %d", cases, v.Discriminant, len(v.Cases))
		}
	}
}

func TestLayouts_Method(t *testing.T) {
	m := load(t, `syntax = "proto3"; package p;
		service S { rpc Narrow(Leaf) returns (All); rpc Wide(All) returns (Empty); rpc Join(Choice) returns (Empty); }
		message Empty {} message Leaf { bool b = 1; } message All { Leaf a = 1; Leaf b = 2; Leaf c = 3; Leaf d = 4; }
		message Choice { oneof o { double a = 1; string b = 2; } }`)
	var layouts Layouts
	for _, tt := range []struct {
		params   []abi.Core
		indirect bool
		result   string
	}{
		{[]abi.Core{abi.I32, abi.I32, abi.I32}, false, "p.All"},
		{[]abi.Core{abi.I32}, true, "p.Empty"},
		{[]abi.Core{abi.I32, abi.I32, abi.I64, abi.I32, abi.I32, abi.I32}, false, "p.Empty"},
	} {
		methods := m.Service("p.S").Methods
		i := slices.IndexFunc(methods, func(m *model.Method) bool { return slices.Equal(layouts.Method(m).Func.Params(), tt.params) })
		if i < 0 {
			t.Errorf("no method has the parameters %v", tt.params)
			continue
		}
		got := layouts.Method(methods[i])
		if got.Func.Indirect != tt.indirect || got.Func.Param != got.Request.Type || string(got.Reply.Name) != tt.result {
			t.Errorf("%s: got %s -> %s, indirect: %v", got.Name, got.Request.Name, got.Reply.Name, got.Func.Indirect)
		}
		want := abi.ResultOf(got.Reply.Type, StatusType)
		if r := got.Func.Result; r.Size != want.Size || r.Payload != want.Payload || wit(r) != wit(want) {
			t.Errorf("%s: got result %s", got.Name, wit(r))
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

// Sizes that no person writes: layouts, plans and slots grow in proportion to the proto.
func TestLayouts_large(t *testing.T) {
	const deep = 10_000
	next := func(n int) func(int) []int {
		return func(i int) []int { return slices.Repeat([]int{min(i+1, deep-1)}, n) }
	}
	for _, tt := range []struct {
		name     string
		messages int
		fields   func(i int) []int // the messages of a message's fields, -1 for a bool
		oneof    bool
	}{
		{"100,000 fields", 1, func(int) []int { return slices.Repeat([]int{-1}, 100_000) }, false},
		{"100,000 cases", 1, func(int) []int { return slices.Repeat([]int{-1}, 100_000) }, true},
		{"10,000 large fields", 2, func(i int) []int {
			if i == 1 {
				return slices.Repeat([]int{-1}, 120)
			}
			return slices.Repeat([]int{1}, 10_000)
		}, false},
		{"a chain", deep, next(1), false},
		{"a chain of oneofs", deep, next(1), true},
		{"a binary tree", deep, next(2), false},
		{"a tree of oneofs", deep, next(20), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fd := &descriptorpb.FileDescriptorProto{Name: proto.String("l.proto"), Syntax: proto.String("proto3")}
			for i := range tt.messages {
				md := &descriptorpb.DescriptorProto{Name: proto.String(fmt.Sprintf("M%d", i))}
				for n, to := range tt.fields(i) {
					f := &descriptorpb.FieldDescriptorProto{
						Name: proto.String(fmt.Sprintf("f%d", n)), Number: proto.Int32(int32(20_000 + n)),
						Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(), Type: descriptorpb.FieldDescriptorProto_TYPE_BOOL.Enum(),
					}
					if to >= 0 && i < tt.messages-1 {
						f.Type, f.TypeName = descriptorpb.FieldDescriptorProto_TYPE_MESSAGE.Enum(), proto.String(fmt.Sprintf(".M%d", to))
					}
					if tt.oneof {
						f.OneofIndex = proto.Int32(0)
						md.OneofDecl = []*descriptorpb.OneofDescriptorProto{{Name: proto.String("o")}}
					}
					md.Field = append(md.Field, f)
				}
				fd.MessageType = append(fd.MessageType, md)
			}
			file, err := protodesc.NewFile(fd, nil)
			if err != nil {
				t.Fatal(err)
			}
			m := model.Build(nil, model.Options{Files: []protoreflect.FileDescriptor{file}})
			var layouts Layouts
			nodes := 0
			first := layouts.Message(m.Files[0].Messages[0])
			count(abi.NewPlan(first.Type), map[*abi.Plan]bool{}, &nodes)
			slots := len(first.Type.Slots())
			fields := 0
			for _, msg := range m.Files[0].Messages {
				fields += len(msg.Fields)
			}
			if limit := 2 * MaxInline * (fields + tt.messages); nodes > limit || slots > limit {
				t.Errorf("got %d nodes and %d slots for %d fields", nodes, slots, fields)
			}
		})
	}
}

// count adds up the nodes of a plan and of the plans of elements.
func count(p *abi.Plan, seen map[*abi.Plan]bool, nodes *int) {
	if p == nil || seen[p] {
		return
	}
	seen[p] = true
	var add func([]abi.Node)
	add = func(ns []abi.Node) {
		*nodes += len(ns)
		for _, n := range ns {
			count(n.Elem, seen, nodes)
			for _, c := range n.Cases {
				add(c)
			}
		}
	}
	add(p.Nodes)
}
