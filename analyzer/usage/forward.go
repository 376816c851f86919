package usage

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
	"golang.org/x/tools/go/types/typeutil"
)

// A sink is where following a value ends.
type sink struct {
	kind sinkKind
	pos  token.Pos
	call *ast.CallExpr // for argument, and for method if it is called
	fn   *types.Func   // for method and argument; nil if not known
	arg  int           // for argument
	cur  inspector.Cursor
	why  string // for escape
}

type sinkKind int

const (
	escape   sinkKind = iota // the value can be anywhere
	method                   // a method of it is used
	argument                 // it is passed to a function without a body here
)

// sinks returns where v goes. follow says of an argument sink which result of
// the call is v again, as for a wrapper; it returns -1 for none.
func (f *flow) sinks(v value, follow func(sink) int) []sink {
	w := &walker{flow: f, follow: follow, seen: make(map[any]bool)}
	w.value(v.cur, v.result)
	return w.sinks
}

// sinksOf is like sinks for whatever a variable holds.
func (f *flow) sinksOf(v *types.Var, follow func(sink) int) []sink {
	w := &walker{flow: f, follow: follow, seen: make(map[any]bool)}
	w.variable(v, v.Pos())
	return w.sinks
}

type walker struct {
	*flow
	follow func(sink) int
	seen   map[any]bool
	sinks  []sink
}

func (w *walker) escape(pos token.Pos, why string) {
	w.sinks = append(w.sinks, sink{kind: escape, pos: pos, why: why})
}

// value follows the expression at cur, or one of its results if it is a call
// with several.
func (w *walker) value(cur inspector.Cursor, result int) {
	kind, index := cur.ParentEdge()
	parent := cur.Parent()
	pos := cur.Node().Pos()
	switch kind {
	case edge.ParenExpr_X:
		w.value(parent, result)
	case edge.TypeAssertExpr_X, edge.StarExpr_X, edge.SliceExpr_X, edge.IndexExpr_X:
		w.value(parent, 0)
	case edge.UnaryExpr_X:
		w.value(parent, 0) // its address, or what is received from it
	case edge.AssignStmt_Rhs:
		n := parent.Node().(*ast.AssignStmt)
		if parent.ParentEdgeKind() == edge.TypeSwitchStmt_Assign {
			w.typeSwitch(parent.Parent().Node().(*ast.TypeSwitchStmt))
			return
		}
		if len(n.Lhs) != len(n.Rhs) {
			index = result
		}
		w.assigned(n.Lhs[index])
	case edge.ValueSpec_Values:
		n := parent.Node().(*ast.ValueSpec)
		if len(n.Names) != len(n.Values) {
			index = result
		}
		w.assigned(n.Names[index])
	case edge.KeyValueExpr_Value:
		if lit, ok := parent.Parent().Node().(*ast.CompositeLit); ok {
			w.element(parent.Parent(), lit, parent, 0)
		}
	case edge.CompositeLit_Elts:
		w.element(parent, parent.Node().(*ast.CompositeLit), cur, index)
	case edge.CallExpr_Args:
		w.argument(parent, index, result)
	case edge.SelectorExpr_X:
		w.selector(parent)
	case edge.RangeStmt_X:
		w.ranged(parent.Node().(*ast.RangeStmt))
	case edge.SendStmt_Value:
		w.assigned(parent.Node().(*ast.SendStmt).Chan)
	case edge.ReturnStmt_Results:
		if len(parent.Node().(*ast.ReturnStmt).Results) == 1 {
			index = result
		}
		w.returned(parent, index)
	case edge.BinaryExpr_X, edge.BinaryExpr_Y, edge.ExprStmt_X, edge.IndexExpr_Index,
		edge.SendStmt_Chan, edge.RangeStmt_Key, edge.RangeStmt_Value:
		// Compared, dropped, or where something else is stored.
	default:
		w.escape(pos, "its use could not be followed")
	}
}

func (w *walker) assigned(lhs ast.Expr) {
	if id, ok := lhs.(*ast.Ident); ok && id.Name == "_" {
		return
	}
	v := w.flow.variable(lhs)
	if v == nil {
		w.escape(lhs.Pos(), "it is stored in a way that could not be followed")
		return
	}
	w.variable(v, lhs.Pos())
}

func (w *walker) typeSwitch(n *ast.TypeSwitchStmt) {
	for _, clause := range n.Body.List {
		if v, ok := w.info.Implicits[clause].(*types.Var); ok {
			w.variable(v, clause.Pos())
		}
	}
}

