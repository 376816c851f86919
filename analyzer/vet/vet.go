package vet

import (
	_ "embed"
	"fmt"
	"go/ast"
	"go/token"
	"path/filepath"

	"golang.org/x/tools/go/analysis"

	"github.com/cofaas/cofaas/analyzer/hazards"
	"github.com/cofaas/cofaas/analyzer/internal/analysisdoc"
	"github.com/cofaas/cofaas/analyzer/internal/category"
	"github.com/cofaas/cofaas/analyzer/rewrite"
	"github.com/cofaas/cofaas/analyzer/services"
	"github.com/cofaas/cofaas/analyzer/usage"
)

//go:embed doc.go
var doc string

// New returns a new analyzer, with flags of its own.
func New() *analysis.Analyzer {
	explain := false
	a := &analysis.Analyzer{
		Name:     "cofaas",
		Doc:      analysisdoc.MustExtract(doc, "cofaas"),
		URL:      category.Index,
		Requires: []*analysis.Analyzer{services.Analyzer, usage.Analyzer, rewrite.Analyzer, hazards.Analyzer},
		Run: func(pass *analysis.Pass) (any, error) {
			run(pass, explain)
			return nil, nil
		},
	}
	a.Flags.BoolVar(&explain, "explain", false, "report decisions and what is good to know, not only what stands in the way")
	return a
}

func run(pass *analysis.Pass, explain bool) {
	r := &reporter{
		pass:    pass,
		explain: explain,
		use:     pass.ResultOf[usage.Analyzer].(*usage.Result),
		program: pass.ResultOf[rewrite.Analyzer].(*rewrite.Result).Program,
		hazards: pass.ResultOf[hazards.Analyzer].(*hazards.Result).Found,
	}
	at := r.annotations()
	if at == nil {
		return
	}
	r.clause = at.Name.Pos()
	r.function = filepath.Base(filepath.Dir(pass.Fset.File(at.FileStart).Name()))
	r.stated()
	r.obstacles()
	r.differences()
	if explain {
		r.decisions()
	}
}

type reporter struct {
	pass     *analysis.Pass
	explain  bool
	use      *usage.Result
	program  *rewrite.Program
	hazards  []hazards.Found
	clause   token.Pos // for what is not in this package
	function string    // its name in a host
	line     *ast.Comment
	native   bool // it does not run as a guest
}

func (r *reporter) report(pos token.Pos, category, format string, args ...any) {
	r.diagnose(analysis.Diagnostic{Pos: pos, Category: category, Message: fmt.Sprintf(format, args...)})
}

// diagnose reports d with the page of its category.
func (r *reporter) diagnose(d analysis.Diagnostic) {
	d.URL = category.URL(d.Category)
	r.pass.Report(d)
}

func (r *reporter) obstacles() {
	var nodes []*rewrite.Node
	if r.program != nil {
		nodes = r.program.Reached()
	}
	serves := false
	for _, n := range nodes {
		serves = serves || n.Serves
	}
	if !serves {
		r.report(r.clause, category.NoService,
			"package %s: registers no gRPC service: a function has to serve one", r.pass.Pkg.Path())
	}
	for _, p := range r.use.Problems {
		r.report(p.Pos, p.Category, "%s", p.Message)
	}
	for _, n := range nodes {
		if n.Path == r.pass.Pkg.Path() {
			continue
		}
		for _, p := range n.Problems {
			r.report(r.clause, p.Category, "package %s: %s: %s", n.Path, p.Where, p.Message)
		}
	}
}

// differences reports what behaves differently in a guest.
func (r *reporter) differences() {
	for _, h := range r.hazards {
		if r.native {
			ok := false
			if h, ok = h.Natively(); !ok {
				continue
			}
		}
		if category.Of(h.Category) == category.Info && !r.explain {
			continue
		}
		d := analysis.Diagnostic{Pos: r.clause, Category: h.Category, Message: h.Message}
		if h.Pin {
			d.Message += "; to have one, run the host with -max-instances " + r.function + "=1"
		}
		switch {
		case h.Pos.IsValid():
			d.Pos, d.SuggestedFixes = h.Pos, h.Fixes
		case h.Where == "":
			d.Message = fmt.Sprintf("package %s %s", h.Path, d.Message)
		default:
			d.Message = fmt.Sprintf("package %s: %s: %s", h.Path, h.Where, d.Message)
		}
		r.diagnose(d)
	}
}
