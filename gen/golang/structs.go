package golang

import (
	"errors"
	"fmt"
	"go/types"
	"reflect"
	"strconv"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// taggedFields are the fields of a generated struct that stand for something of the message.
type taggedFields struct {
	byNumber map[protoreflect.FieldNumber]*taggedField
	oneofs   map[protoreflect.Name]*types.Var
	opaque   bool
}

type taggedField struct {
	*types.Var
	// option is one of gogo/protobuf that changes the Go type.
	option string
}

// structFields finds the fields of a generated struct by what their tags carry.
func structFields(st *types.Struct) (*taggedFields, error) {
	out := &taggedFields{byNumber: map[protoreflect.FieldNumber]*taggedField{}, oneofs: map[protoreflect.Name]*types.Var{}}
	for i := range st.NumFields() {
		f, tag := st.Field(i), reflect.StructTag(st.Tag(i))
		if oneof := tag.Get("protobuf_oneof"); oneof != "" {
			out.oneofs[protoreflect.Name(oneof)] = f
		} else if proto := tag.Get("protobuf"); proto != "" {
			// As in "bytes,1,opt,name=name,proto3".
			parts := strings.Split(proto, ",")
			if len(parts) < 2 {
				return nil, badTag(f, proto)
			}
			n, err := strconv.ParseInt(parts[1], 10, 32)
			if err != nil {
				return nil, badTag(f, proto)
			}
			out.byNumber[protoreflect.FieldNumber(n)] = &taggedField{f, gogoOption(parts[2:])}
		} else {
			continue
		}
		if !f.Exported() {
			if !strings.HasPrefix(f.Name(), "xxx_hidden_") {
				return nil, fmt.Errorf("field %s is not exported, and protoc-gen-go does not make such; generate it with the open API", f.Name())
			}
			out.opaque = true
		}
	}
	return out, nil
}

func badTag(f *types.Var, tag string) error {
	return fmt.Errorf("field %s has the tag %q, which protoc-gen-go does not make", f.Name(), tag)
}

// gogoOption returns the first option in a tag that makes gogo/protobuf choose another type.
func gogoOption(parts []string) string {
	for _, p := range parts {
		switch key, _, _ := strings.Cut(p, "="); key {
		case "customtype", "casttype", "castkey", "castvalue", "stdtime", "stdduration", "wktptr":
			return key
		case "def": // The rest is a default value, whatever is in it.
			return ""
		}
	}
	return ""
}

var errWrapper = errors.New("its oneof is not an interface, as protoc-gen-go makes it")

// scopes finds the wrappers of oneofs.
type scopes map[*types.Package]map[string]map[protoreflect.FieldNumber]wrapper

type wrapper struct {
	named *types.Named
	field *taggedField
}

// wrapper returns the struct that holds the field of a number in a oneof of type t, and its only field; none if there is none.
func (s *scopes) wrapper(t types.Type, n protoreflect.FieldNumber) (*types.Named, *taggedField, error) {
	named, ok := types.Unalias(t).(*types.Named)
	if !ok {
		return nil, nil, errWrapper
	}
	iface, ok := named.Underlying().(*types.Interface)
	if !ok || iface.NumMethods() == 0 {
		return nil, nil, errWrapper
	}
	pkg := named.Obj().Pkg()
	if *s == nil {
		*s = scopes{}
	}
	if (*s)[pkg] == nil {
		(*s)[pkg] = wrappers(pkg)
	}
	// The interface has one method, which marks its wrappers; gogo/protobuf adds more.
	for m := range iface.Methods() {
		if w, ok := (*s)[pkg][m.Name()][n]; ok {
			return w.named, w.field, nil
		}
	}
	return nil, nil, nil
}

// wrappers finds all structs with one field that is tagged, by the name of an unexported method and the number of the field.
func wrappers(pkg *types.Package) map[string]map[protoreflect.FieldNumber]wrapper {
	out := map[string]map[protoreflect.FieldNumber]wrapper{}
	for _, name := range pkg.Scope().Names() {
		obj, ok := pkg.Scope().Lookup(name).(*types.TypeName)
		if !ok || obj.IsAlias() {
			continue
		}
		named, ok := obj.Type().(*types.Named)
		if !ok {
			continue
		}
		st, ok := named.Underlying().(*types.Struct)
		if !ok || st.NumFields() != 1 {
			continue
		}
		fields, err := structFields(st)
		if err != nil {
			continue // It is not a wrapper; a message is reported where it is used.
		}
		for m := range named.Methods() {
			if m.Exported() {
				continue
			}
			if out[m.Name()] == nil {
				out[m.Name()] = map[protoreflect.FieldNumber]wrapper{}
			}
			for n, f := range fields.byNumber {
				out[m.Name()][n] = wrapper{named, f}
			}
		}
	}
	return out
}
