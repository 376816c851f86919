package analyzer_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"

	"github.com/cofaas/cofaas/analyzer"
	"github.com/cofaas/cofaas/analyzer/internal/testmodule"
	"github.com/cofaas/cofaas/analyzer/rewrite"
)

// TestListens checks what is decided about every way to listen, and that the
// sources compile with the packages of guests in place of the real ones.
func TestListens(t *testing.T) {
	dir := testmodule.Extract(t, "testdata/txtar/listens.txtar")
	result, err := analyzer.Analyze(load(t, dir, "."), analyzer.Options{})
	if err == nil || !strings.Contains(err.Error(), "registers no gRPC service") {
		t.Fatalf("got %v", err) // the services do not matter here
	}
	fn := result.Functions[0]
	var got strings.Builder
	for _, d := range fn.Decisions {
		if rest, ok := strings.CutPrefix(d.Subject, "listen on "); ok {
			fmt.Fprintf(&got, "%s %s: %s\n", d.Category, rest, d.Reason)
		}
	}
	overlay := rewritten(t, fn)
	for _, name := range slices.Sorted(maps.Keys(overlay)) {
		fmt.Fprintf(&got, "-- %s --\n", filepath.Base(name))
		for line := range strings.Lines(string(overlay[name])) {
			if strings.Contains(line, "cofaasnet") {
				got.WriteString(line)
			}
		}
	}
	compare(t, "testdata/txtar/listens.golden", got.String())
	compiles(t, dir, overlay)
}

// TestSplit checks that a package is there twice if a package that keeps the
// real gRPC needs the original.
func TestSplit(t *testing.T) {
	dir := testmodule.Extract(t, "testdata/txtar/split.txtar")
	result, err := analyzer.Analyze(load(t, dir, "."), analyzer.Options{})
	if err == nil || !strings.Contains(err.Error(), "registers no gRPC service") || strings.Contains(err.Error(), "tap") {
		t.Fatalf("got %v", err) // the services do not matter here
	}
	fn := result.Functions[0]
	var got strings.Builder
	for _, pkg := range fn.Rewritten {
		fmt.Fprintf(&got, "rewrite %s as %q: %s\n", pkg.PkgPath, pkg.Copy, pkg.Reason)
	}
	for _, pkg := range fn.Kept {
		fmt.Fprintf(&got, "keep %s: %s\n", pkg.PkgPath, pkg.Reason)
	}
	compare(t, "testdata/txtar/split.golden", got.String())
	compiles(t, dir, rewritten(t, fn))
}

// rewritten returns the files of fn that are not as they were, in place or in
// the folders of copies.
func rewritten(t *testing.T, fn *analyzer.Function) map[string][]byte {
	t.Helper()
	overlay := make(map[string][]byte)
	for _, pkg := range fn.Rewritten {
		edits := make(map[string][]rewrite.Edit)
		for _, file := range pkg.Files {
			edits[file.Name] = file.Edits
		}
		for _, name := range pkg.Package.GoFiles {
			if pkg.Copy == "" && edits[name] == nil {
				continue
			}
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			out := rewrite.Apply(src, edits[name])
			if got, want := bytes.Count(out, []byte("\n")), bytes.Count(src, []byte("\n")); got != want {
				t.Errorf("%s: %d lines, want %d", filepath.Base(name), got, want)
			}
			if pkg.Copy != "" {
				name = filepath.Join(filepath.Dir(name), strings.TrimPrefix(pkg.Copy, pkg.PkgPath), filepath.Base(name))
			}
			overlay[name] = out
		}
	}
	return overlay
}

// compiles checks that the main package in dir compiles with an overlay.
func compiles(t *testing.T, dir string, overlay map[string][]byte) {
	t.Helper()
	pkgs, err := packages.Load(&packages.Config{Mode: packages.LoadAllSyntax, Dir: dir, Overlay: overlay}, ".")
	if err != nil {
		t.Fatal(err)
	}
	packages.Visit(pkgs, nil, func(pkg *packages.Package) {
		for _, err := range pkg.Errors {
			t.Error(err)
		}
	})
}

// compare compares got with a golden file.
func compare(t *testing.T, golden, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
