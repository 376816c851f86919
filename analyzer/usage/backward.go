package usage

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
	"golang.org/x/tools/go/types/typeutil"

	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
)

// A query says where to stop looking for origins.
type query struct {
	// in is the function whose parameters are origins, since what is asked is in
	// terms of them. If it is nil, parameters are what all callers pass.
	in *types.Func
	// opaque says not to look into functions that are called.
	opaque bool
}

// maxLeaves bounds how many origins are told apart.
const maxLeaves = 64

// origins returns where v can come from: calls, literals and constants, and
// variables about which nothing more is known.
func (f *flow) origins(v value, q query) []value { return f.tracer(v, q).leaves }

// tracer returns the tracer that has traced v.
func (f *flow) tracer(v value, q query) *tracer {
	key := traceKey{v, q}
	if t := f.traced[key]; t != nil {
		return t
	}
	t := &tracer{flow: f, query: q, seen: make(map[value]bool)}
	f.once(key, func() { t.trace(v) }, func() { f.traced[key] = t })
	return t
}

type traceKey struct {
	value
	query
}

// A work keeps questions about values from being answered over and over, or
// without end.
type work struct {
	traced map[traceKey]*tracer
	terms  map[termKey]*Term
	leaves map[leafKey]bool // that are being evaluated, and whether they were met again
	active map[any]bool     // questions that are being answered
	cuts   int              // questions that depended on themselves
	// What was looked at and evaluated for the first of the active questions.
	steps, evaluated int
}

// maxSteps bounds how many values are looked at for one question. More than this
// is no program's way to name a target.
const maxSteps = 20000

// maxTerms bounds how many strings are evaluated for one question: in code that
// builds text in circles there can be any number of ways.
const maxTerms = 500

// once runs answer unless the same question is being answered already; then
// there is nothing to add. It runs keep if the answer is good for all who ask: it
// did not leave out anything that is being answered for somebody else.
func (w *work) once(key any, answer, keep func()) {
	if w.active[key] {
		w.cuts++
		return
	}
	if len(w.active) == 0 {
		w.steps = 0
	}
	w.active[key] = true
	before := w.cuts
	answer()
	delete(w.active, key)
	if w.cuts == before || len(w.active) == 0 {
		keep()
	}
}

type tracer struct {
	*flow
	query
	seen   map[value]bool
	leaves []value
	// several reports that the way led through a collection, so that there can be
	// as many values as leaves.
	several bool
}

func (t *tracer) leaf(v value) {
	if len(t.leaves) < maxLeaves {
		t.leaves = append(t.leaves, v)
	}
}

func (t *tracer) trace(v value) {
	if t.seen[v] || len(t.leaves) == maxLeaves {
		return
	}
	t.seen[v] = true
	if t.steps++; t.steps > maxSteps {
		t.leaf(v)
		return
	}
	if v.out > 0 {
		if !t.storedBy(v) {
			t.leaf(v)
		}
		return
	}
	if v.field != "" {
		t.leaf(v)
		return
	}
	cur := v.cur
	switch e := v.expr().(type) {
	case *ast.ParenExpr:
		t.trace(value{cur: cur.ChildAt(edge.ParenExpr_X, -1), result: v.result, frame: v.frame})
	case *ast.TypeAssertExpr:
		t.trace(v.at(cur.ChildAt(edge.TypeAssertExpr_X, -1)))
	case *ast.StarExpr:
		t.trace(v.at(cur.ChildAt(edge.StarExpr_X, -1)))
	case *ast.UnaryExpr:
		if e.Op == token.AND || e.Op == token.ARROW {
			t.trace(v.at(cur.ChildAt(edge.UnaryExpr_X, -1)))
		} else {
			t.leaf(v)
		}
	case *ast.IndexExpr:
		if isCollection(t.info.TypeOf(e.X)) {
			t.several = true
			t.trace(v.at(cur.ChildAt(edge.IndexExpr_X, -1)))
		} else {
			t.leaf(v)
		}
	case *ast.SliceExpr:
		if isCollection(t.info.TypeOf(e.X)) {
			t.trace(v.at(cur.ChildAt(edge.SliceExpr_X, -1)))
		} else {
			t.leaf(v)
		}
	case *ast.CompositeLit:
		if !isCollection(t.info.TypeOf(e)) {
			t.leaf(v)
			return
		}
		t.several = true
		for i, elt := range e.Elts {
			c := cur.ChildAt(edge.CompositeLit_Elts, i)
			if _, ok := elt.(*ast.KeyValueExpr); ok {
				c = c.ChildAt(edge.KeyValueExpr_Value, -1)
			}
			t.trace(v.at(c))
		}
	case *ast.Ident, *ast.SelectorExpr:
		if id, ok := e.(*ast.Ident); ok && t.info.Uses[id] == types.Universe.Lookup("nil") {
			return
		}
		if t.info.Types[e].Value != nil || !t.traceVariable(v) {
			t.leaf(v)
		}
	case *ast.CallExpr:
		t.traceCall(v, e)
	default:
		t.leaf(v)
	}
}

func (t *tracer) traceCall(v value, e *ast.CallExpr) {
	if t.info.Types[e.Fun].IsType() {
		t.trace(v.at(v.cur.ChildAt(edge.CallExpr_Args, 0)))
		return
	}
	if b, ok := typeutil.Callee(t.info, e).(*types.Builtin); ok {
		switch b.Name() {
		case "append":
			for i := range e.Args {
				t.trace(v.at(v.cur.ChildAt(edge.CallExpr_Args, i)))
			}
		case "make":
			// Empty.
		default:
			t.leaf(v)
		}
		return
	}
	if t.opaque || !t.results(v) {
		t.leaf(v)
	}
}

