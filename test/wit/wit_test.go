// Package wit holds the printed WIT to its reference implementation: wasm-tools parses it, and the layouts that follow from it
// are those that the generator and the host compute.
package wit

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.bytecodealliance.org/wit"
	"golang.org/x/tools/txtar"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/internal/abi"
	"github.com/cofaas/cofaas/internal/mapping"
	"github.com/cofaas/cofaas/internal/model"
	"github.com/cofaas/cofaas/internal/protoload"
)

func TestGoldens(t *testing.T) {
	files, err := filepath.Glob("../../gen/wit/testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no goldens", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var text []byte
			for _, f := range ar.Files {
				if f.Name == "want.wit" {
					text = f.Data
				}
			}
			res, err := wit.DecodeWIT(bytes.NewReader(text))
			if err != nil {
				t.Fatalf("not valid WIT: %v", err)
			}
			c := checker{t: t, interfaces: map[string]*wit.Interface{}}
			for _, i := range res.Interfaces {
				if i.Name != nil {
					c.interfaces[strings.ReplaceAll(i.Package.Name.String(), "%", "")+"/"+*i.Name] = i
				}
			}
			c.model(load(t, ar))
		})
	}
}

// load builds the model of all services of an archive.
func load(t *testing.T, ar *txtar.Archive) *model.Model {
	fsys, err := txtar.FS(ar)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range ar.Files {
		if strings.HasSuffix(f.Name, ".proto") {
			names = append(names, f.Name)
		}
	}
	files, err := protoload.Load(t.Context(), protoload.Options{FS: fsys}, names...)
	if err != nil {
		t.Fatal(err)
	}
	var descs []protoreflect.ServiceDescriptor
	for _, name := range names {
		fd, err := files.FindFileByPath(name)
		if err != nil {
			t.Fatal(err)
		}
		for i := range fd.Services().Len() {
			descs = append(descs, fd.Services().Get(i))
		}
	}
	m, err := model.Build(descs, model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

type checker struct {
	t          *testing.T
	interfaces map[string]*wit.Interface
	layouts    mapping.Layouts
	methods    int
}

// model compares every method of a model with the function that the ABI's names lead to.
func (c *checker) model(m *model.Model) {
	for _, f := range m.Files {
		for _, s := range f.Services {
			iface := c.interfaces[mapping.Interface(s)]
			if iface == nil && len(s.Methods) > 0 {
				c.t.Errorf("service %s: no interface %s", s.Name, mapping.Interface(s))
				continue
			}
			for _, method := range s.Methods {
				c.method(iface, method)
			}
		}
	}
	if c.methods == 0 {
		c.t.Error("nothing was compared")
	}
}

func (c *checker) method(iface *wit.Interface, m *model.Method) {
	fn := iface.Functions.Get(mapping.Function(m))
	if fn == nil {
		c.t.Errorf("rpc %s: interface %s has no function %s", m.FullMethod(), mapping.Interface(m.Service), mapping.Function(m))
		return
	}
	c.methods++
	lm := c.layouts.Method(m)
	if len(fn.Params) != 1 || len(fn.Results) != 1 {
		c.t.Fatalf("%s: %d parameters, %d results", m.FullMethod(), len(fn.Params), len(fn.Results))
	}
	c.same(m.FullMethod()+" request", fn.Params[0].Type, lm.Func.Param)
	c.same(m.FullMethod()+" result", fn.Results[0].Type, lm.Func.Result)

	// The core signatures, of both sides: an address of the result is returned by exports, and passed to imports.
	want := lm.Func.Params()
	core := fn.CoreFunction(wit.Exported)
	if got := coreTypes(c.t, core.Params); !slices.Equal(got, want) || len(coreTypes(c.t, core.Results)) != 1 {
		c.t.Errorf("%s: the export is func%v, want func%v with one result", m.FullMethod(), got, want)
	}
	core = fn.CoreFunction(wit.Imported)
	if got := coreTypes(c.t, core.Params); !slices.Equal(got, append(slices.Clone(want), abi.I32)) || len(core.Results) != 0 {
		c.t.Errorf("%s: the import is func%v, want func%v and an address", m.FullMethod(), got, want)
	}
}

// same compares a type of the WIT with a layout, down to their parts.
func (c *checker) same(what string, got wit.Type, want *abi.Type) {
	if uint32(got.Size()) != want.Size || uint32(got.Align()) != want.Align {
		c.t.Errorf("%s: size %d align %d, want %d and %d", what, want.Size, want.Align, got.Size(), got.Align())
	}
	if flat := flatten(c.t, got.Flat()); !slices.Equal(flat, want.Flat) {
		c.t.Errorf("%s: flat %v, want %v", what, want.Flat, flat)
	}
	def, ok := got.(*wit.TypeDef)
	if !ok {
		if name := got.WIT(nil, ""); name != want.Kind.String() {
			c.t.Errorf("%s: kind %s, want %s", what, want.Kind, name)
		}
		return
	}
	switch kind := def.Root().Kind.(type) {
	case *wit.Record:
		if want.Kind != abi.Record || len(kind.Fields) != len(want.Fields) {
			c.t.Fatalf("%s: %s with %d fields, want a record with %d", what, want.Kind, len(want.Fields), len(kind.Fields))
		}
		var at uintptr
		for i, f := range kind.Fields {
			at = wit.Align(at, f.Type.Align())
			if uint32(at) != want.Fields[i].Offset {
				c.t.Errorf("%s.%s: offset %d, want %d", what, f.Name, want.Fields[i].Offset, at)
			}
			c.same(what+"."+f.Name, f.Type, want.Fields[i].Type)
			at += f.Type.Size()
		}
	case *wit.List:
		if want.Kind != abi.List {
			c.t.Fatalf("%s: %s, want a list", what, want.Kind)
		}
		c.same(what+"[]", kind.Type, want.Elem)
	case *wit.Option:
		c.variant(what, kind.Despecialize().(*wit.Variant), want)
	case *wit.Result:
		c.variant(what, kind.Despecialize().(*wit.Variant), want)
	case wit.Type: // an enum is a name for its number
		c.same(what, kind, want)
	default:
		c.t.Errorf("%s: unexpected %T", what, kind)
	}
}

func (c *checker) variant(what string, got *wit.Variant, want *abi.Type) {
	if want.Kind != abi.Variant || len(got.Cases) != len(want.Cases) {
		c.t.Fatalf("%s: %s with %d cases, want a variant with %d", what, want.Kind, len(want.Cases), len(got.Cases))
	}
	var align uintptr = 1
	for i, k := range got.Cases {
		if (k.Type == nil) != (want.Cases[i] == nil) {
			c.t.Fatalf("%s: case %d has a payload on one side only", what, i)
		}
		if k.Type != nil {
			align = max(align, k.Type.Align())
			c.same(fmt.Sprintf("%s.%s", what, k.Name), k.Type, want.Cases[i])
		}
	}
	if payload := wit.Align(1, align); uint32(payload) != want.Payload {
		c.t.Errorf("%s: payload at %d, want %d", what, want.Payload, payload)
	}
}

func coreTypes(t *testing.T, params []wit.Param) []abi.Core {
	var types []wit.Type
	for _, p := range params {
		types = append(types, p.Type.Flat()...)
	}
	return flatten(t, types)
}

func flatten(t *testing.T, types []wit.Type) []abi.Core {
	var out []abi.Core
	for _, f := range types {
		if def, ok := f.(*wit.TypeDef); ok {
			if _, ok := def.Root().Kind.(*wit.Pointer); ok {
				out = append(out, abi.I32)
				continue
			}
		}
		switch f.(type) {
		case wit.U64, wit.S64:
			out = append(out, abi.I64)
		case wit.F32:
			out = append(out, abi.CoreF32)
		case wit.F64:
			out = append(out, abi.CoreF64)
		case wit.Bool, wit.U8, wit.U32, wit.S32:
			out = append(out, abi.I32)
		default:
			t.Fatalf("core type %T", f)
		}
	}
	return out
}
