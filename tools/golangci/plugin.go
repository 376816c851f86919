// Package golangci is cofaas-vet as a module plugin of golangci-lint.
//
// A golangci-lint with it is built by golangci-lint custom, from a .custom-gcl.yml. With a clone of the repository:
//
//	version: v2.15.0
//	plugins:
//	  - module: github.com/cofaas/cofaas/tools/golangci
//	    path: /path/to/cofaas/tools/golangci
//	  - module: github.com/cofaas/cofaas
//	    import: github.com/cofaas/cofaas/analyzer/vet
//	    path: /path/to/cofaas
//
// and switched on in a .golangci.yml:
//
//	version: "2"
//	linters:
//	  enable: [cofaas]
//	  settings:
//	    custom:
//	      cofaas:
//	        type: module
//	        settings:
//	          strict: true
//
// golangci-lint fails if anything is reported, so that only errors are, unless the settings say otherwise. Categories are part of the text,
// so that exclusions can name them.
package golangci

import (
	"fmt"

	"github.com/golangci/plugin-module-register/register"
	"golang.org/x/tools/go/analysis"

	"github.com/cofaas/cofaas/analyzer"
	"github.com/cofaas/cofaas/analyzer/vet"
)

func init() { register.Plugin("cofaas", New) }

// Settings are what a .golangci.yml may say.
type Settings struct {
	Strict  bool `json:"strict"`  // report warnings too
	Explain bool `json:"explain"` // report all there is, decisions included
}

type plugin struct{ settings Settings }

// New makes the plugin.
func New(conf any) (register.LinterPlugin, error) {
	settings, err := register.DecodeSettings[Settings](conf)
	if err != nil {
		return nil, fmt.Errorf("settings of cofaas: %w", err)
	}
	return &plugin{settings}, nil
}

// BuildAnalyzers returns the analyzer.
func (p *plugin) BuildAnalyzers() ([]*analysis.Analyzer, error) {
	a := vet.New()
	if p.settings.Explain {
		if err := a.Flags.Set("explain", "true"); err != nil {
			return nil, err
		}
	}
	inner := a.Run
	a.Run = func(pass *analysis.Pass) (any, error) {
		own := *pass
		own.Report = func(d analysis.Diagnostic) {
			severity := (analyzer.Diagnostic{Category: d.Category}).Severity()
			if severity == analyzer.Error || severity == analyzer.Warning && p.settings.Strict || p.settings.Explain {
				d.Message += " [" + d.Category + "]"
				pass.Report(d)
			}
		}
		return inner(&own)
	}
	return []*analysis.Analyzer{a}, nil
}

// GetLoadMode returns what the analyzer needs to be loaded.
func (*plugin) GetLoadMode() string { return register.LoadModeTypesInfo }
