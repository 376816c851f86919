package analyzer_test

import (
	"fmt"
	"os"
	"path/filepath"
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
	overlay := make(map[string][]byte)
	for _, pkg := range fn.Rewritten {
		for _, file := range pkg.Files {
			src, err := os.ReadFile(file.Name)
			if err != nil {
				t.Fatal(err)
			}
			overlay[file.Name] = rewrite.Apply(src, file.Edits)
			if got, want := strings.Count(string(overlay[file.Name]), "\n"), strings.Count(string(src), "\n"); got != want {
				t.Errorf("%s: %d lines, want %d", filepath.Base(file.Name), got, want)
			}
			fmt.Fprintf(&got, "-- %s --\n", filepath.Base(file.Name))
			for line := range strings.Lines(string(overlay[file.Name])) {
				if strings.Contains(line, "cofaasnet") {
					got.WriteString(line)
				}
			}
		}
	}
	compare(t, "testdata/txtar/listens.golden", got.String())

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