// isCollection reports whether t holds elements that are not told apart.
func isCollection(t types.Type) bool {
	if t == nil {
		return false
	}
	switch t := t.Underlying().(type) {
	case *types.Slice, *types.Array, *types.Map, *types.Chan:
		return true
	case *types.Pointer:
		_, ok := t.Elem().Underlying().(*types.Array)
		return ok
	}
	return false
}

// traceVariable traces what is stored in the variable that v names. It reports
// whether that is all there is to know.
func (t *tracer) traceVariable(v value) bool {
	obj := t.flow.variable(v.expr())
	if obj == nil {
		return false
	}
	if sel, ok := v.expr().(*ast.SelectorExpr); ok && obj.IsField() {
		if t.ofInstance(v, sel, obj) {
			return true
		}
	}
	if obj.Pkg() != t.pkg {
		for _, stored := range t.store[obj] {
			t.trace(stored)
		}
		return len(t.store[obj]) > 0 && !t.fact(obj, new(Holds))
	}
	// A field or a package-level variable is set wherever and whenever.
	frame := v.frame
	if obj.IsField() || obj.Parent() == t.pkg.Scope() {
		frame = nil
	}
	stores, all := t.reaching(obj, v.cur)
	known := false
	for _, stored := range stores {
		stored.frame = frame
		t.trace(stored)
		known = true
	}
	if !all {
		return true
	}
	for _, out := range t.outs(obj) {
		out.frame = frame
		t.trace(out)
		known = true
	}
	if p, ok := t.param[obj]; ok {
		return t.argument(p, v) || known
	}
	return known
}

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

// storedBy traces what the function that is called stores through its parameter,
// and reports whether that is known.
func (t *tracer) storedBy(v value) bool {
	called := t.called(value{cur: v.cur, frame: v.frame})
	known := false
	for _, fn := range called {
		b, ok := t.body(fn)
		if !ok || v.out > b.sig.Params().Len() {
			return false
		}
		param := b.sig.Params().At(v.out - 1)
		for _, stored := range slices.Concat(t.deref[param], t.passedOn(param)) {
			stored.frame = t.enter(v.cur, v.frame, b)
			t.trace(stored)
			known = true
		}
	}
	return known
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

// argument traces what is passed for p in the frame of v, or else by all
// callers. It reports whether that is known.
func (t *tracer) argument(p parameter, v value) bool {
	for fr := v.frame; fr != nil; fr = fr.parent {
		if p.fn != nil && fr.fn == p.fn || p.fn == nil && fr.fn == nil && fr.lit == p.lit {
			return t.arg(fr.call, p, fr.parent)
		}
	}
	if p.fn != nil && p.fn == t.in {
		return false
	}
	calls, all := []inspector.Cursor(nil), false
	in := (*frame)(nil)
	if p.fn != nil {
		calls, all = t.calls(p.fn)
	} else {
		// Its calls are where it can be seen, in the function that it is in.
		calls, all = t.literalCalls(p.lit)
		in = v.frame
	}
	if !all || len(calls) == 0 {
		return false
	}
	for _, call := range calls {
		if !t.arg(call, p, in) {
			return false
		}
	}
	return true
}

func (t *tracer) arg(call inspector.Cursor, p parameter, in *frame) bool {
	args, ok := t.args(call, p.index)
	for _, cur := range args {
		t.trace(value{cur: cur, frame: in})
	}
	return ok
}

// args returns the arguments of the call at cur for a parameter: several for a
// variadic one.
func (f *flow) args(cur inspector.Cursor, index int) ([]inspector.Cursor, bool) {
	call := cur.Node().(*ast.CallExpr)
	sig, ok := f.info.TypeOf(call.Fun).(*types.Signature)
	if !ok || !sig.Variadic() || index != sig.Params().Len()-1 || call.Ellipsis.IsValid() {
		arg, ok := f.argCursor(cur, index)
		if !ok {
			return nil, false
		}
		return []inspector.Cursor{arg}, true
	}
	var args []inspector.Cursor
	for i := index; i < len(call.Args); i++ {
		args = append(args, cur.ChildAt(edge.CallExpr_Args, i))
	}
	return args, true
}

// argCursor returns the argument of the call at cur for a parameter.
func (f *flow) argCursor(cur inspector.Cursor, index int) (inspector.Cursor, bool) {
	call := cur.Node().(*ast.CallExpr)
	if index == receiver {
		fun := cur.ChildAt(edge.CallExpr_Fun, -1)
		if _, ok := fun.Node().(*ast.SelectorExpr); !ok {
			return fun, false
		}
		return fun.ChildAt(edge.SelectorExpr_X, -1), true
	}
	if index >= len(call.Args) {
		return cur, false // f(g()), or no variadic arguments
	}
	if _, ok := f.info.TypeOf(call.Args[index]).(*types.Tuple); ok {
		return cur, false
	}
	return cur.ChildAt(edge.CallExpr_Args, index), true
}

// results traces what the functions that v calls return. It reports whether all
// of them are known.
func (t *tracer) results(v value) bool {
	type result struct {
		body
		values []value
	}
	var all []result
	for _, fn := range t.called(v) {
		b, ok := t.body(fn)
		if !ok {
			return false
		}
		all = append(all, result{b, b.returned(t.flow, v.result)})
	}
	n := 0
	for _, r := range all {
		for _, val := range r.values {
			val.frame = t.enter(v.cur, v.frame, r.body)
			t.trace(val)
			n++
		}
	}
	return n > 0
}

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
