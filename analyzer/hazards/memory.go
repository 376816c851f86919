package hazards

import (
	"go/ast"
	"go/types"

	"github.com/cofaas/cofaas/analyzer/internal/category"
	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
)

// finalizer notes finalizers of messages that a function is given. Requests of a guest come in slabs, of which only the first begins an
// allocation, and the runtime ends a program that sets a finalizer in the middle of one.
func (w *walker) finalizer(n *ast.CallExpr, callee *types.Func) {
	if !grpcpkg.IsFunc(callee, "runtime", "SetFinalizer") || len(n.Args) != 2 || !isMessage(w.info.TypeOf(n.Args[0])) {
		return
	}
	if p, ok := w.reference(n.Args[0]); !ok || p.Param <= 0 || p.Field != "" {
		return
	}
	w.hazard(Hazard{
		Category: category.Finalizer,
		Message:  "runtime.SetFinalizer on a request ends a guest, where requests share an allocation: use runtime.AddCleanup",
	}, n.Pos())
}

// isMessage reports whether t is a pointer to a message of protobuf.
func isMessage(t types.Type) bool {
	ptr, ok := types.Unalias(t).(*types.Pointer)
	if !ok {
		return false
	}
	named, ok := types.Unalias(ptr.Elem()).(*types.Named)
	if !ok {
		return false
	}
	for _, name := range []string{"ProtoReflect", "ProtoMessage"} {
		if obj, _, _ := types.LookupFieldOrMethod(ptr, false, named.Obj().Pkg(), name); obj != nil {
			return true
		}
	}
	return false
}

// isAddress reports whether e is uintptr(unsafe.Pointer(x)), perhaps as another kind of integer.
func (w *walker) isAddress(e ast.Expr) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.CallExpr:
		if !w.info.Types[e.Fun].IsType() || len(e.Args) != 1 {
			return false
		}
		from, to := w.info.TypeOf(e.Args[0]), w.info.TypeOf(e)
		if isBasic(to, types.Uintptr) && isBasic(from, types.UnsafePointer) {
			return true
		}
		basic, ok := to.Underlying().(*types.Basic)
		return ok && basic.Info()&types.IsInteger != 0 && w.isAddress(e.Args[0])
	case *ast.BinaryExpr:
		return w.isAddress(e.X) || w.isAddress(e.Y)
	case *ast.Ident:
		v, ok := w.info.ObjectOf(e).(*types.Var)
		return ok && w.addresses[v]
	}
	return false
}

func isBasic(t types.Type, kind types.BasicKind) bool {
	basic, ok := t.Underlying().(*types.Basic)
	return ok && basic.Kind() == kind
}

// message notes addresses among the fields of a message that is made.
func (w *walker) message(lit *ast.CompositeLit) {
	if !isMessage(types.NewPointer(w.info.TypeOf(lit))) {
		return
	}
	for _, elt := range lit.Elts {
		if kv, ok := elt.(*ast.KeyValueExpr); ok {
			w.stored(kv.Value)
		}
	}
}

// field notes an address that is assigned to a field of a message, and variables that hold one.
func (w *walker) field(lhs, rhs ast.Expr) {
	switch lhs := ast.Unparen(lhs).(type) {
	case *ast.SelectorExpr:
		t := w.info.TypeOf(lhs.X)
		if t == nil {
			return // of a package
		}
		if _, ok := types.Unalias(t).(*types.Pointer); !ok {
			t = types.NewPointer(t)
		}
		if isMessage(t) {
			w.stored(rhs)
		}
	case *ast.Ident:
		if v, ok := w.info.ObjectOf(lhs).(*types.Var); ok && w.isAddress(rhs) {
			w.addresses[v] = true
		}
	}
}

func (w *walker) stored(e ast.Expr) {
	if w.isAddress(e) {
		w.hazard(Hazard{
			Category: category.UnsafePointer,
			Message:  "an address in a message means nothing to whoever gets it: each instance has a memory of its own",
		}, e.Pos())
	}
}
