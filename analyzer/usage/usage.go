package usage

import (
	_ "embed"
	"go/ast"
	"go/types"
	"reflect"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/inspector"

	"github.com/cofaas/cofaas/analyzer/internal/analysisdoc"
	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
	"github.com/cofaas/cofaas/analyzer/internal/source"
	"github.com/cofaas/cofaas/analyzer/services"
)

//go:embed doc.go
var doc string

// Analyzer finds the uses of gRPC services and of listeners. It makes its own
// inspector rather than require one, so that packages without gRPC cost nothing.
var Analyzer = &analysis.Analyzer{
	Name:       "usage",
	Doc:        analysisdoc.MustExtract(doc, "usage"),
	Run:        run,
	Requires:   []*analysis.Analyzer{services.Analyzer},
	ResultType: reflect.TypeFor[*Result](),
	FactTypes:  []analysis.Fact{new(Dials), new(ListensFor)},
}

func run(pass *analysis.Pass) (any, error) {
	c := &collector{
		pass:     pass,
		services: pass.ResultOf[services.Analyzer].(*services.Result),
		result:   new(Result),
		dials:    make(map[*types.Func]int),
	}
	if grpcpkg.Is(pass.Pkg.Path()) || !services.Near(pass.Pkg) {
		return c.result, nil
	}
	c.flow = newFlow(pass.Pkg, pass.TypesInfo, inspector.New(source.Files(pass)))
	c.wrappers()
	c.listenerParams()

	// In this order, since each step refers to the sites of earlier ones.
	c.calls((*collector).server)
	c.calls((*collector).dial)
	c.calls((*collector).serve)
	c.calls((*collector).listen)
	c.calls((*collector).register)
	c.calls((*collector).client)
	c.calls((*collector).invoke)
	c.mentions()
	c.linkServes()
	c.refused()
	return c.result, nil
}

// A collector gathers the sites of one package.
type collector struct {
	pass     *analysis.Pass
	services *services.Result
	result   *Result
	flow     *flow
	dials    map[*types.Func]int // which parameter is the target
}

// calls calls f for each call in hand-written code.
func (c *collector) calls(f func(*collector, inspector.Cursor, *ast.CallExpr)) {
	for cur := range c.flow.root.Preorder((*ast.File)(nil)) {
		if c.services.Generated(cur.Node().(*ast.File)) {
			continue
		}
		for cur := range cur.Preorder((*ast.CallExpr)(nil)) {
			f(c, cur, cur.Node().(*ast.CallExpr))
		}
	}
}

func (c *collector) site(cur inspector.Cursor, reason string) Site {
	return Site{Pos: cur.Node().Pos(), Func: c.flow.function(cur), Reason: reason}
}

func (c *collector) problem(site Site, category, message string) {
	c.result.Problems = append(c.result.Problems, Problem{
		Pos: site.Pos, Func: site.Func, Category: category, Message: message,
	})
}

// argument returns a cursor at the first argument of call whose parameter pred
// accepts.
func (c *collector) argument(call *ast.CallExpr, pred func(types.Type) bool) (inspector.Cursor, bool) {
	sig, ok := c.pass.TypesInfo.TypeOf(call.Fun).(*types.Signature)
	if !ok {
		return inspector.Cursor{}, false
	}
	i := grpcpkg.ParamIndex(sig, pred)
	if i < 0 || i >= len(call.Args) {
		return inspector.Cursor{}, false
	}
	return c.flow.root.FindNode(call.Args[i])
}

// theCall returns the only call that the value at cur comes from, as far as stop
// lets one see.
func (c *collector) theCall(cur inspector.Cursor, stop func(*ast.CallExpr) bool) (*ast.CallExpr, string) {
	leaves := c.flow.origins(value{cur: cur}, stop)
	switch len(leaves) {
	case 0:
		return nil, "nothing is assigned to it"
	case 1:
		if call, ok := leaves[0].expr().(*ast.CallExpr); ok {
			return call, ""
		}
		return nil, "it comes from " + c.describe(leaves[0])
	}
	return nil, "it comes from several places"
}

func (c *collector) describe(v value) string {
	e := v.expr()
	if call, ok := e.(*ast.CallExpr); ok {
		if fn := calleeFunc(c.pass.TypesInfo, call); fn != nil {
			return qualified(fn)
		}
		return "a function value"
	}
	if obj := c.flow.variable(e); obj != nil {
		switch p, ok := c.flow.param[obj]; {
		case ok && p.fn != nil:
			return "parameter " + obj.Name() + " of " + p.fn.Name()
		case obj.IsField():
			return "field " + obj.Name()
		default:
			return "variable " + obj.Name()
		}
	}
	return "an expression"
}
