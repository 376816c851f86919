package golang

import (
	"fmt"
	"go/types"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/internal/emit"
	"github.com/cofaas/cofaas/internal/model"
)

// messageType is the Go type that was generated for a message.
type messageType struct {
	ident emit.Ident
	// opaque says that fields are reached through methods only: protoc-gen-go's opaque API.
	opaque bool
	// legacy says that the type is a message of APIv1, which has no ProtoReflect method.
	legacy bool
	// unknown is the field of the struct that keeps unknown fields, empty if there is none.
	unknown string
	fields  map[*model.Field]*fieldType
	// oneofs are the names of oneofs: of the struct's field, or of the method that says which field is set.
	oneofs map[*model.Oneof]string
}

// fieldType is how a field is reached in Go.
type fieldType struct {
	// name is that of the struct's field, which for members of oneofs is a field of wrapper. In the opaque API it is the name to
	// which methods add Get, Set and Has.
	name    string
	wrapper emit.Ident
	// elem is the Go type of the field's enum or message, or of a map's values.
	elem emit.Ident
	// legacy is that of elem's type.
	legacy bool
}

// goTypes finds the Go types of messages, starting from those of requests and replies.
type goTypes struct {
	messages map[*model.Message]*messageType
	scopes   scopes
	errs     []error
}

// add records the Go type of m and of what it contains. Types that cannot be bound become errors, once each.
func (g *goTypes) add(m *model.Message, t types.Type) {
	if g.messages[m] != nil {
		return
	}
	if err := g.message(m, t); err != nil {
		g.errs = append(g.errs, &model.Error{Pos: m.Pos, Subject: "message " + string(m.Name), Problem: err.Error()})
	}
}

// problem says why a Go type cannot be bound: it is the text of a [model.Error].
type problem string

func (p problem) Error() string { return string(p) }

func problemf(format string, args ...any) error { return problem(fmt.Sprintf(format, args...)) }

// message is add for a type that is new. Its error is a problem of the message.
func (g *goTypes) message(m *model.Message, t types.Type) error {
	named, ok := types.Unalias(t).(*types.Named)
	if !ok {
		return problemf("its Go type is %s, not a generated struct", t)
	}
	st, ok := named.Underlying().(*types.Struct)
	if !ok {
		return problemf("its Go type %s is not a struct", named)
	}
	mt := &messageType{
		ident: identOf(named.Obj()), legacy: !hasMethod(named, "ProtoReflect"),
		fields: map[*model.Field]*fieldType{}, oneofs: map[*model.Oneof]string{},
	}
	g.messages[m] = mt
	fields, err := structFields(st)
	if err != nil {
		return problemf("Go type %s: %v", named, err)
	}
	mt.opaque = fields.opaque
	for f := range st.Fields() {
		if (f.Name() == "unknownFields" || f.Name() == "XXX_unrecognized") && isBytes(f.Type()) {
			mt.unknown = f.Name()
		}
	}
	var bind func(*model.Field) (*fieldType, error)
	if mt.opaque {
		bind = g.opaque(m, mt, named, fields)
	} else {
		bind = g.open(mt, named, fields)
	}
	for _, f := range m.Fields {
		ft, err := bind(f)
		if err != nil {
			return err
		}
		mt.fields[f] = ft
	}
	return nil
}

// open returns the function that binds fields of a struct whose fields are exported, as they are in the open and the hybrid API.
func (g *goTypes) open(mt *messageType, named *types.Named, fields *taggedFields) func(*model.Field) (*fieldType, error) {
	return func(f *model.Field) (*fieldType, error) {
		if f.Oneof != nil {
			return g.wrapped(mt, named, fields, f)
		}
		v := fields.byNumber[f.Number]
		if v == nil {
			return nil, missing(named, f)
		}
		if o := v.option; o != "" {
			return nil, gogo(named, v.Name(), o)
		}
		ft := &fieldType{name: v.Name()}
		return ft, g.check(ft, named, v.Name(), f, v.Type())
	}
}

// wrapped binds a field of a oneof, which has a struct of its own.
func (g *goTypes) wrapped(mt *messageType, named *types.Named, fields *taggedFields, f *model.Field) (*fieldType, error) {
	holder := fields.oneofs[f.Oneof.Name]
	if holder == nil {
		return nil, missing(named, f)
	}
	mt.oneofs[f.Oneof] = holder.Name()
	wrapper, v, err := g.scopes.wrapper(holder.Type(), f.Number)
	if err != nil {
		return nil, problemf("Go type %s: %v", named, err)
	}
	if v == nil {
		return nil, missing(named, f)
	}
	if o := v.option; o != "" {
		return nil, gogo(wrapper, v.Name(), o)
	}
	ft := &fieldType{name: v.Name(), wrapper: identOf(wrapper.Obj())}
	return ft, g.check(ft, wrapper, v.Name(), f, v.Type())
}

