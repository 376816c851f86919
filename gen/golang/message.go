package golang

import (
	"errors"
	"fmt"
	"go/types"
	"reflect"
	"strconv"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/internal/emit"
	"github.com/cofaas/cofaas/internal/model"
)

// messageType is the Go type that protoc-gen-go made for a message.
type messageType struct {
	ident emit.Ident
	// fields are the struct's fields, in the order of the model's.
	fields []fieldType
	// unknown says that the struct keeps unknown fields.
	unknown bool
}

type fieldType struct {
	name string
	// enum is the Go type of an enum field.
	enum emit.Ident
}

// goTypes finds the Go types of messages, starting from those of requests and replies.
type goTypes struct {
	messages map[*model.Message]*messageType
	errs     []error
}

// add records the Go type of m and of what it contains. Types that cannot be bound become errors, once each.
func (g *goTypes) add(m *model.Message, t types.Type) {
	if g.messages[m] != nil {
		return
	}
	refuse := func(format string, args ...any) {
		g.errs = append(g.errs, &model.Error{Pos: m.Pos, Subject: "message " + string(m.Name), Problem: fmt.Sprintf(format, args...)})
	}
	named, ok := types.Unalias(t).(*types.Named)
	if !ok {
		refuse("its Go type is %s, not a generated struct", t)
		return
	}
	ident := identOf(named.Obj())
	st, ok := named.Underlying().(*types.Struct)
	if !ok {
		refuse("its Go type %s is not a struct", named)
		return
	}
	mt := &messageType{ident: ident}
	g.messages[m] = mt
	byNumber, err := structFields(st)
	if err != nil {
		refuse("Go type %s: %v", named, err)
		return
	}
	for i := range st.NumFields() {
		f := st.Field(i)
		if f.Name() == "unknownFields" && types.Identical(f.Type().Underlying(), types.NewSlice(types.Typ[types.Byte])) {
			mt.unknown = true
		}
	}
	for _, f := range m.Fields {
		v := byNumber[f.Number]
		if v == nil {
			refuse("Go type %s has no field for %s = %d: the Go code and the .proto are of different age; run protoc again", named, f.Name, f.Number)
			return
		}
		ft := fieldType{name: v.Name()}
		elem := types.Unalias(v.Type())
		if f.Repeated {
			s, ok := elem.Underlying().(*types.Slice)
			if !ok {
				refuse("Go field %s.%s is %s, and the .proto says repeated; run protoc again", named, v.Name(), v.Type())
				return
			}
			elem = types.Unalias(s.Elem())
		}
		switch {
		case f.Message != nil:
			p, ok := elem.(*types.Pointer)
			if !ok {
				refuse("Go field %s.%s is %s, and the .proto says %s; run protoc again", named, v.Name(), v.Type(), f.Message.Name)
				return
			}
			g.add(f.Message, p.Elem())
		case f.Enum != nil:
			en, ok := elem.(*types.Named)
			if !ok {
				refuse("Go field %s.%s is %s, and the .proto says %s; run protoc again", named, v.Name(), v.Type(), f.Enum.Name)
				return
			}
			ft.enum = identOf(en.Obj())
		default:
			if want := goScalar(f.Kind); types.TypeString(elem, nil) != want {
				refuse("Go field %s.%s is %s, and the .proto says %s; run protoc again", named, v.Name(), v.Type(), f.Kind)
				return
			}
		}
		mt.fields = append(mt.fields, ft)
	}
}

func identOf(obj *types.TypeName) emit.Ident {
	return emit.Ident{ImportPath: obj.Pkg().Path(), Name: obj.Name(), Package: obj.Pkg().Name()}
}

// structFields finds the fields of a generated struct by their numbers, which its tags carry.
func structFields(st *types.Struct) (map[protoreflect.FieldNumber]*types.Var, error) {
	out := map[protoreflect.FieldNumber]*types.Var{}
	for i := range st.NumFields() {
		tag := reflect.StructTag(st.Tag(i)).Get("protobuf")
		if tag == "" {
			continue
		}
		if !st.Field(i).Exported() {
			return nil, errors.New("it was generated with the opaque API, which is not supported yet; generate it with the open API")
		}
		// As in "bytes,1,opt,name=name,proto3".
		parts := strings.SplitN(tag, ",", 3)
		if len(parts) < 2 {
			return nil, fmt.Errorf("field %s has the tag %q, which protoc-gen-go does not make", st.Field(i).Name(), tag)
		}
		n, err := strconv.ParseInt(parts[1], 10, 32)
		if err != nil {
			return nil, fmt.Errorf("field %s has the tag %q, which protoc-gen-go does not make", st.Field(i).Name(), tag)
		}
		out[protoreflect.FieldNumber(n)] = st.Field(i)
	}
	return out, nil
}

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
