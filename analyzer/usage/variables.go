package usage

import (
	"go/ast"
	"go/types"
	"reflect"
	"strings"

	"golang.org/x/tools/go/ast/inspector"

	"github.com/cofaas/cofaas/analyzer/internal/drivers"
)

// variables returns the names of the environment variables that the call at cur
// fills a struct from.
func (c *collector) variables(cur inspector.Cursor, e *drivers.Entry) *Term {
	call := cur.Node().(*ast.CallExpr)
	t := c.TypesInfo.TypeOf(call)
	prefix := ""
	if e.Arg >= 0 {
		if e.Arg >= len(call.Args) {
			return unknownTerm("an argument that is not known")
		}
		t = c.TypesInfo.TypeOf(call.Args[e.Arg])
	} else if tuple, ok := t.(*types.Tuple); ok && tuple.Len() > 0 {
		t = tuple.At(0).Type()
	}
	if e.Form == drivers.UntaggedTags {
		if p := c.flow.term(value{cur: c.at(call.Args[e.Second-1])}, nil); p.Op == OpConst && p.Text != "" {
			prefix = strings.ToUpper(p.Text) + "_"
		}
	}
	var names []*Term
	c.tagNames(t, prefix, e.Form == drivers.UntaggedTags, make(map[*types.Struct]bool), func(name string) { names = append(names, constTerm(name)) })
	if len(names) == 0 {
		return unknownTerm("what the tags of a struct name")
	}
	return alternatives(names...)
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