func (w *walker) ranged(n *ast.RangeStmt) {
	for _, x := range []ast.Expr{n.Key, n.Value} {
		if x == nil {
			continue
		}
		if v := w.flow.variable(x); v != nil && !isScalar(v.Type()) {
			w.variable(v, x.Pos())
		}
	}
}

// element follows what is an element of the literal lit, at litCur.
func (w *walker) element(litCur inspector.Cursor, lit *ast.CompositeLit, elt inspector.Cursor, i int) {
	field, _ := w.flow.field(lit, elt, i)
	if field == nil {
		w.value(litCur, 0) // a collection holds what is in it
		return
	}
	w.variable(field, elt.Node().Pos())
}

func (w *walker) variable(v *types.Var, pos token.Pos) {
	if w.seen[v] {
		return
	}
	w.seen[v] = true
	global := v.IsField() || v.Pkg() != nil && v.Parent() == v.Pkg().Scope()
	if v.Pkg() != w.pkg || global && v.Exported() && w.pkg.Name() != "main" {
		w.escape(pos, "other packages can use "+v.Name())
	}
	for _, use := range w.uses[v] {
		cur := use
		if cur.ParentEdgeKind() == edge.SelectorExpr_Sel {
			cur = cur.Parent()
		}
		switch cur.ParentEdgeKind() {
		case edge.AssignStmt_Lhs, edge.KeyValueExpr_Key:
			// A store.
		default:
			w.value(cur, 0)
		}
	}
}

func (w *walker) argument(callCur inspector.Cursor, index, result int) {
	call := callCur.Node().(*ast.CallExpr)
	if w.info.Types[call.Fun].IsType() {
		w.value(callCur, 0) // a conversion
		return
	}
	if b, ok := typeutil.Callee(w.info, call).(*types.Builtin); ok {
		if b.Name() == "append" {
			w.value(callCur, 0)
		}
		return // the others do not keep it
	}
	if len(call.Args) == 1 && result > 0 {
		index = result // f(g()), where g has several results
	}
	callees := w.called(value{cur: callCur})
	if len(callees) == 0 {
		callees = []callee{{}}
	}
	for _, c := range callees {
		w.passed(callCur, call, c, index)
	}
}

// passed follows argument index of the call to what c does with it.
func (w *walker) passed(callCur inspector.Cursor, call *ast.CallExpr, c callee, index int) {
	if b, ok := w.body(c); ok {
		if n := b.sig.Params().Len(); b.sig.Variadic() && index >= n {
			index = n - 1
		}
		w.variable(b.sig.Params().At(index), call.Pos())
		return
	}
	s := sink{kind: argument, pos: call.Pos(), call: call, fn: c.fn, arg: index, cur: callCur}
	if s.fn == nil {
		s.fn = calleeFunc(w.info, call) // of an interface
	}
	if r := w.follow(s); r >= 0 {
		if !w.seen[call] {
			w.seen[call] = true
			w.value(callCur, r)
		}
		return
	}
	w.sinks = append(w.sinks, s)
}

func (w *walker) selector(cur inspector.Cursor) {
	n := cur.Node().(*ast.SelectorExpr)
	fn, ok := w.info.Uses[n.Sel].(*types.Func)
	if !ok {
		return // a field of it; the value itself goes nowhere
	}
	s := sink{kind: method, pos: n.Sel.Pos(), fn: fn, cur: cur}
	if cur.ParentEdgeKind() == edge.CallExpr_Fun {
		s.call = cur.Parent().Node().(*ast.CallExpr)
	}
	w.sinks = append(w.sinks, s)
}

func (w *walker) returned(ret inspector.Cursor, index int) {
	fnCur, ok := enclosing(ret)
	if !ok || w.seen[fnCur] {
		return
	}
	w.seen[fnCur] = true
	if decl, ok := fnCur.Node().(*ast.FuncDecl); ok {
		fn, _ := w.info.Defs[decl.Name].(*types.Func)
		calls, all := w.calls(fn)
		if !all {
			w.escape(ret.Node().Pos(), fn.Name()+" returns it")
		}
		for _, call := range calls {
			w.value(call, index)
		}
		return
	}
	calls, all := w.literalCalls(fnCur)
	if !all {
		w.escape(ret.Node().Pos(), "a function literal returns it")
	}
	for _, call := range calls {
		w.value(call, index)
	}
}
