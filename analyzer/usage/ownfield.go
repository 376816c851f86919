package usage

import (
	"go/ast"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
	"golang.org/x/tools/go/types/typeutil"
)

// ownField returns what is known of a field of what base is or points to, or nil
// if it is known not to be set. Other than fieldTerm it tells apart what is made
// in different places: all that configure a library do so by the same type.
func (e *evaluator) ownField(base value, name string) *Term {
	q := query{in: e.in}
	leaves := e.origins(base, q)
	obj, _, _ := types.LookupFieldOrMethod(e.info.TypeOf(base.expr()), true, e.pkg, name)
	field, ok := obj.(*types.Var)
	if !ok {
		return unknownTerm("field " + name)
	}
	var terms []*Term
	made := true // all of them are made here, so that what is not set is empty
	for _, leaf := range leaves {
		switch x := leaf.expr().(type) {
		case *ast.CompositeLit:
			for i := range x.Elts {
				if f, val := e.field(x, leaf.cur.ChildAt(edge.CompositeLit_Elts, i), i); f == field.Origin() {
					terms = append(terms, e.term(leaf.at(val)))
				}
			}
		case *ast.CallExpr:
			b, ok := typeutil.Callee(e.info, x).(*types.Builtin)
			made = made && ok && b.Name() == "new"
		default:
			if p, ok := e.parameterOf(leaf); ok && p.fn != nil && p.fn == e.in && leaf.field == "" {
				leaf.field = name
				terms = append(terms, e.leaf(leaf))
			} else {
				made = made && e.isZero(leaf)
			}
		}
	}
	for _, stored := range e.store[field.Origin()] {
		if holder, ok := holderOf(stored); ok && e.sameObject(e.origins(value{cur: holder}, q), leaves) {
			terms = append(terms, e.term(stored))
		}
	}
	switch {
	case len(terms) > 0:
		return either(terms...)
	case made && len(leaves) > 0:
		return nil
	}
	return unknownTerm("field " + name)
}

// isZero reports whether leaf is a variable, of a struct, that nothing is stored
// in as a whole.
func (f *flow) isZero(leaf value) bool {
	v := f.variable(leaf.expr())
	if v == nil || leaf.out > 0 || v.IsField() || v.Pkg() != f.pkg {
		return false
	}
	_, param := f.param[v]
	_, isStruct := v.Type().Underlying().(*types.Struct)
	return isStruct && !param && len(f.store[v]) == 0
}

// holderOf returns the expression x if stored is assigned to x.f.
func holderOf(stored value) (inspector.Cursor, bool) {
	kind, i := stored.cur.ParentEdge()
	if kind != edge.AssignStmt_Rhs {
		return inspector.Cursor{}, false
	}
	if n := stored.cur.Parent().Node().(*ast.AssignStmt); len(n.Lhs) != len(n.Rhs) {
		i = stored.result
	}
	lhs := stored.cur.Parent().ChildAt(edge.AssignStmt_Lhs, i)
	for lhs.Node() != nil {
		switch lhs.Node().(type) {
		case *ast.ParenExpr:
			lhs = lhs.ChildAt(edge.ParenExpr_X, -1)
		case *ast.IndexExpr:
			lhs = lhs.ChildAt(edge.IndexExpr_X, -1)
		case *ast.SelectorExpr:
			return lhs.ChildAt(edge.SelectorExpr_X, -1), true
		default:
			return inspector.Cursor{}, false
		}
	}
	return inspector.Cursor{}, false
}

// sameObject reports whether one of as may be the same object as one of bs: they
// are made by the same expression, or held by the same variable.
func (f *flow) sameObject(as, bs []value) bool {
	return slices.ContainsFunc(as, func(a value) bool {
		return slices.ContainsFunc(bs, func(b value) bool {
			if a.cur == b.cur {
				return true
			}
			v := f.variable(a.expr())
			return v != nil && v == f.variable(b.expr())
		})
	})
}
