package usage

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/ast/edge"

	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
)

// outs returns where the address of v is passed, for a callee to store a value.
func (f *flow) outs(v *types.Var) []value {
	var outs []value
	for _, use := range f.uses[v] {
		if use.ParentEdgeKind() == edge.SelectorExpr_Sel {
			use = use.Parent()
		}
		if use.ParentEdgeKind() != edge.UnaryExpr_X {
			continue
		}
		kind, i := use.Parent().ParentEdge()
		if kind != edge.CallExpr_Args || !isOut(f.info.TypeOf(use.Parent().Node().(ast.Expr))) {
			continue
		}
		outs = append(outs, value{cur: use.Parent().Parent(), out: i + 1})
	}
	return outs
}

// passedOn returns where the pointer v is itself passed, for a callee to store a
// value.
func (f *flow) passedOn(v *types.Var) []value {
	if !isOut(v.Type()) {
		return nil
	}
	var outs []value
	for _, use := range f.uses[v] {
		if kind, i := use.ParentEdge(); kind == edge.CallExpr_Args {
			outs = append(outs, value{cur: use.Parent(), out: i + 1})
		}
	}
	return outs
}

// isOut reports whether t points to a string, a number or a connection: what is
// set through pointers to structs is known of their fields.
func isOut(t types.Type) bool {
	ptr, ok := types.Unalias(t).(*types.Pointer)
	if !ok {
		return false
	}
	_, ok = ptr.Elem().Underlying().(*types.Basic)
	return ok || grpcpkg.IsConn(ptr.Elem()) && !types.IsInterface(ptr)
}

// ofInstance traces a field of the very struct that v selects it from, if the
// literal can be seen that makes it and nothing else sets the field. It reports
// whether it did.
func (t *tracer) ofInstance(v value, sel *ast.SelectorExpr, field *types.Var) bool {
	base := v.at(v.cur.ChildAt(edge.SelectorExpr_X, -1))
	if len(t.assignedTo(base, field)) > 0 || len(t.outs(field)) > 0 {
		return false
	}
	elems, params := t.fieldOf(base, field.Name(), t.query)
	if len(elems) == 0 && (len(params) == 0 || len(t.store[field]) > 0) {
		return false
	}
	for _, e := range append(elems, params...) {
		t.trace(e)
	}
	return true
}

// assignedTo returns what is assigned to a field of what base is: all that is
// assigned to the field anywhere, unless base is a literal, or a variable of its
// own to which there is no pointer.
func (f *flow) assignedTo(base value, field *types.Var) []value {
	v := f.variable(base.expr())
	if _, ok := f.param[v]; ok {
		v = nil
	}
	_, lit := ast.Unparen(base.expr()).(*ast.CompositeLit)
	own := lit
	if _, ident := ast.Unparen(base.expr()).(*ast.Ident); ident && v != nil {
		_, pointer := v.Type().Underlying().(*types.Pointer)
		own = !pointer && !f.addressTaken(v)
	}
	var list []value
	for _, stored := range f.store[field] {
		if kind, i := stored.cur.ParentEdge(); kind == edge.AssignStmt_Rhs {
			n := stored.cur.Parent().Node().(*ast.AssignStmt)
			if len(n.Lhs) != len(n.Rhs) {
				i = stored.result
			}
			if !own || !lit && f.holder(n.Lhs[i]) == v {
				list = append(list, stored)
			}
		}
	}
	return list
}

// holder returns the variable x of an expression x.f or x.f[i], or nil.
func (f *flow) holder(e ast.Expr) *types.Var {
	switch e := ast.Unparen(e).(type) {
	case *ast.SelectorExpr:
		return f.variable(e.X)
	case *ast.IndexExpr:
		return f.holder(e.X)
	}
	return nil
}

// addressTaken reports whether there can be a pointer to the variable v: its
// address is taken, or a method with a pointer receiver is called.
func (f *flow) addressTaken(v *types.Var) bool {
	_, pointer := v.Type().Underlying().(*types.Pointer)
	for _, use := range f.uses[v] {
		switch use.ParentEdgeKind() {
		case edge.UnaryExpr_X:
			return true
		case edge.SelectorExpr_X:
			if s := f.info.Selections[use.Parent().Node().(*ast.SelectorExpr)]; s != nil && s.Kind() == types.MethodVal {
				if recv := s.Obj().(*types.Func).Signature().Recv(); recv != nil {
					if _, ok := recv.Type().(*types.Pointer); ok && !pointer {
						return true
					}
				}
			}
		}
	}
	return false
}

// fieldOf returns what a field is set to in the literals that base comes from,
// and the parameters of q.in that base may be. It returns nothing unless base is
// one of these.
func (f *flow) fieldOf(base value, name string, q query) (elems, params []value) {
	for _, leaf := range f.origins(base, q) {
		if lit, ok := leaf.expr().(*ast.CompositeLit); ok && leaf.out == 0 && structOf(f.info.TypeOf(lit)) != nil {
			for i := range lit.Elts {
				elt := leaf.cur.ChildAt(edge.CompositeLit_Elts, i)
				if field, val := f.field(lit, elt, i); field != nil && field.Name() == name {
					elems = append(elems, leaf.at(val))
				}
			}
			continue
		}
		p, ok := f.parameterOf(leaf)
		if !ok || p.fn == nil || p.fn != q.in || leaf.field != "" {
			return nil, nil
		}
		leaf.field = name
		params = append(params, leaf)
	}
	return elems, params
}

// parameterOf returns the parameter that v names.
func (f *flow) parameterOf(v value) (parameter, bool) {
	if v.out > 0 {
		return parameter{}, false
	}
	obj := f.variable(v.expr())
	if obj == nil {
		return parameter{}, false
	}
	p, ok := f.param[obj]
	return p, ok
}
