package vet_test

import (
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/cofaas/cofaas/analyzer/vet"
)

func TestHazards(t *testing.T) {
	analysistest.Run(t, testdata(t), vet.New(),
		"hazard/state", "hazard/fields", "hazard/elsewhere", "hazard/quiet", "hazard/unmarked", "hazard/store",
		"hazard/system", "hazard/systemquiet", "hazard/waits", "hazard/memory", "hazard/zoned",
		"hazard/cgo")
}

func TestHazards_Explain(t *testing.T) {
	a := vet.New()
	if err := a.Flags.Set("explain", "true"); err != nil {
		t.Fatal(err)
	}
	analysistest.Run(t, testdata(t), a, "hazard/info")
}

func TestFixes(t *testing.T) {
	analysistest.RunWithSuggestedFixes(t, testdata(t), vet.New(), "hazard/zones", "hazard/zonesingle", "annotated/spaced", "annotated/library")
}

func TestAnnotations(t *testing.T) {
	analysistest.Run(t, testdata(t), vet.New(), "annotated/indented", "annotated/text", "annotated/both")
}
