package staging

import (
	"fmt"
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestKeepLines(t *testing.T) {
	const orig = "//go:build wasip1\n\n// Package p is documented.\npackage p\n\nimport \"a\"\n\nvar x = 1\n\n// F is documented.\n//\n//go:noinline\nfunc F() {\n\ta.A()\n}\n"
	tests := []struct {
		name, old, new string // rewriting replaces old by new in orig
		want           string // part of the result
	}{
		{"equal", "", "", ""},
		{"line changed", `import "a"`, `import "b"`, `import "b"`},
		{"line added", "import \"a\"\n", "import \"a\"\nimport \"b\"\n", "import \"a\"\nimport \"b\"\n\n//line p/p.go:8:1"},
		{"line removed", "import \"a\"\n\n", "", "//line p/p.go:8:1\n"},
		{"added in front of the package clause", "//go:build wasip1\n", "// Copyright\n\n//go:build wasip1\n", "// Copyright\n\n//go:build wasip1\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rewritten := strings.Replace(orig, tt.old, tt.new, 1)
			got := string(keepLines("p/p.go", []byte(orig), []byte(rewritten), false))
			if !strings.Contains(got, tt.want) {
				t.Errorf("got\n%swant in it\n%s", got, tt.want)
			}
			checkLines(t, orig, got)
		})
	}
}

// checkLines wants every line of got that occurs once in orig, behind the package clause, to have its number there.
func checkLines(t *testing.T, orig, got string) {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "p.go", got, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	file := fset.File(f.Pos())
	origLines := strings.Split(orig, "\n")
	for i, line := range strings.Split(got, "\n") {
		start := file.LineStart(min(i+1, file.LineCount()))
		if start <= f.Name.End() || strings.TrimSpace(line) == "" || strings.Count(orig, line+"\n") != 1 {
			continue
		}
		pos := file.Position(start)
		if origLines[pos.Line-1] != line {
			t.Errorf("%q has position %v, where the original has %q", line, pos, origLines[pos.Line-1])
		}
	}
}

func TestKeepLines_hasDirective(t *testing.T) {
	const orig = "package p\n\n//line gram.y:1\nvar x int\n"
	const rewritten = "package p\n\nimport _ \"a\"\n\n//line gram.y:1\nvar x int\n"
	if got := string(keepLines("p/p.go", []byte(orig), []byte(rewritten), false)); got != rewritten {
		t.Errorf("got\n%s", got)
	}
}

func FuzzKeepLines(f *testing.F) {
	f.Add("package p\n\nvar x = `\n`\n", "package p\n\n\nvar x = `\n\n`\n")
	f.Add("package p\n/*\n*/\nvar x int\n", "package p\nvar y int\n/*\n*/\nvar x int\n")
	f.Fuzz(func(t *testing.T, orig, rewritten string) {
		got := string(keepLines("p.go", []byte(orig), []byte(rewritten), false))
		var kept strings.Builder
		for line := range strings.Lines(got) {
			if !strings.HasPrefix(line, "//line p.go:") {
				kept.WriteString(line)
			}
		}
		if !strings.Contains(rewritten, "//line p.go:") && kept.String() != rewritten {
			t.Errorf("directives changed the text: %q became %q", rewritten, got)
		}
	})
}

func TestMatchLines(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want string
	}{
		{"a b c", "a b c", "[0 1 2]"},
		{"a b c", "a x b c", "[0 -1 1 2]"},
		{"a b c", "c", "[2]"},
		{"a } b }", "a } x } b }", "[0 1 -1 -1 2 3]"},
		{"a b c d", "d a b c", "[-1 0 1 2]"},
		{"", "a b", "[-1 -1]"},
		{"} } }", "} }", "[0 1]"},
	} {
		lines := func(s string) (res [][]byte) {
			for _, f := range strings.Fields(s) {
				res = append(res, []byte(f))
			}
			return res
		}
		got := fmt.Sprint(matchLines(lines(tt.a), lines(tt.b)))
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("matchLines(%q, %q) (-want +got):\n%s", tt.a, tt.b, diff)
		}
	}
}

func TestCleanFlags(t *testing.T) {
	for in, want := range map[string]string{
		"":                             "-mod=readonly",
		"-mod=vendor -race --tags=a,b": "-mod=readonly --tags=a,b",
		"-modfile=x.mod -overlay=o -p=2 -trimpath": "-mod=readonly -p=2",
	} {
		if got := cleanFlags(in); got != want {
			t.Errorf("cleanFlags(%q) = %q, want %q", in, got, want)
		}
	}
}
