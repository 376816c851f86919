package usage

import (
	"go/ast"
	"go/types"
	"reflect"
	"strings"
)

// tagged returns what the tag of the field that sel selects says of it, or nil.
func (e *evaluator) tagged(sel *ast.SelectorExpr) *Term {
	s := e.info.Selections[sel]
	field, ok := e.info.Uses[sel.Sel].(*types.Var)
	if s == nil || !ok {
		return nil
	}
	t := s.Recv()
	for _, i := range s.Index() {
		st := structOf(t)
		if st == nil {
			return nil
		}
		if st.Field(i) == field {
			return tagTerm(e.pkg, st, field)
		}
		t = st.Field(i).Type()
	}
	return nil
}

// tagTerm returns the environment variable that a tag of the field of st names,
// in the ways of the libraries that fill structs from the environment, or nil.
// Where the package pkg has such structs in fields, these may add a prefix.
func tagTerm(pkg *types.Package, st *types.Struct, field *types.Var) *Term {
	i := fieldIndex(st, field)
	if i < 0 {
		return nil
	}
	tag := reflect.StructTag(st.Tag(i))
	for _, key := range []string{"envconfig", "env"} {
		name, options, _ := strings.Cut(tag.Get(key), ",")
		if name == "" || name == "-" {
			continue
		}
		prefixes := prefixesOf(pkg, st)
		var terms []*Term
		for _, prefix := range prefixes {
			terms = append(terms, setting(envKind, constTerm(prefix+name), tagDefault(tag, options)))
		}
		return either(terms...)
	}
	return nil
}

func fieldIndex(st *types.Struct, field *types.Var) int {
	if st == nil {
		return -1
	}
	for i := range st.NumFields() {
		if st.Field(i).Origin() == field.Origin() {
			return i
		}
	}
	return -1
}

// prefixesOf returns the prefixes that variables of the struct inner have by the
// fields of package-level structs of pkg that are of its type.
func prefixesOf(pkg *types.Package, inner *types.Struct) []string {
	var prefixes []string
	for _, name := range pkg.Scope().Names() {
		obj, ok := pkg.Scope().Lookup(name).(*types.TypeName)
		if !ok {
			continue
		}
		outer := structOf(obj.Type())
		if outer == nil {
			continue
		}
		for i := range outer.NumFields() {
			if structOf(outer.Field(i).Type()) != inner {
				continue
			}
			tag := reflect.StructTag(outer.Tag(i))
			own := tag.Get("envPrefix") + tag.Get("env-prefix")
			if _, options, _ := strings.Cut(tag.Get("env"), ","); strings.HasPrefix(options, "prefix=") {
				own = strings.TrimPrefix(options, "prefix=")
			}
			for _, prefix := range prefixesOf(pkg, outer) {
				prefixes = append(prefixes, prefix+own)
			}
		}
	}
	if len(prefixes) == 0 {
		return []string{""}
	}
	return prefixes
}

// tagDefault returns the default that a tag gives, or nil.
func tagDefault(tag reflect.StructTag, options string) *Term {
	for _, key := range []string{"envDefault", "env-default", "default"} {
		if def, ok := tag.Lookup(key); ok {
			return constTerm(def)
		}
	}
	for option := range strings.SplitSeq(options, ",") {
		if def, ok := strings.CutPrefix(option, "default="); ok {
			return constTerm(def)
		}
	}
	return nil
}
