package usage

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ast/edge"

	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
)

// term returns what is known of the string or number that v is, in terms of the
// parameters of in, or of nothing if in is nil. Of a connection it is the target
// that was dialled.
func (f *flow) term(v value, in *types.Func) *Term {
	e := &evaluator{flow: f, in: in}
	return e.term(v)
}

type evaluator struct {
	*flow
	in *types.Func
}

type termKey struct {
	value
	in *types.Func
}

type leafKey termKey

func (e *evaluator) term(v value) *Term {
	if v.out == 0 {
		if t := e.constant(v.expr()); t != nil {
			return t
		}
	}
	key := termKey{v, e.in}
	if t := e.terms[key]; t != nil {
		return t
	}
	if e.evaluated++; len(e.active) == 0 {
		e.evaluated = 0
	} else if e.evaluated > maxTerms {
		return unknownTerm("a computed value")
	}
	t := unknownTerm("a value that depends on itself")
	e.once(key, func() { t = e.evaluate(v) }, func() { e.terms[key] = t })
	return t
}

func (e *evaluator) evaluate(v value) *Term {
	t := e.tracer(v, query{in: e.in})
	if len(t.leaves) == 0 {
		return unknownTerm("a variable that is never set")
	}
	var terms, updates []*Term
	for _, leaf := range t.leaves {
		term, update := e.guarded(leaf)
		switch {
		case update:
			updates = append(updates, term)
		case term != nil:
			terms = append(terms, term)
		}
	}
	if len(updates) > 0 {
		// Of port = ":" + port, what it was before is not what is used.
		terms = updates
	}
	if len(terms) == 0 {
		return unknownTerm("a value that depends on itself")
	}
	if t.several || !isScalar(e.info.TypeOf(v.expr())) {
		return alternatives(terms...)
	}
	return either(terms...)
}

// guarded returns what is known of a leaf, and whether it depends on itself; nil if
// that is being evaluated.
func (e *evaluator) guarded(leaf value) (t *Term, update bool) {
	switch leaf.expr().(type) {
	case *ast.BinaryExpr, *ast.CallExpr:
	default:
		return e.leaf(leaf), false
	}
	key := leafKey{leaf, e.in}
	if _, ok := e.leaves[key]; ok {
		e.leaves[key] = true
		e.cuts++
		return nil, false
	}
	e.leaves[key] = false
	t = e.leaf(leaf)
	update = e.leaves[key]
	delete(e.leaves, key)
	return t, update
}

// constant returns the term of a constant expression, or nil.
func (f *flow) constant(x ast.Expr) *Term {
	v := f.info.Types[x].Value
	if v == nil {
		return nil
	}
	switch v.Kind() {
	case constant.String:
		return constTerm(constant.StringVal(v))
	case constant.Int:
		return constTerm(v.ExactString())
	}
	return nil
}

// leaf returns what is known of a string that could not be traced further.
func (e *evaluator) leaf(v value) *Term {
	if v.out > 0 {
		return e.stored(v)
	}
	if p, ok := e.parameterOf(v); ok && p.fn != nil && p.fn == e.in {
		obj := e.variable(v.expr())
		return &Term{Op: OpParam, Param: p.index, Field: v.field, Text: "parameter " + obj.Name() + " of " + p.fn.Name()}
	}
	if t := e.constant(v.expr()); t != nil {
		return t
	}
	switch x := v.expr().(type) {
	case *ast.BinaryExpr:
		if x.Op == token.ADD && isString(e.info.TypeOf(x)) {
			return concat(e.term(v.at(v.cur.ChildAt(edge.BinaryExpr_X, -1))), e.term(v.at(v.cur.ChildAt(edge.BinaryExpr_Y, -1))))
		}
	case *ast.CallExpr:
		if i, ok := e.dialled(x); ok {
			return e.term(value{cur: v.cur.ChildAt(edge.CallExpr_Args, i), frame: v.frame})
		}
		return e.call(v, x)
	case *ast.CompositeLit:
		return e.wrapped(v, x)
	case *ast.SelectorExpr:
		if t := e.tagged(x); t != nil {
			return t
		}
		return e.held(x)
	case *ast.Ident:
		return e.held(x)
	}
	return unknownTerm("a computed value")
}

func isString(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsString != 0
}

// held returns what is known of a variable that nothing here is stored in.
func (e *evaluator) held(x ast.Expr) *Term {
	obj := e.variable(x)
	if obj == nil {
		return unknownTerm("a computed value")
	}
	var fact Holds
	if e.fact(obj, &fact) {
		return fact.Term
	}
	if obj.IsField() {
		return unknownTerm("field " + obj.Name())
	}
	if p, ok := e.param[obj]; ok && p.fn != nil {
		return unknownTerm("parameter " + obj.Name() + " of " + p.fn.Name())
	}
	return unknownTerm("variable " + obj.Name())
}

