package vet

import (
	_ "embed"
	"fmt"
	"go/ast"
	"go/token"

	"golang.org/x/tools/go/analysis"

	"github.com/cofaas/cofaas/analyzer/internal/analysisdoc"
	"github.com/cofaas/cofaas/analyzer/internal/annotation"
	"github.com/cofaas/cofaas/analyzer/internal/category"
	"github.com/cofaas/cofaas/analyzer/internal/source"
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
		Requires: []*analysis.Analyzer{services.Analyzer, usage.Analyzer, rewrite.Analyzer},
		Run: func(pass *analysis.Pass) (any, error) {
			run(pass, explain)
			return nil, nil
		},
	}
	a.Flags.BoolVar(&explain, "explain", false, "report decisions, not only what stands in the way")
	return a
}

func run(pass *analysis.Pass, explain bool) {
	at := annotated(pass)
	if at == nil {
		return
	}
	r := &reporter{
		pass:    pass,
		use:     pass.ResultOf[usage.Analyzer].(*usage.Result),
		clause:  at.Name.Pos(),
		program: pass.ResultOf[rewrite.Analyzer].(*rewrite.Result).Program,
	}
	r.obstacles()
	if explain {
		r.decisions()
	}
}

// annotated returns the file that marks the package as a function, or nil.
func annotated(pass *analysis.Pass) *ast.File {
	if pass.Pkg.Name() != "main" {
		return nil
	}
	for _, file := range source.Files(pass) {
		for _, group := range file.Comments {
			for _, comment := range group.List {
				if annotation.Is(comment.Text) {
					return file
				}
			}
		}
	}
	return nil
}

type reporter struct {
	pass    *analysis.Pass
	use     *usage.Result
	clause  token.Pos // for what is not in this package
	program *rewrite.Program
}

func (r *reporter) report(pos token.Pos, category, format string, args ...any) {
	r.pass.Report(analysis.Diagnostic{Pos: pos, Category: category, Message: fmt.Sprintf(format, args...)})
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
