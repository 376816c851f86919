package rewrite

import (
	"go/types"

	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
)

// exchanged reports whether to use obj is to exchange a type of gRPC with the
// package of obj: its type mentions one.
//
// Of other named types only the name counts, not what they consist of: a client
// library's Client or Option hides its gRPC. The exception is a type that is
// itself named: then its exported fields and methods are in reach.
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
			return mentions(t.Underlying())
		default:
			return mentions(t)
		}
	case *types.Func:
		sig := obj.Signature()
		return mentions(sig.Params()) || mentions(sig.Results())
	}
	return mentions(obj.Type())
}

func path(obj *types.TypeName) string {
	if obj.Pkg() == nil {
		return ""
	}
	return obj.Pkg().Path()
}

// mentions reports whether a type of gRPC occurs in t. It does not look into
// named types, so it ends.
func mentions(t types.Type) bool {
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		if grpcpkg.Is(path(t.Obj())) {
			return true
		}
		for arg := range t.TypeArgs().Types() {
			if mentions(arg) {
				return true
			}
		}
	case *types.Pointer:
		return mentions(t.Elem())
	case *types.Slice:
		return mentions(t.Elem())
	case *types.Array:
		return mentions(t.Elem())
	case *types.Chan:
		return mentions(t.Elem())
	case *types.Map:
		return mentions(t.Key()) || mentions(t.Elem())
	case *types.Signature:
		return mentions(t.Params()) || mentions(t.Results())
	case *types.Tuple:
		for v := range t.Variables() {
			if mentions(v.Type()) {
				return true
			}
		}
	case *types.Struct:
		for f := range t.Fields() {
			if f.Exported() && mentions(f.Type()) {
				return true
			}
		}
	case *types.Interface:
		for m := range t.ExplicitMethods() {
			if m.Exported() && mentions(m.Type()) {
				return true
			}
		}
		for e := range t.EmbeddedTypes() {
			if mentions(e) {
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
