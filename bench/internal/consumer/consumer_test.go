package consumer

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"testing"
)

// handler returns the source of ConsumeByte in a file.
func handler(t *testing.T, file string) string {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.Name == "ConsumeByte" {
			var buf bytes.Buffer
			if err := format.Node(&buf, fset, fn); err != nil {
				t.Fatal(err)
			}
			return buf.String()
		}
	}
	t.Fatalf("%s has no ConsumeByte", file)
	return ""
}

func TestSameAsExample(t *testing.T) {
	got, want := handler(t, "consumer.go"), handler(t, "../../../example/prodcon/consumer/main.go")
	if got != want {
		t.Errorf("the handler is\n%s\nand the example's is\n%s", got, want)
	}
}
