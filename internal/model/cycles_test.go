package model_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/cofaas/cofaas/internal/model"
)

// cut lists the fields that are cut, as "Message.field".
func cut(m *model.Model) (names []string) {
	for _, f := range m.Files {
		for _, msg := range f.Messages {
			for _, field := range msg.Fields {
				name := string(msg.Name) + "." + string(field.Name)
				if field.IsMap() {
					field = field.Value
				}
				if field.Cut {
					names = append(names, name)
				}
			}
		}
	}
	slices.Sort(names)
	return names
}

func TestBuild_cycles(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		// entries are the messages from which the others are reached, by several services.
		entries string
		want    []string
	}{
		{"none", "message A { B b = 1; C c = 2; } message B { C c = 1; } message C {}", "A", nil},
		{"self", "message A { A a = 1; repeated A b = 2; map<string, A> c = 3; oneof o { A d = 4; } int32 e = 5; }", "A",
			[]string{"A.a", "A.b", "A.c", "A.d"}},
		{"mutual", "message A { B b = 1; } message B { A a = 1; }", "A B", []string{"B.a"}},
		{"mutual, declared the other way round", "message B { A a = 1; } message A { B b = 1; }", "A B", []string{"A.b"}},
		{"into a cycle, but not of it", "message A { C c = 1; } message B { A a = 1; } message C { B b = 1; C2 d = 2; } message C2 { int32 x = 1; } message D { A a = 1; C c = 2; }",
			"A D", []string{"B.a", "C.b"}},
		{"backwards without a cycle", "message A {} message B { A a = 1; } message C { B b = 1; A a = 2; }", "C", nil},
		{"nested in the message around it", "message A { message B { A a = 1; B b = 2; } B b = 1; }", "A A.B", []string{"A.B.a", "A.B.b"}},
		{"nested at several levels", "message A { message B { message C { B b = 1; A a = 2; D d = 3; } C c = 1; } message D { B b = 1; } B b = 1; D d = 2; }",
			"A.B.C A.D A", []string{"A.B.C.a", "A.B.C.b", "A.D.b"}},
		{"through a map", "message A { map<int32, B> b = 1; } message B { map<bool, A> a = 1; }", "B", []string{"B.a"}},
		{"through a oneof", "message A { oneof o { B b = 1; string s = 2; } } message B { oneof o { A a = 1; B b = 2; } }", "A", []string{"B.a", "B.b"}},
		{"two cycles with a message in common", "message A { B b = 1; C c = 2; } message B { A a = 1; } message C { A a = 1; }", "B", []string{"B.a", "C.a"}},
		{"two cycles with a field in common", "message A { B b = 1; } message B { C c = 1; D d = 2; } message C { A a = 1; } message D { A a = 1; }", "D",
			[]string{"C.a", "D.a"}},
		{"two cycles, one after the other", "message A { B b = 1; } message B { A a = 1; C c = 2; } message C { D d = 1; } message D { C c = 1; }", "A",
			[]string{"B.a", "D.c"}},
		{"all with all", "message A { A a = 1; B b = 2; C c = 3; } message B { A a = 1; B b = 2; C c = 3; } message C { A a = 1; B b = 2; C c = 3; }", "B",
			[]string{"A.a", "B.a", "B.b", "C.a", "C.b", "C.c"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			src := "syntax = \"proto3\"; " + tt.body
			var reversed string
			for i, e := range strings.Fields(tt.entries) {
				src += fmt.Sprintf(" service S%d { rpc Do(%s) returns (%s); }", i, e, e)
				reversed = fmt.Sprintf(" service S%d { rpc Do(%s) returns (%s); }", i, e, e) + reversed
			}
			reversed = "syntax = \"proto3\"; " + tt.body + reversed
			for _, src := range []string{src, reversed} {
				if got := cut(build(t, map[string]string{"main.proto": src}, model.Options{})); !slices.Equal(got, tt.want) {
					t.Errorf("%s:\ngot %v, want %v", src, got, tt.want)
				}
			}
		})
	}
}

