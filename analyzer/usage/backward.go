package usage

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
	"golang.org/x/tools/go/types/typeutil"
)

// origins returns where v can come from: calls, literals and constants, and
// variables about which nothing more is known. stop says of a call not to look
// into the function that it calls.
func (f *flow) origins(v value, stop func(*ast.CallExpr) bool) []value {
	t := &tracer{flow: f, stop: stop, seen: make(map[any]bool)}
	t.trace(v)
	return t.leaves
}

type tracer struct {
	*flow
	stop   func(*ast.CallExpr) bool
	seen   map[any]bool
	leaves []value
}

func (t *tracer) trace(v value) {
	if t.seen[v] {
		return
	}
	t.seen[v] = true
	cur := v.cur
	switch e := v.expr().(type) {
	case *ast.ParenExpr:
		t.trace(value{cur.ChildAt(edge.ParenExpr_X, -1), v.result})
	case *ast.TypeAssertExpr:
		t.trace(value{cur: cur.ChildAt(edge.TypeAssertExpr_X, -1)})
	case *ast.Ident, *ast.SelectorExpr:
		if t.info.Types[e].Value != nil || !t.variable(v) {
			t.leaves = append(t.leaves, v)
		}
	case *ast.CallExpr:
		switch {
		case t.info.Types[e.Fun].IsType():
			t.trace(value{cur: cur.ChildAt(edge.CallExpr_Args, 0)})
		case t.stop(e) || !t.results(cur, v.result):
			t.leaves = append(t.leaves, v)
		}
	default:
		if !t.info.Types[e].IsNil() {
			t.leaves = append(t.leaves, v)
		}
	}
}

// variable traces what is stored in the variable that v names. It reports
// whether that is all there is to know.
func (t *tracer) variable(v value) bool {
	obj := t.flow.variable(v.expr())
	if obj == nil || obj.Pkg() != t.pkg {
		return false
	}
	known := false
	for _, stored := range t.store[obj] {
		t.trace(stored)
		known = true
	}
	if p, ok := t.param[obj]; ok {
		return t.argument(p) || known
	}
	return known
}

// argument traces what is passed for p.
func (t *tracer) argument(p parameter) bool {
	if p.fn == nil {
		if p.lit.ParentEdgeKind() != edge.CallExpr_Fun {
			return false
		}
		return t.arg(p.lit.Parent().Node().(*ast.CallExpr), p)
	}
	calls, all := t.calls(p.fn)
	if !all || len(calls) == 0 {
		return false
	}
	for _, call := range calls {
		if !t.arg(call.Node().(*ast.CallExpr), p) {
			return false
		}
	}
	return true
}

func (t *tracer) arg(call *ast.CallExpr, p parameter) bool {
	if p.index >= len(call.Args) {
		return false // f(g()), or no variadic arguments
	}
	cur, ok := t.root.FindNode(call.Args[p.index])
	if ok {
		t.trace(value{cur: cur})
	}
	return ok
}

// results traces what the functions that the call at cur calls return. It reports
// whether all of them are known.
func (t *tracer) results(cur inspector.Cursor, result int) bool {
	var returned []value
	for _, fn := range t.called(cur) {
		b, ok := t.body(fn)
		if !ok {
			return false
		}
		returned = append(returned, b.returned(t.flow, result)...)
	}
	for _, v := range returned {
		t.trace(v)
	}
	return len(returned) > 0
}

// called returns what the call at cur may call: expressions that name functions,
// and function literals. Other expressions among them are not known.
func (f *flow) called(cur inspector.Cursor) []value {
	fun := value{cur: cur.ChildAt(edge.CallExpr_Fun, -1)}
	if typeutil.StaticCallee(f.info, cur.Node().(*ast.CallExpr)) != nil {
		return []value{fun}
	}
	return f.origins(fun, func(*ast.CallExpr) bool { return true })
}

// calledFunc returns the only declared function that the call at cur may call,
// or nil.
func (f *flow) calledFunc(cur inspector.Cursor) *types.Func {
	called := f.called(cur)
	if len(called) != 1 {
		return nil
	}
	return f.named(called[0].expr())
}

// named returns the function that e names, or nil.
func (f *flow) named(e ast.Expr) *types.Func {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		fn, _ := f.info.Uses[e].(*types.Func)
		return fn
	case *ast.SelectorExpr:
		return f.named(e.Sel)
	case *ast.IndexExpr:
		return f.named(e.X)
	case *ast.IndexListExpr:
		return f.named(e.X)
	}
	return nil
}

// A body is a function declaration or literal.
type body struct {
	cur inspector.Cursor
	sig *types.Signature
}

// body returns the body of the function that v is, if it is in the package.
func (f *flow) body(v value) (body, bool) {
	if lit, ok := v.expr().(*ast.FuncLit); ok {
		sig, ok := f.info.TypeOf(lit).(*types.Signature)
		return body{v.cur, sig}, ok
	}
	fn := f.named(v.expr())
	if fn == nil {
		return body{}, false
	}
	cur, ok := f.decls[fn.Origin()]
	return body{cur, fn.Origin().Signature()}, ok
}

// returned returns what the return statements of b give for one of its results.
func (b body) returned(f *flow, result int) []value {
	var vs []value
	for ret := range b.cur.Preorder((*ast.ReturnStmt)(nil)) {
		if in, _ := enclosing(ret); in != b.cur {
			continue
		}
		switch n := len(ret.Node().(*ast.ReturnStmt).Results); {
		case n > 1 || n == 1 && b.sig.Results().Len() == 1:
			vs = append(vs, value{cur: ret.ChildAt(edge.ReturnStmt_Results, result)})
		case n == 1:
			vs = append(vs, value{ret.ChildAt(edge.ReturnStmt_Results, 0), result})
		default:
			vs = append(vs, f.store[b.sig.Results().At(result)]...)
		}
	}
	return vs
}

// calleeFunc returns the function or method, possibly of an interface, that call
// calls, or nil.
func calleeFunc(info *types.Info, call *ast.CallExpr) *types.Func {
	fn, _ := typeutil.Callee(info, call).(*types.Func)
	return fn
}
