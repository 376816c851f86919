package plan_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/token"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cofaas/cofaas/analyzer"
	"github.com/cofaas/cofaas/internal/plan"
)

// function makes what the analyzer finds of a function: services that it registers and, after "->", calls. Registrations are
// at lines 10, 11, ... of its main.go, clients at 20, 21, ...
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
		f.Exports = append(f.Exports, &analyzer.Export{Service: &analyzer.Service{Name: s, PkgPath: "example.com/pb"}, Pos: at(10 + i)})
	}
	for i, s := range strings.Fields(imports) {
		f.Imports = append(f.Imports, &analyzer.Import{Service: &analyzer.Service{Name: s, PkgPath: "example.com/pb"}, Pos: at(20 + i)})
	}
	f.Rewritten = []*analyzer.Package{{PkgPath: f.PkgPath}}
	return f
}

func result(specs ...string) *analyzer.Result {
	res := &analyzer.Result{}
	for _, s := range specs {
		res.Functions = append(res.Functions, function(s))
	}
	return res
}

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
			p, err := plan.Make(result(tt.functions...))
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
			p, err := plan.Make(result(tt.functions...))
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
			if p.Function("nobody") != nil {
				t.Error("there is a function nobody")
			}
		})
	}
}

func TestPrint(t *testing.T) {
	res := result("shop: s.Shop s.Admin s.Shop grpc.health.v1.Health -> c.Cart c.Cart", "cart: c.Cart -> r.Rates m.Mail", "odd\"name: o.Odd", "mail-a: m.Mail", "mail-b: m.Mail")
	res.Functions[0].Rewritten = append(res.Functions[0].Rewritten, &analyzer.Package{PkgPath: "example.com/dialer"})
	res.Functions[0].Kept = []*analyzer.Kept{{PkgPath: "example.com/telemetry"}}
	p, err := plan.Make(res)
	if err != nil {
		t.Fatal(err)
	}
	print := func(to func(*plan.Plan, *bytes.Buffer) error) string {
		var b bytes.Buffer
		if err := to(p, &b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	tests := []struct{ name, got, want string }{
		{"text", print(func(p *plan.Plan, b *bytes.Buffer) error { return p.Text(b) }), `function cart (example.com/cart)
  serves c.Cart
  calls  m.Mail -> mail-a or mail-b (local, by dialled target)
  calls  r.Rates (remote)
  rewrites example.com/cart
function mail-a (example.com/mail-a)
  serves m.Mail
  rewrites example.com/mail-a
function mail-b (example.com/mail-b)
  serves m.Mail
  rewrites example.com/mail-b
function odd"name (example.com/odd"name)
  serves o.Odd
  rewrites example.com/odd"name
function shop (example.com/shop)
  serves s.Admin
  serves s.Shop
  serves grpc.health.v1.Health (the host does, in its place)
  calls  c.Cart -> cart (local)
  rewrites example.com/shop
  rewrites example.com/dialer
  keeps example.com/telemetry
`},
		{"DOT", print(func(p *plan.Plan, b *bytes.Buffer) error { return p.DOT(b) }), `digraph app {
	rankdir=LR;
	node [shape=box];
	"cart" [label="cart\nc.Cart"];
	"mail-a" [label="mail-a\nm.Mail"];
	"mail-b" [label="mail-b\nm.Mail"];
	"odd\"name" [label="odd\"name\no.Odd"];
	"shop" [label="shop\ns.Admin\ns.Shop"];
	"cart" -> "mail-a" [label="m.Mail"];
	"cart" -> "mail-b" [label="m.Mail"];
	"remote/r.Rates" [label="r.Rates", style=dashed];
	"cart" -> "remote/r.Rates" [style=dashed];
	"shop" -> "cart" [label="c.Cart"];
}
`},
		{"JSON", print(func(p *plan.Plan, b *bytes.Buffer) error { return p.JSON(b) }), `{
  "functions": [
    {
      "name": "cart",
      "package": "example.com/cart",
      "exports": [
        "c.Cart"
      ],
      "imports": [
        "m.Mail",
        "r.Rates"
      ],
      "rewritten": [
        "example.com/cart"
      ]
    },
    {
      "name": "mail-a",
      "package": "example.com/mail-a",
      "exports": [
        "m.Mail"
      ],
      "imports": [],
      "rewritten": [
        "example.com/mail-a"
      ]
    },
    {
      "name": "mail-b",
      "package": "example.com/mail-b",
      "exports": [
        "m.Mail"
      ],
      "imports": [],
      "rewritten": [
        "example.com/mail-b"
      ]
    },
    {
      "name": "odd\"name",
      "package": "example.com/odd\"name",
      "exports": [
        "o.Odd"
      ],
      "imports": [],
      "rewritten": [
        "example.com/odd\"name"
      ]
    },
    {
      "name": "shop",
      "package": "example.com/shop",
      "exports": [
        "s.Admin",
        "s.Shop"
      ],
      "imports": [
        "c.Cart"
      ],
      "hostServes": [
        "grpc.health.v1.Health"
      ],
      "rewritten": [
        "example.com/shop",
        "example.com/dialer"
      ],
      "kept": [
        "example.com/telemetry"
      ]
    }
  ],
  "edges": [
    {
      "from": "cart",
      "to": "mail-a",
      "service": "m.Mail"
    },
    {
      "from": "cart",
      "to": "mail-b",
      "service": "m.Mail"
    },
    {
      "from": "cart",
      "to": "",
      "service": "r.Rates"
    },
    {
      "from": "shop",
      "to": "cart",
      "service": "c.Cart"
    }
  ]
}
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tt.got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}

	t.Run("no edges", func(t *testing.T) {
		p, err := plan.Make(result("a: p.A"))
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := p.JSON(&b); err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(b.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if edges, ok := got["edges"].([]any); !ok || len(edges) != 0 {
			t.Errorf("edges are %v, want an empty array", got["edges"])
		}
	})
}
