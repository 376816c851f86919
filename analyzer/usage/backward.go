package usage

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
	"golang.org/x/tools/go/types/typeutil"
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
