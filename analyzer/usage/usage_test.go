package usage_test

import (
	"path/filepath"
	"reflect"
	"testing"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/cofaas/cofaas/analyzer/usage"
)

func testdata(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../testdata")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// sites reports what usage found, so that tests can say what they want.
var sites = &analysis.Analyzer{
	Name:     "sites",
	Doc:      "report sites",
	Requires: []*analysis.Analyzer{usage.Analyzer},
	Run: func(pass *analysis.Pass) (any, error) {
		r := pass.ResultOf[usage.Analyzer].(*usage.Result)
		for _, s := range r.Servers {
			pass.Reportf(s.Pos, "server: %s", s.Reason)
		}
		for _, reg := range r.Registrations {
			name := "unknown"
			if reg.Service != nil {
				name = reg.Service.Name
			}
			pass.Reportf(reg.Pos, "register %s: %s", name, reg.Reason)
		}
		for _, d := range r.Dials {
			pass.Reportf(d.Pos, "dial %s", d.Reason[len("target is "):])
		}
		for _, c := range r.Clients {
			pass.Reportf(c.Pos, "client %s: %s", c.Service.Name, c.Reason)
		}
		for _, s := range r.Serves {
			pass.Reportf(s.Pos, "serve %s", s.Reason[len("Serve is called "):])
		}
		for _, l := range r.Listens {
			pass.Reportf(l.Pos, "listen %v %v: %s", l.Address, l.Use, l.Reason)
		}
		for _, o := range r.Outbound {
			pass.Reportf(o.Pos, "outbound %s to %v %v: %s", o.What, o.Address, o.Use, o.Reason)
		}
		for _, p := range r.Problems {
			pass.Reportf(p.Pos, "%s: %s", p.Category, p.Message)
		}
		return nil, nil
	},
}

func TestSites(t *testing.T) {
	analysistest.Run(t, testdata(t), sites, "use/mains", "use/listens", "use/quiet",
		"use/values", "use/settled", "use/booted", "use/connected", "use/opened", "use/outbound", "use/circles", "use/order", "use/untouched")
}

func TestFacts(t *testing.T) {
	analysistest.Run(t, testdata(t), usage.Analyzer, "use/library", "use/settings", "use/bootstrap", "use/conns", "use/openers")
}

// TestGenerated checks that generated code is no use of what it declares.
func TestGenerated(t *testing.T) {
	for _, pkg := range []string{"pb/greeter", "pb/legacy"} {
		results := analysistest.Run(silent{}, testdata(t), usage.Analyzer, pkg)
		if got := *results[0].Result.(*usage.Result); !reflect.DeepEqual(got, usage.Result{}) {
			t.Errorf("%s: got %+v, want nothing", pkg, got)
		}
	}
}

// silent drops what analysistest misses: facts of another analyzer.
type silent struct{}

func (silent) Errorf(string, ...any) {}
