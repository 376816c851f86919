package hazards

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
)

// A walker summarizes one function.
type walker struct {
	*collector
	fn     *Func
	body   ast.Node
	params map[*types.Var]int
	byHand bool
	locals map[*types.Var]Place // local variables that refer to a place
	// addresses are the local variables that hold an address as a number.
	addresses map[*types.Var]bool
	once      int      // depth of calls of sync.Once
	guards    []string // what is nil here
}

func (c *collector) newWalker(f *Func, node ast.Node, params map[*types.Var]int, byHand bool) *walker {
	return &walker{
		collector: c, fn: f, body: node, params: params, byHand: byHand,
		locals: make(map[*types.Var]Place), addresses: make(map[*types.Var]bool),
	}
}

func (w *walker) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.FuncLit:
		sig, ok := w.info.TypeOf(n).(*types.Signature)
		if !ok || n == w.body || !isInterceptor(sig) {
			return true
		}
		w.interceptor(n, sig)
		return false
	case *ast.IfStmt:
		return w.ifStmt(n)
	case *ast.Ident:
		w.mention(n)
	case *ast.CallExpr:
		return w.call(n)
	case *ast.AssignStmt:
		w.assign(n)
	case *ast.RangeStmt:
		w.rangeStmt(n)
	case *ast.IncDecStmt:
		w.write(n.X)
	case *ast.GoStmt:
		w.goroutine(n)
	case *ast.ForStmt:
		w.busyWait(n)
	case *ast.CompositeLit:
		w.message(n)
	}
	return true
}

// interceptor gives a literal that gRPC calls a summary of its own.
func (w *walker) interceptor(lit *ast.FuncLit, sig *types.Signature) {
	w.literals++
	f := &Func{ID: fmt.Sprintf("%s$%d", w.fn.ID, w.literals), Handler: true}
	w.pkg.Funcs = append(w.pkg.Funcs, f)
	w.fn.Calls = append(w.fn.Calls, f.ID)
	ast.Inspect(lit.Body, w.newWalker(f, lit, params(sig), w.byHand).visit)
}

// ifStmt knows what is nil in the body of an if.
func (w *walker) ifStmt(n *ast.IfStmt) bool {
	cond, ok := ast.Unparen(n.Cond).(*ast.BinaryExpr)
	if !ok || cond.Op != token.EQL || !w.info.Types[cond.Y].IsNil() {
		return true
	}
	if n.Init != nil {
		ast.Inspect(n.Init, w.visit)
	}
	ast.Inspect(n.Cond, w.visit)
	w.guards = append(w.guards, types.ExprString(cond.X))
	ast.Inspect(n.Body, w.visit)
	w.guards = w.guards[:len(w.guards)-1]
	if n.Else != nil {
		ast.Inspect(n.Else, w.visit)
	}
	return false
}

// mention adds the function or type that is named. A function that is named may be called by whoever gets it.
func (w *walker) mention(id *ast.Ident) {
	switch obj := w.info.Uses[id].(type) {
	case *types.Func:
		w.standard(id, obj)
		if recv := obj.Signature().Recv(); recv != nil && types.IsInterface(recv.Type()) {
			w.fn.Dynamic = append(w.fn.Dynamic, methodKey(obj))
			return
		}
		if !w.summarized(obj.Pkg()) {
			return
		}
		if w.once > 0 {
			w.fn.Once = append(w.fn.Once, funcID(obj))
		} else {
			w.fn.Calls = append(w.fn.Calls, funcID(obj))
		}
	case *types.TypeName:
		if t := w.named(obj.Type()); t != "" {
			w.fn.Makes = append(w.fn.Makes, t)
		}
	}
}

func (w *walker) call(n *ast.CallExpr) bool {
	callee := typeutil.Callee(w.info, n)
	if isOnce(callee) {
		ast.Inspect(n.Fun, w.visit)
		w.once++
		for _, arg := range n.Args {
			ast.Inspect(arg, w.visit)
		}
		w.once--
		return false
	}
	switch callee := callee.(type) {
	case *types.Builtin:
		w.builtin(n, callee)
	case *types.Func:
		w.registration(n, callee)
		w.handover(n, callee)
		w.passes(n, callee)
		w.mutator(n, callee)
		w.finalizer(n, callee)
		w.zone(n, callee)
	}
	return true
}

// isOnce reports whether what callee is given runs once.
func isOnce(callee types.Object) bool {
	if grpcpkg.IsFunc(callee, "sync", "OnceFunc", "OnceValue", "OnceValues") {
		return true
	}
	fn, ok := callee.(*types.Func)
	return ok && fn.Name() == "Do" && fn.Signature().Recv() != nil && grpcpkg.IsType(fn.Signature().Recv().Type(), "sync", "Once")
}

// registration adds the methods of what is registered as a service.
func (w *walker) registration(n *ast.CallExpr, callee *types.Func) {
	sig := callee.Signature()
	registers := grpcpkg.ParamIndex(sig, grpcpkg.IsRegistrar) >= 0 ||
		callee.Name() == "RegisterService" && sig.Recv() != nil && grpcpkg.IsRegistrar(sig.Recv().Type())
	if !registers {
		return
	}
	for i, arg := range n.Args {
		if i >= sig.Params().Len() || sig.Variadic() && i == sig.Params().Len()-1 {
			break
		}
		param, ok := sig.Params().At(i).Type().Underlying().(*types.Interface)
		if !ok || grpcpkg.IsRegistrar(sig.Params().At(i).Type()) {
			continue
		}
		w.served(param, w.info.TypeOf(arg))
	}
}

// served adds the methods of t, an implementation that is given as param: all that are exported if that says nothing.
func (w *walker) served(param *types.Interface, t types.Type) {
	if iface, ok := t.Underlying().(*types.Interface); ok {
		for m := range iface.Methods() {
			w.fn.Served = append(w.fn.Served, methodKey(m))
		}
		return
	}
	for sel := range types.NewMethodSet(t).Methods() {
		fn, ok := sel.Obj().(*types.Func)
		if !ok || !fn.Exported() || !w.summarized(fn.Pkg()) {
			continue
		}
		if obj, _, _ := types.LookupFieldOrMethod(param, false, fn.Pkg(), fn.Name()); obj != nil || param.NumMethods() == 0 {
			w.fn.Handlers = append(w.fn.Handlers, funcID(fn))
		}
	}
}

// handover adds the functions that gRPC is given, such as handlers of an option.
func (w *walker) handover(n *ast.CallExpr, callee *types.Func) {
	if callee.Pkg() == nil || !grpcpkg.Is(callee.Pkg().Path()) {
		return
	}
	for _, arg := range n.Args {
		var id *ast.Ident
		switch arg := ast.Unparen(arg).(type) {
		case *ast.Ident:
			id = arg
		case *ast.SelectorExpr:
			id = arg.Sel
		default:
			continue
		}
		if fn, ok := w.info.Uses[id].(*types.Func); ok && w.summarized(fn.Pkg()) {
			w.fn.Handlers = append(w.fn.Handlers, funcID(fn))
		}
	}
}

// hazard adds what is found at a place in code that is written by hand.
func (w *walker) hazard(h Hazard, pos token.Pos) {
	if !w.byHand {
		return
	}
	h.Where, h.pos = w.where(pos), pos
	w.fn.Hazards = append(w.fn.Hazards, h)
}
