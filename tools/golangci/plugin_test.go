package golangci_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/golangci/plugin-module-register/register"
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/analysistest"

	_ "github.com/cofaas/cofaas/tools/golangci"
)

// analyzer returns what golangci-lint gets, with settings as it passes them.
func analyzer(t *testing.T, settings any) *analysis.Analyzer {
	t.Helper()
	newPlugin, err := register.GetPlugin("cofaas")
	if err != nil {
		t.Fatal(err)
	}
	p, err := newPlugin(settings)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.GetLoadMode(); got != register.LoadModeTypesInfo {
		t.Errorf("load mode %q", got)
	}
	analyzers, err := p.BuildAnalyzers()
	if err != nil {
		t.Fatal(err)
	}
	if len(analyzers) != 1 {
		t.Fatalf("got %d analyzers", len(analyzers))
	}
	if err := analysis.Validate(analyzers); err != nil {
		t.Fatal(err)
	}
	return analyzers[0]
}

type silent struct{}

func (silent) Errorf(string, ...any) {}

func TestPlugin(t *testing.T) {
	testdata, err := filepath.Abs("../../analyzer/testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		settings any
		want     map[string]int // diagnostics by category
	}{
		{nil, map[string]int{"unroutable": 1}},
		{map[string]any{"strict": true}, map[string]int{"unroutable": 1, "file-system": 1}},
		{map[string]any{"explain": true}, map[string]int{"unroutable": 1, "file-system": 1, "export": 1}},
	} {
		t.Run(fmt.Sprint(tt.settings), func(t *testing.T) {
			got := make(map[string]int)
			for _, r := range analysistest.Run(silent{}, testdata, analyzer(t, tt.settings), "vetted/broken", "hazard/zonesingle") {
				for _, d := range r.Diagnostics {
					got[d.Category]++
				}
			}
			for _, category := range []string{"unroutable", "file-system", "export"} {
				if (got[category] > 0) != (tt.want[category] > 0) {
					t.Errorf("got %v, want %v", got, tt.want)
				}
			}
		})
	}
}

func TestPlugin_Errors(t *testing.T) {
	newPlugin, err := register.GetPlugin("cofaas")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newPlugin(map[string]any{"strictly": true}); err == nil {
		t.Error("settings that are not known are accepted")
	}
}