// google.protobuf.Struct is the recursion that most protos meet.
func TestBuild_struct(t *testing.T) {
	m := build(t, map[string]string{"main.proto": `syntax = "proto3"; import "google/protobuf/struct.proto";
service S { rpc Do(google.protobuf.ListValue) returns (google.protobuf.Value); }`}, model.Options{})
	want := []string{"google.protobuf.ListValue.values", "google.protobuf.Value.struct_value"}
	if got := cut(m); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestBuild_random checks random graphs against the rule as it is written down: what is cut, that no cycle is left, what is
// checked, and that nothing depends on which service reaches a message first.
func TestBuild_random(t *testing.T) {
	const seed = 3
	rnd := rand.New(rand.NewPCG(seed, 0))
	for range 500 {
		fd := randomFile(rnd)
		file, err := protodesc.NewFile(fd, nil)
		if err != nil {
			t.Fatal(err)
		}
		m := model.Build(nil, model.Options{Files: []protoreflect.FileDescriptor{file}})
		g := newGraph(file)
		var want []string
		for _, f := range g.fields {
			if g.reaches(f.to, f.from) && g.order[f.to] <= g.order[f.from] {
				want = append(want, f.name)
			}
		}
		slices.Sort(want)
		got := cut(m)
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d:\n%v\ngot %v, want %v", seed, fd, got, want)
		}
		g.fields = slices.DeleteFunc(g.fields, func(f edge) bool { return slices.Contains(got, f.name) })
		for name := range g.order {
			if g.reaches(name, name) {
				t.Fatalf("seed %d: a cycle through %s is left", seed, name)
			}
		}
		g = newGraph(file)
		for _, msg := range m.Files[0].Messages {
			want := false
			for name := range g.order {
				want = want || g.required[name] && (name == msg.Name || g.reaches(msg.Name, name))
			}
			if msg.Checked != want {
				t.Fatalf("seed %d: %s is checked: %v, want %v", seed, msg.Name, msg.Checked, want)
			}
		}
		for _, s := range rnd.Perm(file.Services().Len()) {
			one := model.Build([]protoreflect.ServiceDescriptor{file.Services().Get(s)}, model.Options{})
			for _, name := range cut(one) {
				if !slices.Contains(got, name) {
					t.Fatalf("seed %d: service %d cuts %s", seed, s, name)
				}
			}
			if all := outline(m); !isPart(outline(one), all) {
				t.Fatalf("seed %d: service %d has the model\n%snot part of\n%s", seed, s, outline(one), all)
			}
		}
	}
}

// isPart says that all lines of part are in all.
func isPart(part, all string) bool {
	lines := strings.Split(all, "\n")
	for line := range strings.Lines(part) {
		line = strings.TrimSuffix(line, "\n")
		if !strings.HasPrefix(line, "  service") && !strings.HasPrefix(line, "    /") && !slices.Contains(lines, line) {
			return false
		}
	}
	return true
}

// randomFile has up to 8 messages, nested in each other, whose fields refer to each other at random, and a service for each.
func randomFile(rnd *rand.Rand) *descriptorpb.FileDescriptorProto {
	fd := &descriptorpb.FileDescriptorProto{Name: proto.String("r.proto"), Syntax: proto.String("proto2")}
	type place struct {
		name string
		md   *descriptorpb.DescriptorProto
	}
	var all []place
	for i := range 1 + rnd.IntN(8) {
		md := &descriptorpb.DescriptorProto{Name: proto.String(fmt.Sprintf("M%d", i))}
		name := "." + md.GetName()
		if in := rnd.IntN(len(all) + 1); in < len(all) {
			name = all[in].name + name
			all[in].md.NestedType = append(all[in].md.NestedType, md)
		} else {
			fd.MessageType = append(fd.MessageType, md)
		}
		all = append(all, place{name, md})
	}
	for i, p := range all {
		for n := range rnd.IntN(4) {
			f := &descriptorpb.FieldDescriptorProto{
				Name: proto.String(fmt.Sprintf("f%d", n)), Number: proto.Int32(int32(n + 1)),
				Label:    []descriptorpb.FieldDescriptorProto_Label{1, 3}[rnd.IntN(2)].Enum(),
				Type:     descriptorpb.FieldDescriptorProto_TYPE_MESSAGE.Enum(),
				TypeName: proto.String(all[rnd.IntN(len(all))].name),
			}
			if rnd.IntN(20) == 0 {
				f.Type, f.TypeName, f.Label = descriptorpb.FieldDescriptorProto_TYPE_INT32.Enum(), nil, descriptorpb.FieldDescriptorProto_LABEL_REQUIRED.Enum()
			}
			p.md.Field = append(p.md.Field, f)
		}
		fd.Service = append(fd.Service, &descriptorpb.ServiceDescriptorProto{
			Name: proto.String(fmt.Sprintf("S%d", i)),
			Method: []*descriptorpb.MethodDescriptorProto{{
				Name: proto.String("Do"), InputType: proto.String(p.name), OutputType: proto.String(p.name),
			}},
		})
	}
	return fd
}

