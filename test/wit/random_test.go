package wit

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"

	"google.golang.org/protobuf/reflect/protoreflect"

	witgen "github.com/cofaas/cofaas/gen/wit"
	"github.com/cofaas/cofaas/internal/model"
	"github.com/cofaas/cofaas/internal/protoload"
)

// TestRandom prints random schemas, and compares what the parser makes of them with our layouts. Those of one document import
// each other.
func TestRandom(t *testing.T) {
	documents := 24
	if testing.Short() {
		documents = 4
	}
	for seed := range uint64(documents) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			s := &schemas{rnd: rand.New(rand.NewPCG(seed, 3)), used: map[string]bool{}}
			fsys := fstest.MapFS{}
			var names []string
			for n := range 15 {
				path, text := s.file(n)
				names = append(names, path)
				fsys[path] = &fstest.MapFile{Data: []byte(text)}
			}
			files, err := protoload.Load(t.Context(), protoload.Options{FS: fsys}, names...)
			if err != nil {
				t.Fatalf("%v", err)
			}
			var opts model.Options
			var services []protoreflect.ServiceDescriptor
			for _, name := range names {
				fd, err := files.FindFileByPath(name)
				if err != nil {
					t.Fatal(err)
				}
				opts.Files = append(opts.Files, fd)
				for i := range fd.Services().Len() {
					services = append(services, fd.Services().Get(i))
				}
			}
			m := model.Build(services, opts)
			Agree(t, witgen.Protos(m), m)
		})
	}
}

// schemas writes random files.
type schemas struct {
	rnd *rand.Rand
	// used are the names that are taken, with their scopes.
	used map[string]bool
	// files have the types that later files may use.
	files []*protoFile

	b       strings.Builder
	proto2  bool
	edition bool
	current *protoFile
}

type protoFile struct {
	path            string
	messages, enums []string
}

// names are few, so that they meet, and keywords of WIT among them.
var names = []string{"get_x", "Get_x", "GetX", "GET_X", "list", "List", "record", "status", "unknown_fields", "a_1", "a1", "_", "__", "type", "Type", "call", "list_call", "x", "X"}

func (s *schemas) chance(percent int) bool { return s.rnd.IntN(100) < percent }

// fresh returns a name that scope has not yet, nor the JSON names of its fields.
func (s *schemas) fresh(scope string) string {
	for i := 0; ; i++ {
		name := s.any(names)
		if i > 3 {
			name = fmt.Sprintf("%s_f%d", strings.Trim(name, "_"), len(s.used))
		}
		if s.take(scope, name) {
			return name
		}
	}
}

// take takes a name, and those that protobuf makes of it.
func (s *schemas) take(scope, name string) bool {
	var json strings.Builder
	for i, word := range strings.Split(name, "_") {
		if i > 0 && word != "" {
			word = strings.ToUpper(word[:1]) + word[1:]
		}
		json.WriteString(word)
	}
	entry := "Entry"
	if j := json.String(); j != "" {
		entry = strings.ToUpper(j[:1]) + j[1:] + entry
	}
	keys := []string{scope + "." + name, scope + " json " + json.String(), scope + "." + entry}
	for _, k := range keys {
		if s.used[k] {
			return false
		}
	}
	for _, k := range keys {
		s.used[k] = true
	}
	return true
}

func (s *schemas) p(format string, args ...any) { fmt.Fprintf(&s.b, format+"\n", args...) }

