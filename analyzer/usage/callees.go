package usage

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
	"golang.org/x/tools/go/types/typeutil"
)

// A callee is a function that a call may call: a declared one or a literal.
// The zero callee is one that is not known.
type callee struct {
	fn  *types.Func
	lit inspector.Cursor
}

// called returns what the call that v is may call.
func (f *flow) called(v value) []callee {
	call := v.cur.Node().(*ast.CallExpr)
	if fn := typeutil.StaticCallee(f.info, call); fn != nil {
		return []callee{{fn: fn}}
	}
	var callees []callee
	if fn := calleeFunc(f.info, call); fn != nil {
		// A method of an interface: what matters is what implements it here.
		sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
		if !ok {
			return nil
		}
		x, _ := f.root.FindNode(sel.X)
		for _, leaf := range f.origins(v.at(x), query{}) {
			callees = append(callees, callee{fn: f.implementation(leaf, fn)})
		}
		return callees
	}
	for _, leaf := range f.origins(v.at(v.cur.ChildAt(edge.CallExpr_Fun, -1)), query{opaque: true}) {
		switch leaf.expr().(type) {
		case *ast.FuncLit:
			callees = append(callees, callee{lit: leaf.cur})
		default:
			callees = append(callees, callee{fn: f.funcNamed(leaf.expr())})
		}
	}
	return callees
}

// implementation returns the method that implements the interface's method fn
// for what v is, or nil if its type is not known.
func (f *flow) implementation(v value, fn *types.Func) *types.Func {
	if v.out > 0 || v.field != "" {
		return nil
	}
	t := f.info.TypeOf(v.expr())
	if tuple, ok := t.(*types.Tuple); ok && v.result < tuple.Len() {
		t = tuple.At(v.result).Type()
	}
	if t == nil || types.IsInterface(t) {
		return nil
	}
	if _, ok := types.Unalias(t).(*types.Pointer); !ok {
		t = types.NewPointer(t)
	}
	m, _, _ := types.LookupFieldOrMethod(t, false, fn.Pkg(), fn.Name())
	method, _ := m.(*types.Func)
	return method
}

// calledFunc returns the only declared function that the call that v is may
// call, or nil.
func (f *flow) calledFunc(v value) *types.Func {
	called := f.called(v)
	if len(called) != 1 {
		return nil
	}
	return called[0].fn
}

// funcNamed returns the function that e names, or nil.
func (f *flow) funcNamed(e ast.Expr) *types.Func {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		fn, _ := f.info.Uses[e].(*types.Func)
		return fn
	case *ast.SelectorExpr:
		return f.funcNamed(e.Sel)
	case *ast.IndexExpr:
		return f.funcNamed(e.X)
	case *ast.IndexListExpr:
		return f.funcNamed(e.X)
	}
	return nil
}

// A body is a function declaration or literal.
type body struct {
	cur inspector.Cursor
	fn  *types.Func // nil for a literal
	sig *types.Signature
}

// body returns the body of c, if it is in the package.
func (f *flow) body(c callee) (body, bool) {
	if c.fn != nil {
		return f.declared(c.fn)
	}
	if c.lit == (inspector.Cursor{}) {
		return body{}, false
	}
	sig, ok := f.info.TypeOf(c.lit.Node().(ast.Expr)).(*types.Signature)
	return body{c.lit, nil, sig}, ok
}

// declared returns the body of fn, if it is in the package.
func (f *flow) declared(fn *types.Func) (body, bool) {
	fn = fn.Origin()
	cur, ok := f.decls[fn]
	return body{cur, fn, fn.Signature()}, ok
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
			vs = append(vs, value{cur: ret.ChildAt(edge.ReturnStmt_Results, 0), result: result})
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
