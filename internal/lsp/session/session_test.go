package session_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/checker"
	"golang.org/x/tools/go/packages"

	"github.com/cofaas/cofaas/analyzer"
	"github.com/cofaas/cofaas/analyzer/vet"
	"github.com/cofaas/cofaas/internal/lsp/lsptest"
	"github.com/cofaas/cofaas/internal/lsp/session"
)

func explaining(t *testing.T) *analysis.Analyzer {
	t.Helper()
	a := vet.New()
	if err := a.Flags.Set("explain", "true"); err != nil {
		t.Fatal(err)
	}
	return a
}

// TestSameAsVet checks that a session finds what cofaas-vet finds: it loads differently and has a driver of its own.
func TestSameAsVet(t *testing.T) {
	if testing.Short() {
		t.Skip("loads a program from source")
	}
	t.Parallel()
	dir := lsptest.Prodcon(t)
	a := explaining(t)

	pkgs, err := analyzer.Load(t.Context(), dir, "./producer", "./consumer", "./protos/...")
	if err != nil {
		t.Fatal(err)
	}
	graph, err := checker.Analyze([]*analysis.Analyzer{a}, pkgs, nil)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, act := range graph.Roots {
		if act.Err != nil {
			t.Fatal(act.Err)
		}
		for _, d := range act.Diagnostics {
			pos := act.Package.Fset.Position(d.Pos)
			want = append(want, fmt.Sprintf("%s:%d: %s [%s] %s", pos.Filename, pos.Line, d.Message, d.Category, d.URL))
		}
	}
	slices.Sort(want)

	s := session.New(session.Options{Analyzer: a, Warn: t.Logf, Log: t.Logf})
	s.SetFolders([]string{dir})
	result, err := s.Update(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for file, list := range result.Diagnostics {
		for _, d := range list {
			got = append(got, fmt.Sprintf("%s:%d: %s [%s] %s", file, d.Range.Start.Line+1, d.Message, d.Category, d.URL))
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(slices.Compact(want), got); diff != "" || len(want) == 0 {
		t.Errorf("(-cofaas-vet +session):\n%s", diff)
	}
}

// TestNoFactsOnStandardLibrary checks what sessions rely on when they take the standard library from export data: that the analyzers
// know it by name, and learn nothing from its sources.
func TestNoFactsOnStandardLibrary(t *testing.T) {
	if testing.Short() {
		t.Skip("loads a program from source")
	}
	t.Parallel()
	pkgs, err := analyzer.Load(t.Context(), ".", "net/http", "os/signal", "database/sql")
	if err != nil {
		t.Fatal(err)
	}
	var all []*packages.Package
	packages.Visit(pkgs, nil, func(pkg *packages.Package) { all = append(all, pkg) })
	graph, err := checker.Analyze([]*analysis.Analyzer{vet.New()}, all, nil)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for act := range graph.All() {
		n++
		for _, f := range act.AllObjectFacts() {
			t.Errorf("%s: %v: fact %v", act, f.Object, f.Fact)
		}
		for _, f := range act.AllPackageFacts() {
			t.Errorf("%s: %v: fact %v", act, f.Package, f.Fact)
		}
	}
	if n < len(all) {
		t.Errorf("%d actions on %d packages", n, len(all))
	}
}

// TestUpdate checks that updates do only what is due.
func TestUpdate(t *testing.T) {
	t.Parallel()
	dir := lsptest.Prodcon(t)
	var mu sync.Mutex
	analysed := map[string]int{}
	count := &analysis.Analyzer{
		Name: "count", Doc: "count: count packages",
		Run: func(pass *analysis.Pass) (any, error) {
			mu.Lock()
			defer mu.Unlock()
			analysed[strings.TrimPrefix(pass.Pkg.Path(), "example.com/prodcon/")]++
			return nil, nil
		},
	}
	loads := 0
	s := session.New(session.Options{Analyzer: count, Warn: t.Logf, Log: func(format string, args ...any) {
		if line := fmt.Sprintf(format, args...); strings.Contains(line, " functions, ") {
			loads++
		} else {
			t.Log(line)
		}
	}})
	s.SetFolders([]string{dir})
	update := func(what string, wantLoads int, want map[string]int) {
		t.Helper()
		clear(analysed)
		loads = 0
		if _, err := s.Update(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, analysed); diff != "" || loads != wantLoads {
			t.Errorf("%s: %d loads, want %d; packages (-want +got):\n%s", what, loads, wantLoads, diff)
		}
	}
	all := map[string]int{"producer": 1, "consumer": 1, "protos/helloworld": 1, "protos/prodcon": 1}
	none := map[string]int{}

	// An update that is stopped is made up for, by the next one.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Update(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
	update("first", 0, all)
	update("nothing", 0, none)

	file := filepath.Join(dir, "consumer/main.go")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	s.SetBuffer(file, session.Buffer{Content: data, Version: 1})
	update("open", 0, none)
	text = strings.Replace(text, "serve serves", "serve really serves", 1)
	s.SetBuffer(file, session.Buffer{Content: []byte(text), Version: 2})
	update("edit", 0, map[string]int{"consumer": 1})
	lsptest.Write(t, file, text)
	s.CloseBuffer(file)
	update("save and close", 0, none)
	text = strings.Replace(text, "import (", "import (\n\t_ \"embed\"", 1)
	s.SetBuffer(file, session.Buffer{Content: []byte(text), Version: 3})
	update("import of another package", 1, map[string]int{"consumer": 1})

	lib := filepath.Join(dir, "protos/prodcon/prodcon.pb.go")
	if data, err = os.ReadFile(lib); err != nil {
		t.Fatal(err)
	}
	lsptest.Write(t, lib, string(data)+"\n// touched\n")
	update("change on disk of what both import", 0, map[string]int{"producer": 1, "consumer": 1, "protos/prodcon": 1})
	lsptest.Write(t, lib, strings.Replace(string(data), "import (", "import (\n\t_ \"embed\"", 1))
	update("import in what both import, unbeknown to the editor", 1, map[string]int{"producer": 1, "consumer": 1, "protos/prodcon": 1})

	s.Close()
	lsptest.Write(t, file, "package main\n\nimport _ \"fmt\"\n")
	s.CloseBuffer(file)
	if _, err := s.Update(t.Context()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v of a closed session, want that it was cancelled", err)
	}
}

// BenchmarkEdit is an edit of a function that does not change what it imports, and of a package that both functions import.
func BenchmarkEdit(b *testing.B) {
	dir := lsptest.Prodcon(b)
	s := session.New(session.Options{Analyzer: vet.New()})
	s.SetFolders([]string{dir})
	if _, err := s.Update(b.Context()); err != nil {
		b.Fatal(err)
	}
	for _, name := range []string{"consumer/main.go", "protos/prodcon/prodcon.pb.go"} {
		b.Run(filepath.Base(filepath.Dir(name)), func(b *testing.B) {
			file := filepath.Join(dir, name)
			data, err := os.ReadFile(file)
			if err != nil {
				b.Fatal(err)
			}
			i := 0
			for b.Loop() {
				i++
				s.SetBuffer(file, session.Buffer{Content: fmt.Appendf(slices.Clip(data), "\n// %d\n", i), Version: int32(i)})
				if _, err := s.Update(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestOffset(t *testing.T) {
	content := "aé🙂b\n\nx\xffy"
	for _, test := range []struct {
		at   session.Point
		want int // -1: an error
	}{
		{session.Point{0, 0}, 0}, {session.Point{0, 1}, 1}, {session.Point{0, 2}, 3}, {session.Point{0, 3}, -1}, {session.Point{0, 4}, 7},
		{session.Point{0, 5}, 8}, {session.Point{0, 50}, 8}, {session.Point{1, 0}, 9}, {session.Point{1, 1}, 9},
		{session.Point{2, 1}, 11}, {session.Point{2, 2}, 12}, {session.Point{2, 9}, 13}, {session.Point{3, 0}, -1},
	} {
		got, err := session.Offset([]byte(content), test.at)
		if err != nil {
			got = -1
		}
		if got != test.want {
			t.Errorf("%v: got %d (%v), want %d", test.at, got, err, test.want)
		}
	}
}

// TestRanges checks what is underlined where the analyzer only says where it begins.
func TestRanges(t *testing.T) {
	t.Parallel()
	dir := lsptest.Extract(t, `
-- go.mod --
module example.com/ranges

go 1.26.0
-- main.go --
package main

//go:generate go tool cofaas-gen -flag

func main() {
	go print(1,
		2)
	größe()
}

func größe() {}
`)
	var places []func(*ast.File) token.Pos
	a := &analysis.Analyzer{
		Name: "places", Doc: "places: report places",
		Run: func(pass *analysis.Pass) (any, error) {
			for i, place := range places {
				pass.Report(analysis.Diagnostic{Pos: place(pass.Files[0]), Message: fmt.Sprint(i)})
			}
			return nil, nil
		},
	}
	body := func(f *ast.File) []ast.Stmt { return f.Decls[0].(*ast.FuncDecl).Body.List }
	places = []func(*ast.File) token.Pos{
		func(f *ast.File) token.Pos { return f.Package },
		func(f *ast.File) token.Pos { return f.Name.Pos() },
		func(f *ast.File) token.Pos { return f.Comments[0].Pos() },
		func(f *ast.File) token.Pos { return body(f)[0].Pos() },
		func(f *ast.File) token.Pos { return body(f)[0].(*ast.GoStmt).Call.Pos() },
		func(f *ast.File) token.Pos { return body(f)[1].Pos() },
		func(f *ast.File) token.Pos { return f.Decls[1].(*ast.FuncDecl).Name.Pos() },
		func(f *ast.File) token.Pos { return f.FileEnd },
	}
	want := []string{"package", "main", "//go:generate go tool cofaas-gen -flag", "go", "print(1,", "größe()", "größe", ""}

	file := filepath.Join(dir, "main.go")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := session.New(session.Options{Analyzer: a, Warn: t.Logf, Log: t.Logf})
	s.SetFolders([]string{dir})
	result, err := s.Update(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := make([]string, len(want))
	for _, d := range result.Diagnostics[file] {
		var i int
		if _, err := fmt.Sscan(d.Message, &i); err != nil {
			t.Fatal(err)
		}
		start, err := session.Offset(content, d.Range.Start)
		if err != nil {
			t.Fatal(err)
		}
		end, err := session.Offset(content, d.Range.End)
		if err != nil {
			t.Fatal(err)
		}
		got[i] = string(content[start:end])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestBroken checks that code that is wrong in its structure does no harm, and that all is well once it is mended.
func TestBroken(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, file, content string }{
		{"Cycle", "lib/lib.go", "package lib\n\nimport _ \"example.com/broken/other\"\n"},
		{"Itself", "lib/lib.go", "package lib\n\nimport _ \"example.com/broken/lib\"\n"},
		{"Missing", "lib/lib.go", "package lib\n\nimport _ \"example.com/broken/none\"\n"},
		{"MissingModule", "lib/lib.go", "package lib\n\nimport _ \"example.org/none\"\n"},
		{"MissingStandard", "lib/lib.go", "package lib\n\nimport _ \"net/none\"\n"},
		{"TwoPackages", "lib/more.go", "package more\n"},
		{"Syntax", "lib/lib.go", "package lib\n\nimport (\n"},
		{"NoPackage", "lib/lib.go", ""},
		{"Types", "lib/lib.go", "package lib\n\nvar X int = \"\"\n"},
		{"Nothing", "main.go", "package"},
		{"Cgo", "lib/lib.go", "package lib\n\n// #error no\nimport \"C\"\n"},
		{"Embed", "lib/lib.go", "package lib\n\nimport _ \"embed\"\n\n//go:embed none\nvar s string\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := lsptest.Extract(t, `
-- go.mod --
module example.com/broken

go 1.26.0
-- main.go --
package main

//go:generate go tool cofaas-gen

import _ "example.com/broken/other"

func main() {}
-- other/other.go --
package other

import _ "example.com/broken/lib"
-- lib/lib.go --
package lib
`)
			a := &analysis.Analyzer{
				Name: "mains", Doc: "mains: report main packages",
				Run: func(pass *analysis.Pass) (any, error) {
					if pass.Pkg.Name() == "main" {
						pass.Report(analysis.Diagnostic{Pos: pass.Files[0].Package, Message: pass.Pkg.Path()})
					}
					return nil, nil
				},
			}
			s := session.New(session.Options{Analyzer: a, Warn: t.Logf})
			s.SetFolders([]string{dir})
			main := filepath.Join(dir, "main.go")
			update := func(what string) {
				t.Helper()
				result, err := s.Update(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				s.Plan()
				s.At(main, session.Point{Line: 2, Character: 5})
				if n := len(result.Diagnostics[main]); n != 1 {
					t.Errorf("%s: %d findings, want 1", what, n)
				}
			}
			update("at first")
			file := filepath.Join(dir, test.file)
			s.SetBuffer(file, session.Buffer{Content: []byte(test.content), Version: 1})
			update("when broken")
			s.CloseBuffer(file)
			update("when mended")
			lsptest.Write(t, file, test.content)
			s.FilesChanged(file)
			update("when broken on disk")
		})
	}
}
