package hazards

import (
	"go/ast"
	"go/token"
	"go/types"
)

// place returns where the value of e lives, if that is a package variable, what a parameter refers to, or a variable of a function around
// this one: who assigns to e writes there.
func (w *walker) place(e ast.Expr) (p Place, ok bool) {
	return w.root(e, "", false)
}

// root walks from e to the variable that it begins with. field is the first field on the way from there, and indirect says that there
// is a reference on the way.
func (w *walker) root(e ast.Expr, field string, indirect bool) (Place, bool) {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		v, ok := w.info.ObjectOf(e).(*types.Var)
		if !ok {
			return Place{}, false
		}
		return w.variable(v, field, indirect)
	case *ast.SelectorExpr:
		if sel, ok := w.info.Selections[e]; ok && sel.Kind() == types.FieldVal {
			_, pointer := w.info.TypeOf(e.X).Underlying().(*types.Pointer)
			return w.root(e.X, fieldName(sel), indirect || pointer || sel.Indirect())
		}
		return w.root(e.Sel, field, indirect) // of a package
	case *ast.IndexExpr:
		switch w.info.TypeOf(e.X).Underlying().(type) {
		case *types.Map, *types.Slice, *types.Pointer:
			indirect = true
		}
		return w.root(e.X, field, indirect)
	case *ast.SliceExpr:
		return w.root(e.X, field, true)
	case *ast.StarExpr:
		return w.root(e.X, field, true)
	case *ast.UnaryExpr:
		if e.Op == token.AND {
			return w.root(e.X, field, indirect)
		}
	case *ast.TypeAssertExpr:
		return w.root(e.X, field, true)
	case *ast.CallExpr:
		if w.info.Types[e.Fun].IsType() && len(e.Args) == 1 { // a conversion
			if p, ok := w.reference(e.Args[0]); ok {
				return p, true
			}
		}
	}
	return Place{}, false
}

func (w *walker) variable(v *types.Var, field string, indirect bool) (Place, bool) {
	if n, ok := w.params[v]; ok {
		return Place{Param: n, Field: field}, indirect
	}
	if p, ok := w.locals[v]; ok {
		if p.Field == "" {
			p.Field = field
		}
		return p, indirect
	}
	switch {
	case v.Pkg() == nil || v.IsField():
		return Place{}, false
	case v.Parent() == v.Pkg().Scope():
		name := v.Name()
		if v.Pkg() != w.pass.Pkg {
			name = v.Pkg().Name() + "." + name
		}
		// Variables of other packages that are not the user's own, such as http.DefaultClient, are theirs.
		return Place{Param: -1, Var: name, Field: field}, w.summarized(v.Pkg())
	case w.captured(v):
		return Place{Param: -1, Var: v.Name(), Field: field}, true
	}
	return Place{}, false
}

// captured reports whether v belongs to a function around the literal that is walked.
func (w *walker) captured(v *types.Var) bool {
	lit, ok := w.body.(*ast.FuncLit)
	return ok && (v.Pos() < lit.Pos() || v.Pos() >= lit.End())
}

func fieldName(sel *types.Selection) string {
	t := sel.Recv()
	if ptr, ok := types.Unalias(t).(*types.Pointer); ok {
		t = ptr.Elem()
	}
	if named, ok := types.Unalias(t).(*types.Named); ok {
		return sel.Obj().Name() + " of " + named.Obj().Name()
	}
	return sel.Obj().Name()
}

// isReference reports whether what is written through a value of type t is seen by others that have it.
func isReference(t types.Type) bool {
	switch t.Underlying().(type) {
	case *types.Pointer, *types.Map, *types.Slice, *types.Interface:
		return true
	}
	return isBasic(t, types.UnsafePointer)
}

// assign notes what an assignment writes, and which local variables refer to a place from then on.
func (w *walker) assign(n *ast.AssignStmt) {
	for i, lhs := range n.Lhs {
		if n.Tok != token.DEFINE {
			w.write(lhs)
		}
		switch {
		case len(n.Lhs) == len(n.Rhs):
			w.alias(lhs, n.Rhs[i])
			w.field(lhs, n.Rhs[i])
		case i == 0 && len(n.Rhs) == 1: // v, ok := m[k], x.(T)
			w.alias(lhs, n.Rhs[0])
		}
	}
}

// alias notes that the local variable lhs refers to where rhs lives.
func (w *walker) alias(lhs, rhs ast.Expr) {
	id, ok := lhs.(*ast.Ident)
	if !ok {
		return
	}
	v, ok := w.info.ObjectOf(id).(*types.Var)
	if !ok || v.Pkg() == nil || v.Parent() == v.Pkg().Scope() || !isReference(v.Type()) {
		return
	}
	if _, param := w.params[v]; param || w.captured(v) {
		return
	}
	if p, ok := w.reference(rhs); ok {
		w.locals[v] = p
	}
}

// reference returns the place that the value of e refers to.
func (w *walker) reference(e ast.Expr) (Place, bool) {
	if unary, ok := ast.Unparen(e).(*ast.UnaryExpr); ok && unary.Op == token.AND {
		return w.root(unary.X, "", false)
	}
	t := w.info.TypeOf(e)
	if tuple, ok := t.(*types.Tuple); ok && tuple.Len() == 2 {
		t = tuple.At(0).Type() // of v, ok := m[k]
	}
	if t == nil || !isReference(t) {
		return Place{}, false
	}
	return w.root(e, "", true)
}

func (w *walker) rangeStmt(n *ast.RangeStmt) {
	if n.Tok == token.ASSIGN {
		for _, lhs := range []ast.Expr{n.Key, n.Value} {
			if lhs != nil {
				w.write(lhs)
			}
		}
	}
	if n.Value == nil || n.Tok != token.DEFINE {
		return
	}
	id, ok := n.Value.(*ast.Ident)
	if !ok {
		return
	}
	v, ok := w.info.Defs[id].(*types.Var)
	if !ok || !isReference(v.Type()) {
		return
	}
	if p, ok := w.root(n.X, "", true); ok {
		w.locals[v] = p
	}
}
