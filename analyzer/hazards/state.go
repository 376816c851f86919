package hazards

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"github.com/cofaas/cofaas/analyzer/internal/category"
	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
)

// write notes an assignment to e.
func (w *walker) write(e ast.Expr) {
	if id, ok := ast.Unparen(e).(*ast.Ident); ok {
		v, ok := w.info.ObjectOf(id).(*types.Var)
		if !ok {
			return // blank
		}
		if _, local := w.locals[v]; local {
			return // the variable, not what it refers to
		}
	}
	if slices.Contains(w.guards, types.ExprString(e)) {
		return // it was nil: each instance makes its own
	}
	if p, ok := w.place(e); ok {
		w.writes(p, e.Pos())
	}
}

// writes notes that the value at a place is written.
func (w *walker) writes(p Place, pos token.Pos) {
	if w.once > 0 || !w.byHand {
		return
	}
	if p.Param >= 0 {
		w.fn.Writes = append(w.fn.Writes, Write{Place: p, Where: w.where(pos), pos: pos})
		return
	}
	w.hazard(state(p), pos)
}

// state is the hazard of a variable, whose message the program completes.
func state(p Place) Hazard {
	what := "variable " + p.Var
	if p.Param >= 0 {
		what = "field " + p.Field
	}
	return Hazard{
		Category: category.SharedState,
		Message:  what + " is written by RPC handlers: each instance of the function has its own",
		InCall:   true, Pin: true, State: what,
	}
}

// builtin notes what the functions of the language write to.
func (w *walker) builtin(n *ast.CallExpr, callee *types.Builtin) {
	switch callee.Name() {
	case "delete", "clear", "copy":
		if p, ok := w.reference(n.Args[0]); ok {
			w.writes(p, n.Pos())
		}
	}
}

// passes notes the places to which a function is given references.
func (w *walker) passes(n *ast.CallExpr, callee *types.Func) {
	if w.once > 0 || !w.byHand {
		return
	}
	recv := callee.Signature().Recv()
	dynamic := recv != nil && types.IsInterface(recv.Type())
	if !dynamic && !w.summarized(callee.Pkg()) {
		return
	}
	add := func(param int, p Place, pos token.Pos) {
		pass := Pass{Callee: funcID(callee), Param: param, Place: p, Where: w.where(pos), pos: pos}
		if dynamic {
			pass.Callee, pass.Dynamic = methodKey(callee), true
		}
		w.fn.Passes = append(w.fn.Passes, pass)
	}
	if p, ok := w.receiver(n); ok {
		add(0, p, n.Pos())
	}
	for i, arg := range n.Args {
		if p, ok := w.reference(arg); ok && i < callee.Signature().Params().Len() {
			add(i+1, p, arg.Pos())
		}
	}
}

// receiver returns the place that the method which n calls has as its receiver, if it can write there.
func (w *walker) receiver(n *ast.CallExpr) (Place, bool) {
	fun, ok := ast.Unparen(n.Fun).(*ast.SelectorExpr)
	if !ok {
		return Place{}, false
	}
	sel, ok := w.info.Selections[fun]
	if !ok || sel.Kind() != types.MethodVal {
		return Place{}, false
	}
	if isReference(w.info.TypeOf(fun.X)) {
		return w.root(fun.X, embedded(sel), true)
	}
	if fn, ok := sel.Obj().(*types.Func); ok {
		if _, pointer := fn.Signature().Recv().Type().Underlying().(*types.Pointer); pointer {
			return w.root(fun.X, embedded(sel), false)
		}
	}
	return Place{}, false
}

// embedded returns the field through which a promoted method is selected, or "".
func embedded(sel *types.Selection) string {
	if len(sel.Index()) < 2 {
		return ""
	}
	t := sel.Recv()
	if ptr, ok := types.Unalias(t).(*types.Pointer); ok {
		t = ptr.Elem()
	}
	named, ok := types.Unalias(t).(*types.Named)
	if !ok {
		return ""
	}
	st, ok := named.Underlying().(*types.Struct)
	if !ok {
		return ""
	}
	return st.Field(sel.Index()[0]).Name() + " of " + named.Obj().Name()
}

// mutators are the functions of the standard library that write what their receiver or, without one, their first argument refers to.
// Locks, pools and random sources are not among them: that each instance has its own makes no difference.
var mutators = map[string][]string{
	"sync.Map":            {"Store", "LoadOrStore", "LoadAndDelete", "Delete", "Swap", "CompareAndSwap", "CompareAndDelete", "Clear"},
	"sync/atomic.Bool":    {"Store", "Swap", "CompareAndSwap"},
	"sync/atomic.Int32":   {"Add", "Store", "Swap", "CompareAndSwap", "And", "Or"},
	"sync/atomic.Int64":   {"Add", "Store", "Swap", "CompareAndSwap", "And", "Or"},
	"sync/atomic.Uint32":  {"Add", "Store", "Swap", "CompareAndSwap", "And", "Or"},
	"sync/atomic.Uint64":  {"Add", "Store", "Swap", "CompareAndSwap", "And", "Or"},
	"sync/atomic.Uintptr": {"Add", "Store", "Swap", "CompareAndSwap", "And", "Or"},
	"sync/atomic.Pointer": {"Store", "Swap", "CompareAndSwap"},
	"sync/atomic.Value":   {"Store", "Swap", "CompareAndSwap"},
	"sync/atomic.": {
		"AddInt32", "AddInt64", "AddUint32", "AddUint64", "AddUintptr",
		"StoreInt32", "StoreInt64", "StoreUint32", "StoreUint64", "StoreUintptr", "StorePointer",
		"SwapInt32", "SwapInt64", "SwapUint32", "SwapUint64", "SwapUintptr", "SwapPointer",
		"CompareAndSwapInt32", "CompareAndSwapInt64", "CompareAndSwapUint32", "CompareAndSwapUint64", "CompareAndSwapUintptr",
		"CompareAndSwapPointer", "AndInt32", "AndInt64", "AndUint32", "AndUint64", "OrInt32", "OrInt64", "OrUint32", "OrUint64",
	},
	"container/list.List": {"Init", "InsertAfter", "InsertBefore", "MoveAfter", "MoveBefore", "MoveToBack", "MoveToFront", "PushBack",
		"PushBackList", "PushFront", "PushFrontList", "Remove"},
	"container/heap.": {"Fix", "Init", "Pop", "Push", "Remove"},
	"bytes.Buffer":    {"ReadFrom", "Reset", "Truncate", "Write", "WriteByte", "WriteRune", "WriteString"},
	"strings.Builder": {"Reset", "Write", "WriteByte", "WriteRune", "WriteString"},
	"maps.":           {"Copy", "DeleteFunc", "Insert"},
}

// mutator notes what functions of the standard library write to.
func (w *walker) mutator(n *ast.CallExpr, callee *types.Func) {
	if callee.Pkg() == nil || !slices.Contains(mutators[callee.Pkg().Path()+"."+receiverName(callee)], callee.Name()) {
		return
	}
	var p Place
	var ok bool
	if callee.Signature().Recv() != nil {
		p, ok = w.receiver(n)
	} else if len(n.Args) > 0 {
		p, ok = w.reference(n.Args[0])
	}
	if ok {
		w.writes(p, n.Pos())
	}
}

// receiverName returns the name of the type of which fn is a method, or "".
func receiverName(fn *types.Func) string {
	if recv := fn.Signature().Recv(); recv != nil {
		if t := grpcpkg.TypeName(recv.Type()); t != nil {
			return t.Name()
		}
	}
	return ""
}
