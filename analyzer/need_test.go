package analyzer_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cofaas/cofaas/analyzer"
	"github.com/cofaas/cofaas/analyzer/internal/testmodule"
)

// TestNeeds checks that functions need what they reach and nothing else, in packages without gRPC too, and where that is.
func TestNeeds(t *testing.T) {
	dir := testmodule.Extract(t, "testdata/txtar/needs.txtar")
	result, err := analyzer.Analyze(load(t, dir, "./cart", "./mailer"), analyzer.Options{})
	if err == nil || !strings.Contains(err.Error(), "registers no gRPC service") {
		t.Fatalf("got %v", err) // the services do not matter here
	}
	var got strings.Builder
	for _, fn := range result.Functions {
		fmt.Fprintf(&got, "function %s\n", fn.Name)
		for _, n := range fn.Needs {
			name, err := filepath.Rel(dir, n.Pos.Filename)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&got, "  %s:%d:%d: %v: %s\n", filepath.ToSlash(name), n.Pos.Line, n.Pos.Column, n.Kind, n.Explain(fn.Name))
		}
		for _, d := range fn.Decisions {
			if d.Category == analyzer.CategoryNeed {
				fmt.Fprintf(&got, "  decision %s: %s\n", d.Subject, d.Reason)
			}
		}
	}
	compare(t, "testdata/txtar/needs.golden", got.String())
}
