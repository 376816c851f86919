package analyzer_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"

	"github.com/cofaas/cofaas/analyzer"
	"github.com/cofaas/cofaas/analyzer/internal/testmodule"
	"github.com/cofaas/cofaas/analyzer/rewrite"
)

var update = flag.Bool("update", false, "write the golden files")

func load(t *testing.T, dir string, patterns ...string) []*packages.Package {
	t.Helper()
	pkgs, err := analyzer.Load(t.Context(), dir, patterns...)
	if err != nil {
		t.Fatal(err)
	}
	return pkgs
}

func TestAnalyze(t *testing.T) {
	dir := testmodule.Extract(t, "testdata/txtar/shop.txtar")
	shop := filepath.Join(dir, "shop")
	pkgs := load(t, shop, "./stock", "./front")
	result, err := analyzer.Analyze(pkgs, analyzer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := summary(dir, result)
	compare(t, "testdata/txtar/shop.golden", got)
	for _, fn := range result.Functions {
		for _, e := range fn.Exports {
			for _, m := range e.Service.Methods {
				if m.Request.Named() == nil || m.Reply.Named() == nil {
					t.Errorf("%s has no types", m.FullMethod)
				}
			}
		}
	}

	t.Run("Deterministic", func(t *testing.T) {
		first := encode(t, result)
		for _, test := range []struct {
			pkgs []*packages.Package
			opts analyzer.Options
		}{
			{[]*packages.Package{pkgs[1], pkgs[0]}, analyzer.Options{Sequential: true}},
			{load(t, shop, "./front", "./stock"), analyzer.Options{}},
		} {
			again, err := analyzer.Analyze(test.pkgs, test.opts)
			if err != nil {
				t.Fatal(err)
			}
			if second := encode(t, again); !bytes.Equal(first, second) {
				t.Errorf("got:\n%s\nand then:\n%s", first, second)
			}
		}
	})
	t.Run("Edits", func(t *testing.T) {
		for _, pkg := range result.Functions[0].Rewritten {
			for _, file := range pkg.Files {
				src, err := os.ReadFile(file.Name)
				if err != nil {
					t.Fatal(err)
				}
				if out := rewrite.Apply(src, file.Edits); bytes.Contains(out, []byte(`"google.golang.org/grpc`)) {
					t.Errorf("%s still imports gRPC:\n%s", file.Name, out)
				}
			}
		}
	})
}

func encode(t *testing.T, r *analyzer.Result) []byte {
	t.Helper()
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// summary is the result without what depends on versions and folders.
func summary(dir string, r *analyzer.Result) string {
	pos := func(p token.Position) string {
		name, _ := filepath.Rel(dir, p.Filename)
		return fmt.Sprintf("%s:%d:%d", filepath.ToSlash(name), p.Line, p.Column)
	}
	var b strings.Builder
	for _, fn := range r.Functions {
		fmt.Fprintf(&b, "function %s %s\n", fn.Name, fn.PkgPath)
		for _, e := range fn.Exports {
			fmt.Fprintf(&b, "  export %s at %s, server at line %d, listens on %v\n", e.Service.Name, pos(e.Pos), e.Server.Line, e.Listen)
		}
		for _, i := range fn.Imports {
			fmt.Fprintf(&b, "  import %s at %s, target %v\n", i.Service.Name, pos(i.Pos), i.Target)
		}
		for _, p := range fn.Rewritten {
			fmt.Fprintf(&b, "  rewrite %s of %s: %s\n", p.PkgPath, p.Module, p.Reason)
			for _, f := range p.Files {
				fmt.Fprintf(&b, "    %s: %d edits\n", filepath.Base(f.Name), len(f.Edits))
			}
		}
		for _, k := range fn.Kept {
			fmt.Fprintf(&b, "  keep %s of %s: %s\n", k.PkgPath, k.Module, k.Reason)
		}
		for _, d := range fn.Diagnostics {
			fmt.Fprintf(&b, "  %s: %s [%s]\n", pos(d.Pos), d.Message, d.Category)
		}
	}
	return b.String()
}

func TestAnalyze_Errors(t *testing.T) {
	dir := testmodule.Extract(t, "testdata/txtar/shop.txtar")
	shop := filepath.Join(dir, "shop")
	_, err := analyzer.Analyze(load(t, shop, "./idle", "./lib", "./stock"), analyzer.Options{})
	want := []string{
		filepath.Join(shop, "idle", "main.go") + ":1:1: package example.com/shop/idle: registers no gRPC service: a function has to serve one",
		filepath.Join(shop, "lib", "lib.go") + ":1:1: package example.com/shop/lib: only a main package can be a function",
	}
	if err == nil || err.Error() != strings.Join(want, "\n") {
		t.Errorf("got %v\nwant %s", err, strings.Join(want, "\n"))
	}

	if err := os.WriteFile(filepath.Join(shop, "idle", "main.go"), []byte("package main\n\nfunc main() { x; y }\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	_, err = analyzer.Analyze(load(t, shop, "./idle"), analyzer.Options{})
	if err == nil || !strings.Contains(err.Error(), "main.go:3:15: ") || !strings.Contains(err.Error(), "main.go:3:18: ") {
		t.Errorf("got %v, want both errors with their positions", err)
	}
}

func TestFindAnnotated(t *testing.T) {
	dir := testmodule.Extract(t, "testdata/txtar/shop.txtar")
	for _, from := range []string{".", "shop", "other"} {
		found, err := analyzer.FindAnnotated(t.Context(), filepath.Join(dir, from))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range found {
			got = append(got, fmt.Sprintf("%s %s:%d", a.PkgPath, filepath.Base(a.File), a.Line))
		}
		want := "[example.com/shop/front main.go:3 example.com/shop/stock stock.go:3]"
		if fmt.Sprint(got) != want {
			t.Errorf("from %s: got %v, want %v", from, got, want)
		}
	}
	if found, err := analyzer.FindAnnotated(t.Context(), filepath.Join(dir, "shop"), "./idle", "./lib"); err != nil || found != nil {
		t.Errorf("got %v, %v, want nothing", found, err)
	}
	if _, err := analyzer.FindAnnotated(t.Context(), dir, "./missing"); err == nil {
		t.Error("no error for a folder that is not there")
	}
}
