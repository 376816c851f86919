package vet_test

import (
	"path/filepath"
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/cofaas/cofaas/analyzer/vet"
)

func testdata(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../testdata")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestObstacles(t *testing.T) {
	analysistest.Run(t, testdata(t), vet.New(),
		"vetted/clean", "vetted/broken", "vetted/unmarked", "vetted/empty", "vetted/elsewhere", "vetted/lib", "vetted/refused")
}

func TestExplain(t *testing.T) {
	a := vet.New()
	if err := a.Flags.Set("explain", "true"); err != nil {
		t.Fatal(err)
	}
	analysistest.Run(t, testdata(t), a, "vetted/explained", "vetted/unmarked")
}

// TestCategories checks that every diagnostic has one.
func TestCategories(t *testing.T) {
	for _, r := range analysistest.Run(t, testdata(t), vet.New(), "vetted/broken") {
		for _, d := range r.Diagnostics {
			if d.Category == "" {
				t.Errorf("no category: %s", d.Message)
			}
		}
	}
}