// call returns what is known of the result of a call of another package.
func (e *evaluator) call(v value, call *ast.CallExpr) *Term {
	fn := e.calledFunc(v)
	if fn == nil {
		return unknownTerm("the result of a call")
	}
	if t := e.library(v, fn, call); t != nil {
		return t
	}
	var fact Returns
	if e.fact(fn.Origin(), &fact) {
		if t := fact.Results[v.result]; t != nil {
			return e.instantiate(t, value{cur: v.cur, frame: v.frame})
		}
	}
	return unknownTerm("the result of " + qualified(fn))
}

// stored returns what a call of another package stores through a pointer.
func (e *evaluator) stored(v value) *Term {
	call := v.cur.Node().(*ast.CallExpr)
	fn := calleeFunc(e.info, call)
	if fn == nil {
		return unknownTerm("what a call stores")
	}
	if t := e.settingVar(v, fn); t != nil {
		return t
	}
	var fact Stores
	if e.fact(fn.Origin(), &fact) {
		if t := fact.Params[v.out-1]; t != nil {
			return e.instantiate(t, value{cur: v.cur, frame: v.frame})
		}
	}
	return unknownTerm("what " + qualified(fn) + " stores")
}

// instantiate returns t, of the function that is called, in terms of the
// arguments of the call.
func (e *evaluator) instantiate(t *Term, call value) *Term {
	return t.substitute(func(p *Term) *Term {
		args, ok := e.args(call.cur, p.Param)
		if !ok || len(args) == 0 {
			return unknownTerm(p.Value().Source)
		}
		var terms []*Term
		for _, cur := range args {
			if p.Field != "" {
				terms = append(terms, e.fieldTerm(call.at(cur), p.Field))
			} else {
				terms = append(terms, e.term(call.at(cur)))
			}
		}
		return alternatives(terms...)
	})
}

// fieldTerm returns what is known of the string field of that name of what base
// is or points to.
func (e *evaluator) fieldTerm(base value, name string) *Term {
	elems, params := e.fieldOf(base, name, query{in: e.in})
	var terms []*Term
	for _, v := range elems {
		terms = append(terms, e.term(v))
	}
	for _, v := range params {
		terms = append(terms, e.leaf(v))
	}
	obj, _, _ := types.LookupFieldOrMethod(e.info.TypeOf(base.expr()), true, e.pkg, name)
	field, _ := obj.(*types.Var)
	if field != nil {
		for _, stored := range e.assignedTo(base, field.Origin()) {
			terms = append(terms, e.term(stored))
		}
		if len(terms) == 0 {
			for _, stored := range e.store[field.Origin()] {
				terms = append(terms, e.term(stored))
			}
		}
		for _, out := range e.outs(field.Origin()) {
			terms = append(terms, e.leaf(out))
		}
	}
	if len(terms) > 0 {
		return either(terms...)
	}
	var fact Holds
	if field != nil && e.fact(field.Origin(), &fact) {
		return fact.Term
	}
	if field != nil {
		if t := tagTerm(e.pkg, structOf(e.info.TypeOf(base.expr())), field); t != nil {
			return t
		}
	}
	return unknownTerm("field " + name)
}

// wrapped returns the term of a connection that is a field of the literal lit, or
// of the address that lit is.
func (e *evaluator) wrapped(v value, lit *ast.CompositeLit) *Term {
	if t := e.literalAddress(v, lit); t != nil {
		return t
	}
	for i := range lit.Elts {
		field, val := e.field(lit, v.cur.ChildAt(edge.CompositeLit_Elts, i), i)
		if field != nil && grpcpkg.IsConn(field.Type()) {
			return e.term(v.at(val))
		}
	}
	return unknownTerm("a computed value")
}

// dialled returns the argument of call, a dial, that is the target.
func (f *flow) dialled(call *ast.CallExpr) (int, bool) {
	fn := calleeFunc(f.info, call)
	if fn == nil || fn.Signature().Recv() != nil {
		return 0, false
	}
	index := -1
	switch {
	case grpcpkg.IsFunc(fn, grpcpkg.Path, "Dial", "NewClient"):
		index = 0
	case grpcpkg.IsFunc(fn, grpcpkg.Path, "DialContext"):
		index = 1
	}
	return index, index >= 0 && index < len(call.Args)
}

// isFunc reports whether fn is the function or method of that name of the package
// at path.
func isFunc(fn *types.Func, path, name string) bool {
	return fn.Name() == name && fn.Pkg() != nil && fn.Pkg().Path() == path
}

// qualified returns fn as source would call it: pkg.Func or T.Method.
func qualified(fn *types.Func) string {
	if recv := fn.Signature().Recv(); recv != nil {
		t := recv.Type()
		if ptr, ok := types.Unalias(t).(*types.Pointer); ok {
			t = ptr.Elem()
		}
		if named, ok := types.Unalias(t).(*types.Named); ok {
			t = named.Origin()
			if named.TypeParams().Len() > 0 {
				return named.Obj().Pkg().Name() + "." + named.Obj().Name() + "." + fn.Name()
			}
		}
		return types.TypeString(t, (*types.Package).Name) + "." + fn.Name()
	}
	if fn.Pkg() == nil {
		return fn.Name()
	}
	return fn.Pkg().Name() + "." + fn.Name()
}
