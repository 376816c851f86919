package golang

import (
	"go/constant"
	"go/types"
	"strconv"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/internal/model"
)

// opaque returns the function that binds fields of a struct whose fields are hidden, by its methods. Their names follow from those in
// the .proto; that they are there, and what types they have, is checked.
func (g *goTypes) opaque(m *model.Message, mt *messageType, named *types.Named, fields *taggedFields) func(*model.Field) (*fieldType, error) {
	names, oneofs := accessors(m)
	for o, name := range oneofs {
		mt.oneofs[o] = name
	}
	cases := map[*model.Oneof]map[protoreflect.FieldNumber]bool{}
	for o, name := range oneofs {
		cases[o] = caseNumbers(named, "Which"+name)
	}
	return func(f *model.Field) (*fieldType, error) {
		known := fields.byNumber[f.Number] != nil
		if f.Oneof != nil {
			known = cases[f.Oneof][f.Number]
		}
		name := names[f]
		get := method(named, "Get"+name)
		if !known || get == nil || get.Signature().Results().Len() != 1 {
			return nil, missing(named, f)
		}
		needed := []string{"Set"}
		if f.Presence || f.Message != nil && !f.Repeated && !f.IsMap() {
			needed = append(needed, "Has")
		}
		for _, prefix := range needed {
			if !hasMethod(named, prefix+name) {
				return nil, problemf("Go type %s has no method %s%s for %s = %d: the Go code and the .proto are of different age; run protoc again", named, prefix, name, f.Name, f.Number)
			}
		}
		t := get.Signature().Results().At(0).Type()
		if f.Presence && f.Kind != protoreflect.BytesKind {
			t = types.NewPointer(t) // as in a struct
		}
		ft := &fieldType{name: name}
		return ft, g.check(ft, named, name, f, t)
	}
}

// caseNumbers are the numbers of the fields that a method Which of the opaque API tells apart. They are constants of the type that
// it returns.
func caseNumbers(named *types.Named, which string) map[protoreflect.FieldNumber]bool {
	fn := method(named, which)
	if fn == nil || fn.Signature().Results().Len() != 1 {
		return nil
	}
	t := fn.Signature().Results().At(0).Type()
	out := map[protoreflect.FieldNumber]bool{}
	scope := named.Obj().Pkg().Scope()
	for _, name := range scope.Names() {
		if c, ok := scope.Lookup(name).(*types.Const); ok && types.Identical(c.Type(), t) {
			if n, exact := constant.Int64Val(c.Val()); exact {
				out[protoreflect.FieldNumber(n)] = true
			}
		}
	}
	return out
}

// accessors are the names to which the opaque API adds Get, Set, Has and Which: by protoc-gen-go's rule those of the .proto in
// camel case, unless two fields have the same one, or it is that of a builder's method.
func accessors(m *model.Message) (map[*model.Field]string, map[*model.Oneof]string) {
	fields, oneofs := map[*model.Field]string{}, map[*model.Oneof]string{}
	for _, f := range m.Fields {
		fields[f] = goCamel(f.Name)
		if fields[f] == "Build" {
			fields[f] = "Build_"
		}
		if f.Oneof != nil {
			oneofs[f.Oneof] = goCamel(f.Oneof.Name)
		}
	}
	number := func(f *model.Field) {
		suffix := "_" + strconv.Itoa(int(f.Number))
		fields[f] += suffix
		if f.Oneof != nil {
			oneofs[f.Oneof] += suffix
		}
	}
	taken := map[string]*model.Field{}
	for _, f := range m.Fields {
		name := fields[f]
		if other := taken[name]; other != nil {
			number(other)
			number(f)
			continue
		}
		taken[name] = f
	}
	return fields, oneofs
}

// goCamel is protoc-gen-go's camel case: words start after underscores and digits, and keep those that no lower case letter follows.
func goCamel(name protoreflect.Name) string {
	var b strings.Builder
	upper := true
	for i := range len(name) {
		c := name[i]
		lower := i+1 < len(name) && 'a' <= name[i+1] && name[i+1] <= 'z'
		switch {
		case c == '_' && i == 0:
			b.WriteByte('X')
			upper = true
		case c == '_' && lower:
			upper = true
		case 'a' <= c && c <= 'z' && upper:
			b.WriteByte(c - 'a' + 'A')
			upper = false
		default:
			b.WriteByte(c)
			// A letter in upper case starts a word, and a digit or an underscore is one.
			upper = c == '_' || '0' <= c && c <= '9'
		}
	}
	return b.String()
}