func (s *schemas) file(n int) (path, text string) {
	s.b.Reset()
	s.proto2, s.edition = false, false
	switch s.rnd.IntN(3) {
	case 0:
		s.p(`syntax = "proto3";`)
	case 1:
		s.p(`syntax = "proto2";`)
		s.proto2 = true
	default:
		s.p(`edition = "2023";`)
		s.edition = true
	}
	pkg := []string{"", "a", "a.b", "a_b", "list", "a.B"}[s.rnd.IntN(6)]
	scope := ""
	if pkg != "" {
		s.p("package %s;", pkg)
		scope = "." + pkg
	}
	for _, part := range []string{".a", ".list"} {
		s.used[part] = true // the packages
	}
	s.used[".a.b"], s.used[".a.B"] = true, true
	f := &protoFile{path: fmt.Sprintf("%s/f%d.proto", []string{"x", "x/y", "list"}[s.rnd.IntN(3)], n)}
	for _, other := range s.files {
		if s.chance(30) {
			s.p("import %q;", other.path)
			f.messages = append(f.messages, other.messages...)
			f.enums = append(f.enums, other.enums...)
		}
	}
	imported, importedEnums := len(f.messages), len(f.enums)
	s.current = f
	var all []*message
	for range 1 + s.rnd.IntN(5) {
		all = append(all, s.declare(scope, 0))
	}
	for i := range s.rnd.IntN(2) + 1 {
		name := s.fresh(scope)
		s.p("enum %s { %s_V%d_%d = 0; }", name, strings.Trim(name, "_"), n, i)
		f.enums = append(f.enums, scope+"."+name)
	}
	for _, m := range all {
		s.message(m)
	}
	for i := range s.rnd.IntN(3) {
		service := fmt.Sprintf("%s.S%d_%d", scope, n, i)
		s.p("service S%d_%d {", n, i)
		for range s.rnd.IntN(5) {
			stream := func() string { return []string{"", "stream "}[s.rnd.IntN(2)] }
			s.p("  rpc %s(%s%s) returns (%s%s);", s.fresh(service), stream(), s.any(f.messages), stream(), s.any(f.messages))
		}
		s.p("}")
	}
	s.files = append(s.files, &protoFile{path: f.path, messages: f.messages[imported:], enums: f.enums[importedEnums:]})
	return f.path, s.b.String()
}

func (s *schemas) any(of []string) string { return of[s.rnd.IntN(len(of))] }

type message struct {
	name, full string
	nested     []*message
}

// declare chooses the name of a message and those in it, so that fields may refer to any.
func (s *schemas) declare(scope string, depth int) *message {
	m := &message{name: s.fresh(scope)}
	m.full = scope + "." + m.name
	s.current.messages = append(s.current.messages, m.full)
	if depth < 3 {
		for range s.rnd.IntN(3 - depth) {
			m.nested = append(m.nested, s.declare(m.full, depth+1))
		}
	}
	return m
}

func (s *schemas) message(m *message) {
	if s.chance(50) {
		s.p("// About %s.\n// More about it.", m.name)
	}
	s.p("message %s {", m.name)
	for _, n := range m.nested {
		s.message(n)
	}
	number := 0
	next := func() int { number++; return number }
	for range s.rnd.IntN(7) {
		switch {
		case s.chance(15):
			s.p("oneof %s {", s.fresh(m.full))
			cases := 1 + s.rnd.IntN(4)
			if s.chance(3) {
				cases = 300
			}
			for range cases {
				s.p("%s %s = %d;", s.typ(), s.fresh(m.full), next())
			}
			s.p("}")
		case s.chance(15):
			key := s.any([]string{"int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64", "sfixed32", "sfixed64", "bool", "string"})
			s.p("map<%s, %s> %s = %d;", key, s.typ(), s.fresh(m.full), next())
		case s.proto2 && s.chance(10):
			n := next()
			name := fmt.Sprintf("Group%d", n)
			if s.take(m.full, name) && s.take(m.full, strings.ToLower(name)) {
				s.p("%s group %s = %d { optional %s x = 1; }", s.any([]string{"optional", "required", "repeated"}), name, n, s.typ())
			}
		default:
			typ := s.typ()
			s.p("%s%s %s = %d%s; // Behind.", s.label(), typ, s.fresh(m.full), next(), s.features(typ))
		}
	}
	if !s.isProto3() && s.chance(20) {
		s.p("extensions 1000 to max;")
	}
	s.p("}")
}

func (s *schemas) isProto3() bool { return !s.proto2 && !s.edition }

func (s *schemas) label() string {
	switch {
	case s.proto2:
		return s.any([]string{"optional ", "required ", "repeated "})
	case s.edition:
		return s.any([]string{"", "repeated "})
	default:
		return s.any([]string{"", "optional ", "repeated "})
	}
}

func (s *schemas) features(typ string) string {
	if s.edition && typ == "string" && s.chance(50) {
		return " [features.utf8_validation = NONE]"
	}
	return ""
}

func (s *schemas) typ() string {
	switch {
	case s.chance(40):
		return s.any(s.current.messages)
	// Enums of proto2 may not be used in proto3.
	case s.proto2 && s.chance(10):
		return s.any(s.current.enums)
	default:
		return s.any([]string{"double", "float", "int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64", "sfixed32", "sfixed64",
			"bool", "string", "bytes"})
	}
}