// check compares a Go type with what the .proto says, and records in ft what is known of it. Messages that fields refer to are
// added.
func (g *goTypes) check(ft *fieldType, owner *types.Named, name string, f *model.Field, t types.Type) error {
	full := t
	differs := func(says string) error {
		remedy := "run protoc again"
		if usesGogo(owner) {
			remedy += ", without options of gogoproto that change types"
		}
		return problemf("Go field %s.%s is %s, and the .proto says %s; %s", owner, name, full, says, remedy)
	}
	switch {
	case f.IsMap():
		m, ok := t.Underlying().(*types.Map)
		if !ok {
			return differs("a map")
		}
		if says := g.elem(new(fieldType), f.Key, m.Key()); says != "" {
			return differs("a map with keys of " + says)
		}
		if isStruct(m.Elem()) && f.Value.Message != nil {
			return gogo(owner, name, "nullable")
		}
		if says := g.elem(ft, f.Value, m.Elem()); says != "" {
			return differs("a map with values of " + says)
		}
		return nil
	case f.Repeated:
		s, ok := t.Underlying().(*types.Slice)
		if !ok {
			return differs("repeated")
		}
		t = s.Elem()
	case f.Presence && f.Kind != protoreflect.BytesKind:
		p, ok := types.Unalias(t).(*types.Pointer)
		if !ok {
			return differs(fmt.Sprintf("%s with presence", f.Kind))
		}
		t = p.Elem()
	}
	if isStruct(t) && f.Message != nil {
		return gogo(owner, name, "nullable")
	}
	if says := g.elem(ft, f, t); says != "" {
		return differs(says)
	}
	return nil
}

// elem checks the Go type of a single value. It returns what the .proto says if that is another type.
func (g *goTypes) elem(ft *fieldType, f *model.Field, t types.Type) (says string) {
	t = types.Unalias(t)
	switch {
	case f.Message != nil:
		p, ok := t.(*types.Pointer)
		if !ok {
			return string(f.Message.Name)
		}
		named, ok := types.Unalias(p.Elem()).(*types.Named)
		if !ok {
			return string(f.Message.Name)
		}
		ft.elem, ft.legacy = identOf(named.Obj()), !hasMethod(named, "ProtoReflect")
		if !f.Cut {
			g.add(f.Message, named)
		}
	case f.Enum != nil:
		named, ok := t.(*types.Named)
		if !ok || !types.Identical(named.Underlying(), types.Typ[types.Int32]) {
			return string(f.Enum.Name)
		}
		ft.elem = identOf(named.Obj())
	case types.TypeString(t, nil) != goScalar(f.Kind):
		return f.Kind.String()
	}
	return ""
}

func missing(named *types.Named, f *model.Field) error {
	return problemf("Go type %s has no field for %s = %d: the Go code and the .proto are of different age; run protoc again", named, f.Name, f.Number)
}

// gogo refuses what gogo/protobuf makes of a field with one of its options.
func gogo(owner *types.Named, name, option string) error {
	return problemf("Go field %s.%s was generated by gogo/protobuf with (gogoproto.%s), for which there are no bindings; drop the option, or generate the package with protoc-gen-go",
		owner, name, option)
}

// usesGogo reports whether the package of a type was generated by gogo/protobuf.
func usesGogo(named *types.Named) bool {
	return slices.ContainsFunc(named.Obj().Pkg().Imports(), func(p *types.Package) bool {
		return strings.HasPrefix(p.Path(), "github.com/gogo/protobuf/")
	})
}

func identOf(obj *types.TypeName) emit.Ident {
	return emit.Ident{ImportPath: obj.Pkg().Path(), Name: obj.Name(), Package: obj.Pkg().Name()}
}

func isBytes(t types.Type) bool {
	return types.Identical(t.Underlying(), types.NewSlice(types.Typ[types.Byte]))
}

func isStruct(t types.Type) bool {
	_, ok := t.Underlying().(*types.Struct)
	return ok
}

// method returns a method of *named, or nil.
func method(named *types.Named, name string) *types.Func {
	obj, _, _ := types.LookupFieldOrMethod(types.NewPointer(named), false, nil, name)
	fn, _ := obj.(*types.Func)
	return fn
}

func hasMethod(named *types.Named, name string) bool { return method(named, name) != nil }

// goScalar is the Go type that protoc-gen-go gives to a scalar kind.
func goScalar(k protoreflect.Kind) string {
	switch k {
	case protoreflect.BoolKind:
		return "bool"
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return "int32"
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return "uint32"
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return "int64"
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return "uint64"
	case protoreflect.FloatKind:
		return "float32"
	case protoreflect.DoubleKind:
		return "float64"
	case protoreflect.BytesKind:
		return "[]byte"
	default:
		return k.String()
	}
}
