package plan_test

import (
	"errors"
	"go/token"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cofaas/cofaas/analyzer"
	"github.com/cofaas/cofaas/internal/plan"
)

// function makes what the analyzer finds of a function: services that it registers and, after "->", calls. Registrations are
// at lines 10, 11, ... of its main.go, clients at 20, 21, ... A service may be followed by where its server listens, "S@ADDRESS", or by
// what the client dials, "S=TARGET"; both may be "SOURCE|DEFAULT" instead. Services whose names end in a star stream.
func function(spec string) *analyzer.Function {
	name, rest, _ := strings.Cut(spec, ": ")
	exports, imports, _ := strings.Cut(rest, "->")
	f := &analyzer.Function{PkgPath: "example.com/" + name, Name: name, Dir: "/app/" + name}
	if i := strings.LastIndex(name, "/"); i >= 0 {
		f.Name = name[i+1:]
	}
	at := func(line int) token.Position {
		return token.Position{Filename: f.Dir + "/main.go", Line: line, Column: 2}
	}
	for i, s := range strings.Fields(exports) {
		s, addr, listens := strings.Cut(s, "@")
		e := &analyzer.Export{Service: service(s), Pos: at(10 + i)}
		if listens {
			e.Listen = append(e.Listen, value(addr))
		}
		f.Exports = append(f.Exports, e)
	}
	for i, s := range strings.Fields(imports) {
		s, target, _ := strings.Cut(s, "=")
		f.Imports = append(f.Imports, &analyzer.Import{Service: service(s), Pos: at(20 + i), Target: value(target)})
	}
	f.Rewritten = []*analyzer.Package{{PkgPath: f.PkgPath}}
	return f
}

func service(name string) *analyzer.Service {
	name, streams := strings.CutSuffix(name, "*")
	s := &analyzer.Service{Name: name, PkgPath: "example.com/pb", Methods: []*analyzer.Method{{Name: "Get"}}}
	if streams {
		s.Methods = append(s.Methods, &analyzer.Method{Name: "Watch", ServerStreams: true}, &analyzer.Method{Name: "Talk", ServerStreams: true, ClientStreams: true})
	}
	return s
}

func value(spec string) analyzer.Value {
	source, otherwise, ok := strings.Cut(spec, "|")
	switch {
	case ok:
		return analyzer.Value{Source: strings.ReplaceAll(source, "_", " "), Default: otherwise}
	case spec == "":
		return analyzer.Value{Source: "a computed value"}
	}
	return analyzer.Value{Known: true, Const: spec}
}

func result(specs ...string) *analyzer.Result {
	res := &analyzer.Result{}
	for _, s := range specs {
		res.Functions = append(res.Functions, function(s))
	}
	return res
}

// short names files as if /app were the module.
func short(file string) string { return strings.TrimPrefix(file, "/app/") }

func TestMake_Errors(t *testing.T) {
	tests := []struct {
		name      string
		functions []string
		want      []string
	}{
		{"same name", []string{"x/a: p.S", "y/a: p.T"}, []string{
			"/app/y/a: function a: /app/x/a has the same name: a function is named by its folder; rename one of them",
		}},
		{"no service", []string{"a: "}, []string{
			"/app/a: function a: it registers no service of its own, so there is nothing to consolidate; remove its go:generate line",
		}},
		{"only services of the host", []string{"a: grpc.health.v1.Health grpc.reflection.v1.ServerReflection"}, []string{
			"/app/a: function a: it registers no service of its own, so there is nothing to consolidate; remove its go:generate line",
		}},
		{"all at once", []string{"x/a: p.S", "y/a: p.T", "c: "}, []string{
			"/app/c: function c: it registers no service of its own, so there is nothing to consolidate; remove its go:generate line",
			"/app/y/a: function a: /app/x/a has the same name: a function is named by its folder; rename one of them",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := plan.Make(result(tt.functions...), short)
			if err == nil {
				t.Fatalf("no error, but %+v", p)
			}
			if p != nil {
				t.Error("there is a plan beside an error")
			}
			if diff := cmp.Diff(strings.Join(tt.want, "\n"), err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			var one *plan.Error
			if !errors.As(err, &one) {
				t.Errorf("%T has no *plan.Error in it", err)
			}
		})
	}
}

func TestApp(t *testing.T) {
	tests := []struct {
		name      string
		functions []string
		// want are the functions and edges of each app, by root.
		want map[string]string
	}{
		{"chain", []string{"c: p.C", "a: p.A -> p.B", "b: p.B -> p.C"}, map[string]string{
			"a": "a b c: a-p.B->b b-p.C->c",
			"b": "b c: b-p.C->c",
			"c": "c:",
		}},
		{"cycle", []string{"a: p.A -> p.B", "b: p.B -> p.C", "c: p.C -> p.A", "d: p.D -> p.A"}, map[string]string{
			"a": "a b c: a-p.B->b b-p.C->c c-p.A->a",
			"b": "b a c: b-p.C->c c-p.A->a a-p.B->b",
			"d": "d a b c: d-p.A->a a-p.B->b b-p.C->c c-p.A->a",
		}},
		{"itself", []string{"a: p.A -> p.A"}, map[string]string{"a": "a: a-p.A->a"}},
		{"diamond", []string{"a: p.A -> p.C p.B", "b: p.B -> p.D", "c: p.C -> p.D", "d: p.D"}, map[string]string{
			"a": "a b c d: a-p.B->b a-p.C->c b-p.D->d c-p.D->d",
		}},
		{"two services of one", []string{"a: p.A -> p.B p.C p.B", "b: p.C p.B"}, map[string]string{
			"a": "a b: a-p.B->b a-p.C->b",
		}},
		{"apart", []string{"a: p.A", "b: p.B"}, map[string]string{"a": "a:", "b": "b:"}},
		{"two exporters", []string{"c: p.S", "b: p.S", "a: p.A -> p.S"}, map[string]string{
			"a": "a b c: a-p.S->b a-p.S->c",
			"b": "b:",
		}},
		{"one exporter is the caller", []string{"a: p.S -> p.S", "b: p.S -> p.S"}, map[string]string{
			"a": "a b: a-p.S->a a-p.S->b b-p.S->a b-p.S->b",
		}},
		{"no exporter", []string{"a: p.A -> p.U p.B p.U", "b: p.B -> p.T"}, map[string]string{
			"a": "a b: a-p.B->b a-p.U-> b-p.T->",
		}},
		{"what the host serves", []string{"a: p.A -> grpc.health.v1.Health", "b: p.B grpc.health.v1.Health"}, map[string]string{
			"a": "a: a-grpc.health.v1.Health->",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := plan.Make(result(tt.functions...), short)
			if err != nil {
				t.Fatal(err)
			}
			for root, want := range tt.want {
				app := p.App(p.Function(root))
				var got []string
				for _, f := range app.Functions {
					got = append(got, f.Name)
				}
				text := strings.Join(got, " ") + ":"
				for _, e := range app.Edges {
					text += " " + e.From + "-" + e.Service + "->" + e.To
				}
				if text != want {
					t.Errorf("app of %s is %q, want %q", root, text, want)
				}
			}
			for _, f := range p.Functions {
				var got []string
				for _, part := range p.Of([]*plan.Function{f}).Functions {
					got = append(got, part.Name)
				}
				var want []string
				for _, in := range p.App(f).Functions {
					want = append(want, in.Name)
				}
				slices.Sort(want)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("the plan of %s (-its app +got):\n%s", f.Name, diff)
				}
			}
			if p.Function("nobody") != nil {
				t.Error("there is a function nobody")
			}
		})
	}
}

