package vet_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/cofaas/cofaas/analyzer/vet"
)

func TestHazards(t *testing.T) {
	analysistest.Run(t, testdata(t), vet.New(),
		"hazard/state", "hazard/fields", "hazard/elsewhere", "hazard/quiet", "hazard/unmarked", "hazard/store",
		"hazard/system", "hazard/systemquiet", "hazard/waits", "hazard/memory", "hazard/zoned",
		"hazard/cgo", "hazard/native")
}

func TestHazards_Explain(t *testing.T) {
	a := vet.New()
	if err := a.Flags.Set("explain", "true"); err != nil {
		t.Fatal(err)
	}
	analysistest.Run(t, testdata(t), a, "hazard/info")
}

func TestFixes(t *testing.T) {
	analysistest.RunWithSuggestedFixes(t, testdata(t), vet.New(), "hazard/zones", "hazard/zonesingle", "hazard/waitsfixed", "annotated/spaced", "annotated/library")
}

func TestAnnotations(t *testing.T) {
	analysistest.Run(t, testdata(t), vet.New(), "annotated/indented", "annotated/text", "annotated/both", "annotated/flags", "annotated/unknownflag")
}

var kept = regexp.MustCompile("(listen|outbound) .* kept|`keep ")

// TestCorpus keeps what must not be reported or rewritten in proportion to what
// must: lines that are marked // ok, and listeners and packages that are kept.
func TestCorpus(t *testing.T) {
	reported, quiet := 0, 0
	err := filepath.WalkDir(filepath.Join(testdata(t), "src"), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			// There is one case for each entry of a table.
			if d.Name() == "drivers" {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		src, err := os.ReadFile(path)
		for line := range bytes.Lines(src) {
			switch {
			case bytes.Contains(line, []byte("// ok")), bytes.Contains(line, []byte("// want")) && kept.Match(line):
				quiet++
			case bytes.Contains(line, []byte("// want")):
				reported++
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if all := reported + quiet; all < 120 || 3*quiet < all {
		t.Errorf("%d cases are reported, and %d are not: want at least 120, and a third of all", reported, quiet)
	}
	t.Logf("%d cases are reported, %d are not", reported, quiet)
}
