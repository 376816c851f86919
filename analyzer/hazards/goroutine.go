package hazards

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/cofaas/cofaas/analyzer/internal/category"
	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
)

// goroutine notes goroutines that do something from time to time for as long as the function runs: loops that wait for a clock.
func (w *walker) goroutine(n *ast.GoStmt) {
	var body *ast.BlockStmt
	if lit, ok := ast.Unparen(n.Call.Fun).(*ast.FuncLit); ok {
		body = lit.Body
	} else if fn := typeutil.StaticCallee(w.info, n.Call); fn != nil {
		body = w.bodyOf(fn)
	}
	if body == nil || !w.waitsForClock(body) {
		return
	}
	w.hazard(Hazard{
		Category: category.Goroutine,
		Message:  "goroutine that goes on between calls: each instance of the function runs its own",
		Pin:      true,
	}, n.Pos())
}

// bodyOf returns the body of a function of the package, or nil.
func (c *collector) bodyOf(fn *types.Func) *ast.BlockStmt {
	for _, file := range c.pass.Files {
		for _, decl := range file.Decls {
			if decl, ok := decl.(*ast.FuncDecl); ok && c.info.Defs[decl.Name] == fn.Origin() {
				return decl.Body
			}
		}
	}
	return nil
}

// waitsForClock reports whether there is a loop in body that waits for a clock at every turn.
func (w *walker) waitsForClock(body ast.Node) (found bool) {
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return n.Body == body
		case *ast.ForStmt:
			found = found || n.Post == nil && w.mentionsClock(n.Body) // one that counts ends
		case *ast.RangeStmt:
			found = found || isTimeChannel(w.info.TypeOf(n.X)) || w.mentionsClock(n.Body)
		}
		return !found
	})
	return found
}

// mentionsClock reports whether n sleeps, or receives the time.
func (w *walker) mentionsClock(n ast.Node) (found bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.CallExpr:
			found = found || grpcpkg.IsFunc(typeutil.Callee(w.info, n), "time", "Sleep")
		case *ast.UnaryExpr:
			found = found || isTimeChannel(w.info.TypeOf(n.X))
		}
		return !found
	})
	return found
}

func isTimeChannel(t types.Type) bool {
	if t == nil {
		return false
	}
	ch, ok := t.Underlying().(*types.Chan)
	return ok && grpcpkg.IsType(ch.Elem(), "time", "Time")
}
