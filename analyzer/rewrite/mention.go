package rewrite

import (
	"go/types"

	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
)

// exchanged reports whether to use obj is to exchange a type of gRPC with the
// package of obj: its type mentions one.
//
// Of other named types only the name counts, not what they consist of: a client
// library's Client or Option hides its gRPC. There are two exceptions. Of a type
// that is itself named the exported fields are in reach, and the methods of an
// interface. And a type that implements an interface of gRPC, as a stats.Handler
// does, is made to be given to gRPC.
func exchanged(obj types.Object) bool {
	switch obj := obj.(type) {
	case *types.PkgName:
		return false
	case *types.TypeName:
		switch t := types.Unalias(obj.Type()).(type) {
		case *types.Named:
			if grpcpkg.Is(path(t.Obj())) {
				return true // an alias
			}
			return mentions(t.Underlying()) || implements(t)
		default:
			return mentions(t)
		}
	case *types.Func:
		sig := obj.Signature()
		if mentions(sig.Params()) || mentions(sig.Results()) {
			return true
		}
		for v := range sig.Results().Variables() {
			if implements(v.Type()) {
				return true
			}
		}
		return false
	}
	return mentions(obj.Type()) || implements(obj.Type())
}

// implements reports whether t, or what it points to, is a named type that
// implements an interface of gRPC in which a type of gRPC occurs. An interface of
// other types, such as credentials.PerRPCCredentials, is the same for every gRPC.
func implements(t types.Type) bool {
	if ptr, ok := types.Unalias(t).(*types.Pointer); ok {
		t = ptr.Elem()
	}
	named, ok := types.Unalias(t).(*types.Named)
	if !ok || types.IsInterface(named) || named.Obj().Pkg() == nil || !anyMethodMentions(named) {
		return false
	}
	for _, imp := range named.Obj().Pkg().Imports() {
		if !grpcpkg.Is(imp.Path()) {
			continue
		}
		scope := imp.Scope()
		for _, name := range scope.Names() {
			obj, ok := scope.Lookup(name).(*types.TypeName)
			if !ok || !obj.Exported() {
				continue
			}
			iface, ok := obj.Type().Underlying().(*types.Interface)
			if ok && mentions(iface) && types.Implements(types.NewPointer(named), iface) {
				return true
			}
		}
	}
	return false
}

func anyMethodMentions(named *types.Named) bool {
	for m := range types.NewMethodSet(types.NewPointer(named)).Methods() {
		if m.Obj().Exported() && mentions(m.Type()) {
			return true
		}
	}
	return false
}

func path(obj *types.TypeName) string {
	if obj.Pkg() == nil {
		return ""
	}
	return obj.Pkg().Path()
}

// mentions reports whether a type of gRPC occurs in t.
func mentions(t types.Type) bool {
	return walkNamed(t, func(n *types.Named) bool { return grpcpkg.Is(path(n.Obj())) })
}

// walkNamed calls found for the named types that occur in t, until it returns
// true, and reports whether it did. It does not look into named types, so it
// ends.
func walkNamed(t types.Type, found func(*types.Named) bool) bool {
	walk := func(t types.Type) bool { return walkNamed(t, found) }
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		if found(t) {
			return true
		}
		for arg := range t.TypeArgs().Types() {
			if walk(arg) {
				return true
			}
		}
	case *types.Pointer:
		return walk(t.Elem())
	case *types.Slice:
		return walk(t.Elem())
	case *types.Array:
		return walk(t.Elem())
	case *types.Chan:
		return walk(t.Elem())
	case *types.Map:
		return walk(t.Key()) || walk(t.Elem())
	case *types.Signature:
		return walk(t.Params()) || walk(t.Results())
	case *types.Tuple:
		for v := range t.Variables() {
			if walk(v.Type()) {
				return true
			}
		}
	case *types.Struct:
		for f := range t.Fields() {
			if f.Exported() && walk(f.Type()) {
				return true
			}
		}
	case *types.Interface:
		for m := range t.ExplicitMethods() {
			if m.Exported() && walk(m.Type()) {
				return true
			}
		}
		for e := range t.EmbeddedTypes() {
			if walk(e) {
				return true
			}
		}
	}
	return false
}

// carries reports whether obj is a function that takes or returns an error or a
// context: the ways in which values of gRPC travel unseen.
func carries(obj types.Object) bool {
	fn, ok := obj.(*types.Func)
	if !ok {
		return false
	}
	sig := fn.Signature()
	for _, tuple := range []*types.Tuple{sig.Params(), sig.Results()} {
		for v := range tuple.Variables() {
			t := types.Unalias(v.Type())
			if t == types.Universe.Lookup("error").Type() || grpcpkg.IsType(t, "context", "Context") {
				return true
			}
		}
	}
	return false
}
