package usage_test

import (
	"go/ast"
	"go/types"
	"testing"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/analysistest"
	"golang.org/x/tools/go/types/typeutil"

	"github.com/cofaas/cofaas/analyzer/internal/drivers"
	"github.com/cofaas/cofaas/analyzer/usage"
)

// needs reports what is needed.
var needs = &analysis.Analyzer{
	Name:     "needs",
	Doc:      "report needs",
	Requires: []*analysis.Analyzer{usage.Analyzer},
	Run: func(pass *analysis.Pass) (any, error) {
		for _, n := range pass.ResultOf[usage.Analyzer].(*usage.Result).Needs {
			via := ""
			if n.Via != "" {
				via = " via " + n.Via
			}
			pass.Reportf(n.Pos, "need %v %s%s (%s)", &n.Want, n.What, via, n.Note)
		}
		return nil, nil
	},
}

func TestNeeds(t *testing.T) {
	analysistest.Run(t, testdata(t), needs, "use/needs/chain", "use/needs/cases", "use/needs/quiet")
}

// TestNeeds_Drivers also checks that there is a case for each function that package drivers knows.
func TestNeeds_Drivers(t *testing.T) {
	tested := make(map[int]bool)
	for _, r := range analysistest.Run(t, testdata(t), needs,
		"drivers/network", "drivers/web", "drivers/databases", "drivers/queues", "drivers/telemetry", "drivers/system") {
		for _, file := range r.Pass.Files {
			ast.Inspect(file, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok {
					if fn, ok := typeutil.Callee(r.Pass.TypesInfo, call).(*types.Func); ok {
						for _, i := range drivers.Find(fn) {
							tested[i] = true
						}
					}
				}
				return true
			})
		}
	}
	for i, e := range drivers.All() {
		if !tested[i] {
			t.Errorf("no test calls %s", e.Func)
		}
	}
}

func TestNeeds_Facts(t *testing.T) {
	analysistest.Run(t, testdata(t), usage.Analyzer, "use/needs/store")
}