type edge struct {
	name     string
	from, to protoreflect.FullName
}

// graph is of the messages of a file and the fields that lead from one to another.
type graph struct {
	order    map[protoreflect.FullName]int // of declaration
	required map[protoreflect.FullName]bool
	fields   []edge
}

func newGraph(fd protoreflect.FileDescriptor) *graph {
	g := &graph{order: map[protoreflect.FullName]int{}, required: map[protoreflect.FullName]bool{}}
	var visit func(protoreflect.MessageDescriptors)
	visit = func(mds protoreflect.MessageDescriptors) {
		for i := range mds.Len() {
			md := mds.Get(i)
			g.order[md.FullName()] = len(g.order)
			g.required[md.FullName()] = md.RequiredNumbers().Len() > 0
			for j := range md.Fields().Len() {
				if f := md.Fields().Get(j); f.Message() != nil {
					g.fields = append(g.fields, edge{string(f.FullName()), md.FullName(), f.Message().FullName()})
				}
			}
			visit(md.Messages())
		}
	}
	visit(fd.Messages())
	return g
}

// reaches says whether fields lead from one message to another.
func (g *graph) reaches(from, to protoreflect.FullName) bool {
	seen := map[protoreflect.FullName]bool{}
	var visit func(protoreflect.FullName) bool
	visit = func(at protoreflect.FullName) bool {
		for _, f := range g.fields {
			if f.from != at || seen[f.to] {
				continue
			}
			seen[f.to] = true
			if f.to == to || visit(f.to) {
				return true
			}
		}
		return false
	}
	return visit(from)
}

// Sizes that no person writes. Work that is exponential in them would not end.
func TestBuild_large(t *testing.T) {
	for _, tt := range []struct {
		name     string
		messages int
		fields   func(i int) (types []int)
		want     int // cut fields
	}{
		{"100,000 fields", 1, func(int) []int { return slices.Repeat([]int{-1}, 100_000) }, 0},
		{"100,000 fields of their own message", 1, func(int) []int { return make([]int, 100_000) }, 100_000},
		{"a chain of 10,000 messages", 10_000, func(i int) []int { return []int{min(i+1, 9_999)} }, 1},
		{"a cycle of 10,000 messages", 10_000, func(i int) []int { return []int{(i + 1) % 10_000} }, 1},
		{"exponentially many ways", 1_000, func(i int) []int { return []int{min(i+1, 999), min(i+1, 999)} }, 2},
		{"300 messages that all have each other", 300, func(i int) []int {
			var all []int
			for j := range 300 {
				all = append(all, j)
			}
			return all
		}, 300 * 301 / 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fd := &descriptorpb.FileDescriptorProto{Name: proto.String("l.proto"), Syntax: proto.String("proto3")}
			for i := range tt.messages {
				md := &descriptorpb.DescriptorProto{Name: proto.String(fmt.Sprintf("M%d", i))}
				for n, to := range tt.fields(i) {
					number := n + 1
					if number >= 19_000 {
						number += 1_000 // protobuf reserves some
					}
					f := &descriptorpb.FieldDescriptorProto{
						Name: proto.String(fmt.Sprintf("f%d", n)), Number: proto.Int32(int32(number)),
						Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(),
						Type:  descriptorpb.FieldDescriptorProto_TYPE_INT32.Enum(),
					}
					if to >= 0 {
						f.Type, f.TypeName = descriptorpb.FieldDescriptorProto_TYPE_MESSAGE.Enum(), proto.String(fmt.Sprintf(".M%d", to))
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
			if got := len(cut(m)); got != tt.want {
				t.Errorf("got %d cut fields, want %d", got, tt.want)
			}
		})
	}
}
