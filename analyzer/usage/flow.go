package usage

import (
	"cmp"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// A flow answers where the values of a package go, and where they come from. It
// knows no order: a variable holds whatever is stored in it anywhere. A slice,
// an array, a map, a channel and a pointer hold what is in them: elements are not
// told apart.
type flow struct {
	pkg   *types.Package
	info  *types.Info
	fact  func(types.Object, analysis.Fact) bool // of other packages
	root  inspector.Cursor
	uses  map[types.Object][]inspector.Cursor // identifiers
	store map[*types.Var][]value
	deref map[*types.Var][]value           // what is stored through a pointer
	decls map[*types.Func]inspector.Cursor // with a body
	param map[*types.Var]parameter         // and receivers
	frame map[frameKey]*frame              // see flow.enter
	work
}

// A value is an expression, or one result of a call with several.
type value struct {
	cur    inspector.Cursor
	result int
	// frame is the call in which the expression is evaluated, or nil for any.
	frame *frame
	// out is 1 + the argument of the call at cur through which the callee stores
	// the value, or 0.
	out int
	// field is the field of the value at cur that is meant, or "". It is only set
	// for parameters.
	field string
}

// at returns another expression of the same frame.
func (v value) at(cur inspector.Cursor) value { return value{cur: cur, frame: v.frame} }

func (v value) expr() ast.Expr { return v.cur.Node().(ast.Expr) }

// A frame is a call of a function with a body: parameters of the function are
// arguments of the call, which is itself evaluated in the frame parent.
type frame struct {
	frameKey
	fn    *types.Func // nil for function literals
	lit   inspector.Cursor
	depth int
}

type frameKey struct {
	call   inspector.Cursor
	parent *frame
}

// maxFrames bounds how deep calls are followed with their arguments. Deeper
// ones, as in recursion, forget who called.
const maxFrames = 8

// enter returns the frame of the call at cur, evaluated in parent, of b.
func (f *flow) enter(cur inspector.Cursor, parent *frame, b body) *frame {
	depth := 1
	if parent != nil {
		depth = parent.depth + 1
	}
	if depth > maxFrames {
		return nil
	}
	key := frameKey{cur, parent}
	fr := f.frame[key]
	if fr == nil {
		fr = &frame{frameKey: key, fn: b.fn, lit: b.cur, depth: depth}
		f.frame[key] = fr
	}
	return fr
}

// outermost returns the call with which v was entered first, or that at v.
func (v value) outermost() ast.Node {
	if v.frame == nil {
		return v.cur.Node()
	}
	fr := v.frame
	for fr.parent != nil {
		fr = fr.parent
	}
	return fr.call.Node()
}

// A parameter says which function declares it.
type parameter struct {
	fn    *types.Func // nil for function literals
	lit   inspector.Cursor
	index int // receiver for a receiver
}

const receiver = -1

func newFlow(pass *analysis.Pass, in *inspector.Inspector) *flow {
	info := pass.TypesInfo
	f := &flow{
		pkg:   pass.Pkg,
		info:  info,
		root:  in.Root(),
		uses:  make(map[types.Object][]inspector.Cursor),
		store: make(map[*types.Var][]value),
		deref: make(map[*types.Var][]value),
		decls: make(map[*types.Func]inspector.Cursor),
		param: make(map[*types.Var]parameter),
		frame: make(map[frameKey]*frame),
		work: work{
			traced: make(map[traceKey]*tracer),
			terms:  make(map[termKey]*Term),
			leaves: make(map[leafKey]bool),
			active: make(map[any]bool),
		},
	}
	f.fact = func(obj types.Object, fact analysis.Fact) bool {
		return obj != nil && obj.Pkg() != nil && obj.Pkg() != pass.Pkg && pass.ImportObjectFact(obj, fact)
	}
	for cur := range f.root.Preorder(
		(*ast.Ident)(nil), (*ast.AssignStmt)(nil), (*ast.ValueSpec)(nil), (*ast.RangeStmt)(nil),
		(*ast.CompositeLit)(nil), (*ast.FuncDecl)(nil), (*ast.FuncLit)(nil), (*ast.SendStmt)(nil),
		(*ast.TypeSwitchStmt)(nil),
	) {
		f.index(cur)
	}
	return f
}

// index collects what one node says.
func (f *flow) index(cur inspector.Cursor) {
	switch n := cur.Node().(type) {
	case *ast.Ident:
		if obj := f.info.Uses[n]; obj != nil {
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
	case *ast.RangeStmt:
		f.ranges(cur, n)
	case *ast.TypeSwitchStmt:
		f.typeSwitch(cur, n)
	case *ast.SendStmt:
		if v := f.variable(n.Chan); v != nil {
			f.stores(v, value{cur: cur.ChildAt(edge.SendStmt_Value, -1)})
		}
	case *ast.CompositeLit:
		for i := range n.Elts {
			elt := cur.ChildAt(edge.CompositeLit_Elts, i)
			if field, val := f.field(n, elt, i); field != nil {
				f.stores(field, value{cur: val})
			}
		}
	case *ast.FuncDecl:
		if fn, ok := f.info.Defs[n.Name].(*types.Func); ok && n.Body != nil {
			f.decls[fn] = cur
			f.params(fn.Signature(), parameter{fn: fn})
		}
	case *ast.FuncLit:
		if sig, ok := f.info.TypeOf(n).(*types.Signature); ok {
			f.params(sig, parameter{lit: cur})
		}
	}
}

func (f *flow) stores(v *types.Var, val value) { f.store[v] = append(f.store[v], val) }

func (f *flow) params(sig *types.Signature, p parameter) {
	for i := range sig.Params().Len() {
		p.index = i
		f.param[sig.Params().At(i)] = p
	}
	if recv := sig.Recv(); recv != nil {
		p.index = receiver
		f.param[recv] = p
	}
}

func (f *flow) assign(cur inspector.Cursor, lhs, rhs []ast.Expr, kind edge.Kind) {
	if len(rhs) == 0 {
		return
	}
	for i, l := range lhs {
		val := value{cur: cur.ChildAt(kind, 0), result: i}
		if len(lhs) == len(rhs) {
			val = value{cur: cur.ChildAt(kind, i)}
		}
		if star, ok := ast.Unparen(l).(*ast.StarExpr); ok {
			if v := f.variable(star.X); v != nil {
				f.deref[v] = append(f.deref[v], val)
			}
		} else if v := f.variable(l); v != nil {
			f.stores(v, val)
		}
	}
}

// ranges stores what a range statement yields.
func (f *flow) ranges(cur inspector.Cursor, n *ast.RangeStmt) {
	elem := n.Value
	switch types.Unalias(f.info.TypeOf(n.X)).Underlying().(type) {
	case *types.Chan:
		elem = n.Key
	case *types.Slice, *types.Array, *types.Map, *types.Pointer:
	default:
		return // numbers, strings and iterators
	}
	if elem == nil {
		return
	}
	if v := f.variable(elem); v != nil {
		f.stores(v, value{cur: cur.ChildAt(edge.RangeStmt_X, -1)})
	}
}

// typeSwitch stores x in the variables that each clause of switch v := x.(type)
// has for itself.
func (f *flow) typeSwitch(cur inspector.Cursor, n *ast.TypeSwitchStmt) {
	assign, ok := n.Assign.(*ast.AssignStmt)
	if !ok {
		return
	}
	x := cur.ChildAt(edge.TypeSwitchStmt_Assign, -1).ChildAt(edge.AssignStmt_Rhs, 0)
	for _, clause := range n.Body.List {
		if v, ok := f.info.Implicits[clause].(*types.Var); ok && len(assign.Rhs) == 1 {
			f.stores(v, value{cur: x})
		}
	}
}

// variable returns the variable or field that e names, or that holds what e
// names, or nil.
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
	case *ast.IndexExpr:
		return f.variable(e.X)
	}
	return nil
}

