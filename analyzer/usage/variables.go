package usage

import (
	"go/ast"
	"go/types"
	"reflect"
	"strings"

	"golang.org/x/tools/go/ast/inspector"

	"github.com/cofaas/cofaas/analyzer/internal/drivers"
)

// variables completes p, the need of the call at cur, which fills a struct from
// environment variables.
func (c *collector) variables(cur inspector.Cursor, e *drivers.Entry, p *Pattern, in *types.Func) {
	call := cur.Node().(*ast.CallExpr)
	t := c.TypesInfo.TypeOf(call)
	if e.Arg >= 0 {
		if e.Arg >= len(call.Args) {
			p.Target = unknownTerm("an argument that is not known")
			return
		}
		t = c.TypesInfo.TypeOf(call.Args[e.Arg])
	} else if tuple, ok := t.(*types.Tuple); ok && tuple.Len() > 0 {
		t = tuple.At(0).Type()
	}
	if e.Form == drivers.UntaggedTags {
		p.Second = c.flow.term(value{cur: c.at(call.Args[e.Second-1])}, nil)
	}
	c.variablesOf(p, t, in)
}

// variablesOf sets what p needs for a struct of type t, which may be a type
// parameter of in.
func (c *collector) variablesOf(p *Pattern, t types.Type, in *types.Func) {
	p.Target, p.TypeParam = unknownTerm("what the tags of a struct name"), 0
	if t == nil {
		return
	}
	if ptr, ok := types.Unalias(t).(*types.Pointer); ok {
		t = ptr.Elem()
	}
	if param, ok := types.Unalias(t).(*types.TypeParam); ok {
		if in != nil {
			for i := range in.Signature().TypeParams().Len() {
				if in.Signature().TypeParams().At(i) == param {
					p.TypeParam = i + 1
				}
			}
		}
		return
	}
	prefix := ""
	if p.Second != nil && p.Second.Op == OpConst && p.Second.Text != "" {
		prefix = strings.ToUpper(p.Second.Text) + "_"
	}
	var names []*Term
	untagged := drivers.At(p.Entry).Form == drivers.UntaggedTags
	c.tagNames(t, prefix, untagged, make(map[*types.Struct]bool), func(name string) { names = append(names, constTerm(name)) })
	if len(names) > 0 {
		p.Target = alternatives(names...)
	}
}

// typeArgument returns the type argument of the call at cur of a generic
// function, or nil.
func (c *collector) typeArgument(cur inspector.Cursor, i int) types.Type {
	fun := ast.Unparen(cur.Node().(*ast.CallExpr).Fun)
	switch x := fun.(type) {
	case *ast.IndexExpr:
		fun = x.X
	case *ast.IndexListExpr:
		fun = x.X
	}
	id, _ := fun.(*ast.Ident)
	if sel, ok := fun.(*ast.SelectorExpr); ok {
		id = sel.Sel
	}
	if id == nil {
		return nil
	}
	args := c.TypesInfo.Instances[id].TypeArgs
	if i >= args.Len() {
		return nil
	}
	return args.At(i)
}

// tagNames calls add for the variables that the fields of t name, and those of
// structs in it.
func (c *collector) tagNames(t types.Type, prefix string, untagged bool, seen map[*types.Struct]bool, add func(string)) {
	st := structOf(t)
	if st == nil || seen[st] {
		return
	}
	seen[st] = true
	defer delete(seen, st) // it may be there again, with another prefix
	for i := range st.NumFields() {
		field, tag := st.Field(i), reflect.StructTag(st.Tag(i))
		if !field.Exported() && !field.Embedded() {
			continue
		}
		name, options := "", ""
		for _, key := range []string{"env", "envconfig"} {
			if text, ok := tag.Lookup(key); ok {
				name, options, _ = strings.Cut(text, ",")
			}
		}
		if inner := structOf(field.Type()); inner != nil && (name == "" || strings.HasPrefix(options, "prefix=")) {
			own := tag.Get("envPrefix") + tag.Get("env-prefix")
			if p, ok := strings.CutPrefix(options, "prefix="); ok {
				own = p
			}
			if untagged && !field.Embedded() {
				own = strings.ToUpper(field.Name()) + "_"
			}
			c.tagNames(field.Type(), prefix+own, untagged, seen, add)
			continue
		}
		if name == "" && untagged {
			name = strings.ToUpper(field.Name())
		}
		if name != "" && name != "-" {
			add(prefix + name)
		}
	}
}
