package usage

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
	"golang.org/x/tools/go/types/typeutil"
)

// A flow answers where the values of a package go, and where they come from. It
// knows no order: a variable holds whatever is stored in it anywhere.
type flow struct {
	pkg   *types.Package
	info  *types.Info
	root  inspector.Cursor
	uses  map[types.Object][]inspector.Cursor // identifiers
	store map[*types.Var][]value
	decls map[*types.Func]inspector.Cursor // with a body
	param map[*types.Var]parameter
}

// A value is an expression, or one result of a call with several.
type value struct {
	cur    inspector.Cursor
	result int
}

func (v value) expr() ast.Expr { return v.cur.Node().(ast.Expr) }

// A parameter says which function declares it.
type parameter struct {
	fn    *types.Func // nil for function literals
	lit   inspector.Cursor
	index int
}

func newFlow(pkg *types.Package, info *types.Info, in *inspector.Inspector) *flow {
	f := &flow{
		pkg:   pkg,
		info:  info,
		root:  in.Root(),
		uses:  make(map[types.Object][]inspector.Cursor),
		store: make(map[*types.Var][]value),
		decls: make(map[*types.Func]inspector.Cursor),
		param: make(map[*types.Var]parameter),
	}
	for cur := range f.root.Preorder(
		(*ast.Ident)(nil), (*ast.AssignStmt)(nil), (*ast.ValueSpec)(nil),
		(*ast.CompositeLit)(nil), (*ast.FuncDecl)(nil), (*ast.FuncLit)(nil),
	) {
		switch n := cur.Node().(type) {
		case *ast.Ident:
			if obj := info.Uses[n]; obj != nil {
				f.uses[origin(obj)] = append(f.uses[origin(obj)], cur)
			}
		case *ast.AssignStmt:
			if n.Tok == token.ASSIGN || n.Tok == token.DEFINE {
				f.assign(cur, n.Lhs, n.Rhs, edge.AssignStmt_Rhs)
			}
		case *ast.ValueSpec:
			lhs := make([]ast.Expr, len(n.Names))
			for i, name := range n.Names {
				lhs[i] = name
			}
			f.assign(cur, lhs, n.Values, edge.ValueSpec_Values)
		case *ast.CompositeLit:
			for i := range n.Elts {
				elt := cur.ChildAt(edge.CompositeLit_Elts, i)
				if field, val := f.field(n, elt, i); field != nil {
					f.store[field] = append(f.store[field], value{cur: val})
				}
			}
		case *ast.FuncDecl:
			if fn, ok := info.Defs[n.Name].(*types.Func); ok && n.Body != nil {
				f.decls[fn] = cur
				f.params(fn.Signature(), parameter{fn: fn})
			}
		case *ast.FuncLit:
			if sig, ok := info.TypeOf(n).(*types.Signature); ok {
				f.params(sig, parameter{lit: cur})
			}
		}
	}
	return f
}

func (f *flow) params(sig *types.Signature, p parameter) {
	for i := range sig.Params().Len() {
		p.index = i
		f.param[sig.Params().At(i)] = p
	}
}

func (f *flow) assign(cur inspector.Cursor, lhs, rhs []ast.Expr, kind edge.Kind) {
	for i, l := range lhs {
		v := f.variable(l)
		switch {
		case v == nil || len(rhs) == 0:
		case len(lhs) == len(rhs):
			f.store[v] = append(f.store[v], value{cur: cur.ChildAt(kind, i)})
		default:
			f.store[v] = append(f.store[v], value{cur.ChildAt(kind, 0), i})
		}
	}
}

// variable returns the variable or field that e names, or nil.
func (f *flow) variable(e ast.Expr) *types.Var {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		v, _ := f.info.ObjectOf(e).(*types.Var)
		if v == nil {
			return nil
		}
		return v.Origin()
	case *ast.SelectorExpr:
		return f.variable(e.Sel)
	}
	return nil
}

// field returns the struct field that element i of lit sets, if lit is a struct,
// and the value that it is set to.
func (f *flow) field(lit *ast.CompositeLit, elt inspector.Cursor, i int) (*types.Var, inspector.Cursor) {
	t := f.info.TypeOf(lit)
	if ptr, ok := t.Underlying().(*types.Pointer); ok {
		t = ptr.Elem() // &T elided in a literal of pointers
	}
	st, ok := t.Underlying().(*types.Struct)
	if !ok {
		return nil, elt
	}
	if kv, ok := elt.Node().(*ast.KeyValueExpr); ok {
		return f.variable(kv.Key), elt.ChildAt(edge.KeyValueExpr_Value, -1)
	}
	return st.Field(i).Origin(), elt
}

// calls returns the calls of fn in the package, and whether there can be no
// others.
func (f *flow) calls(fn *types.Func) (calls []inspector.Cursor, all bool) {
	all = !fn.Exported() || f.pkg.Name() == "main"
	for _, use := range f.uses[fn] {
		cur := use
		if k := cur.ParentEdgeKind(); k == edge.SelectorExpr_Sel {
			cur = cur.Parent()
		}
		if cur.ParentEdgeKind() == edge.CallExpr_Fun {
			calls = append(calls, cur.Parent())
		} else {
			all = false
		}
	}
	return calls, all
}

// callee returns the parameters of the function that call calls and that has its
// body in the package, or nil.
func (f *flow) callee(call *ast.CallExpr) (fn *types.Func, sig *types.Signature) {
	if lit, ok := ast.Unparen(call.Fun).(*ast.FuncLit); ok {
		sig, _ := f.info.TypeOf(lit).(*types.Signature)
		return nil, sig
	}
	fn = typeutil.StaticCallee(f.info, call)
	if fn == nil {
		return nil, nil
	}
	fn = fn.Origin()
	if _, ok := f.decls[fn]; !ok {
		return fn, nil
	}
	return fn, fn.Signature()
}

// enclosing returns the innermost function that cur is in: a *ast.FuncDecl or
// *ast.FuncLit.
func enclosing(cur inspector.Cursor) (inspector.Cursor, bool) {
	for fn := range cur.Enclosing((*ast.FuncDecl)(nil), (*ast.FuncLit)(nil)) {
		return fn, true
	}
	return inspector.Cursor{}, false
}

// function returns the declared function that cur is in, or nil for the
// initializers of package-level variables.
func (f *flow) function(cur inspector.Cursor) *types.Func {
	for decl := range cur.Enclosing((*ast.FuncDecl)(nil)) {
		fn, _ := f.info.Defs[decl.Node().(*ast.FuncDecl).Name].(*types.Func)
		return fn
	}
	return nil
}

// origin returns the generic object that obj is an instance of.
func origin(obj types.Object) types.Object {
	switch obj := obj.(type) {
	case *types.Func:
		return obj.Origin()
	case *types.Var:
		return obj.Origin()
	}
	return obj
}