// field returns the struct field that element i of lit sets, if lit is a struct,
// and the value that it is set to.
func (f *flow) field(lit *ast.CompositeLit, elt inspector.Cursor, i int) (*types.Var, inspector.Cursor) {
	st := structOf(f.info.TypeOf(lit))
	if st == nil {
		return nil, elt
	}
	if kv, ok := elt.Node().(*ast.KeyValueExpr); ok {
		return f.variable(kv.Key), elt.ChildAt(edge.KeyValueExpr_Value, -1)
	}
	return st.Field(i).Origin(), elt
}

// structOf returns the struct that t is or points to, or nil.
func structOf(t types.Type) *types.Struct {
	if ptr, ok := t.Underlying().(*types.Pointer); ok {
		t = ptr.Elem() // &T, which literals of pointers elide
	}
	st, _ := t.Underlying().(*types.Struct)
	return st
}

// declarations returns the functions with a body, in the order of the files.
func (f *flow) declarations() []*types.Func {
	return slices.SortedFunc(maps.Keys(f.decls), func(a, b *types.Func) int { return cmp.Compare(a.Pos(), b.Pos()) })
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
		switch cur.ParentEdgeKind() {
		case edge.IndexExpr_X, edge.IndexListExpr_X:
			cur = cur.Parent() // an instance of a generic function
		}
		if cur.ParentEdgeKind() == edge.CallExpr_Fun {
			calls = append(calls, cur.Parent())
		} else {
			all = false
		}
	}
	return calls, all
}

// literalCalls returns the calls of the function literal at cur, and whether there
// can be no others: those of a variable that holds it.
func (f *flow) literalCalls(cur inspector.Cursor) (calls []inspector.Cursor, all bool) {
	kind, i := cur.ParentEdge()
	switch kind {
	case edge.CallExpr_Fun:
		return []inspector.Cursor{cur.Parent()}, true
	case edge.AssignStmt_Rhs:
		n := cur.Parent().Node().(*ast.AssignStmt)
		v := f.variable(n.Lhs[min(i, len(n.Lhs)-1)])
		if v == nil || v.IsField() {
			return nil, false
		}
		all = true
		for _, use := range f.uses[v] {
			switch use.ParentEdgeKind() {
			case edge.CallExpr_Fun:
				calls = append(calls, use.Parent())
			case edge.AssignStmt_Lhs:
			default:
				all = false
			}
		}
		return calls, all
	}
	return nil, false
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