// TestOf_Parts checks that a part of a plan has all that its functions need, and nothing of others.
func TestOf_Parts(t *testing.T) {
	p, err := plan.Make(result("a: p.A -> p.S=localhost:1 p.R=remote:443", "b: p.S", "c: p.S", "d: p.D -> p.S=localhost:2"), short)
	if err != nil {
		t.Fatal(err)
	}
	part := p.Of([]*plan.Function{p.Function("a")})
	var b strings.Builder
	if err := part.JSON(&b); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{`"name": "a"`: true, `"name": "b"`: true, `"name": "p.R"`: true, `"name": "d"`: false, "p.D": false, "localhost:1": true, "localhost:2": false} {
		if strings.Contains(b.String(), text) != want {
			t.Errorf("it has %s: %t, want %t", text, !want, want)
		}
	}
	if len(p.Diagnostics) != 2 || len(part.Diagnostics) != 1 {
		t.Errorf("diagnostics: %v, and of the part %v", p.Diagnostics, part.Diagnostics)
	}
}

// TestDiagnostics checks what is said of calls of which it is not known who answers.
func TestDiagnostics(t *testing.T) {
	const serve = "which functions fast and slow serve"
	for name, tt := range map[string]struct {
		dials string
		want  string // the diagnostic, but for its position; empty for none
	}{
		"by name":          {"slow.prod.svc:25", ""},
		"by port":          {"localhost:2502", ""},
		"by socket":        {"unix:/run/fast.sock", ""},
		"default by name":  {"flag_mail|fast:25", ""},
		"another constant": {"localhost:25", `function shop dials "localhost:25" for service m.Mail, ` + serve + `, and neither name nor address says which of them is meant: tell the host with -route shop:localhost:25=fast or -route shop:localhost:25=slow [unroutable-target]`},
		"no port":          {"mailer", `function shop dials "mailer" for service m.Mail, ` + serve + `, and neither name nor address says which of them is meant: tell the host with -route mailer=fast or -route mailer=slow [unroutable-target]`},
		"another default":  {"flag_mail|:25", `function shop dials ":25", the default of flag mail, for service m.Mail, ` + serve + `, and neither name nor address says which of them is meant: tell the host with -route shop::25=fast or -route shop::25=slow [unroutable-target]`},
		"no default":       {"environment_variable_MAIL|", `function shop calls service m.Mail, ` + serve + `, and what it dials is not known (environment variable MAIL): if TARGET, what it is then, names none of them and has the port of none, tell the host with -route shop:TARGET=fast or -route shop:TARGET=slow [ambiguous-service]`},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := plan.Make(result("shop: s.Shop -> m.Mail="+tt.dials+" m.Mail=fast:1", "fast: m.Mail@flag_addr|:2501 m.Mail@/run/fast.sock", "slow: m.Mail@0.0.0.0:2502"), short)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			if tt.want != "" {
				want = append(want, "shop/main.go:20:2: "+tt.want)
			}
			var got []string
			for _, d := range p.Diagnostics {
				got = append(got, d.String())
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
