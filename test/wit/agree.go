// Package wit holds the printed WIT to its reference implementation: wasm-tools parses it, and the layouts that follow from it
// are those that the generator and the host compute.
package wit

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.bytecodealliance.org/wit"

	"github.com/cofaas/cofaas/internal/abi"
	"github.com/cofaas/cofaas/internal/mapping"
	"github.com/cofaas/cofaas/internal/model"
)

// Agree parses WIT, and compares its interfaces with the layouts of the model that it was printed from: every message and every
// method.
func Agree(t testing.TB, text []byte, m *model.Model) {
	t.Helper()
	res, err := wit.DecodeWIT(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("not valid WIT: %v", err)
	}
	c := checker{t: t, interfaces: map[string]*wit.Interface{}, types: map[string]*wit.Interface{}, done: map[pair]bool{}, records: map[string][]string{}}
	for _, i := range res.Interfaces {
		if i.Name == nil {
			continue
		}
		c.interfaces[strings.ReplaceAll(i.Package.Name.String(), "%", "")+"/"+*i.Name] = i
		if path, ok := strings.CutPrefix(i.Docs.Contents, typesDoc); ok {
			c.types[strings.TrimSuffix(path, ".")] = i
		}
	}
	path := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if after, ok := strings.CutPrefix(line, "/// "+typesDoc); ok {
			path = strings.TrimSuffix(after, ".")
		} else if after, ok := strings.CutPrefix(line, "record "); ok {
			c.records[path] = append(c.records[path], strings.Trim(after, "% {"))
		}
	}
	for _, f := range m.Files {
		c.file(f)
	}
}

// typesDoc begins the comment of an interface that has the types of a file.
const typesDoc = "The types of "

type checker struct {
	t testing.TB
	// interfaces are those of services, by the names in the ABI; types those of files, by paths.
	interfaces, types map[string]*wit.Interface
	layouts           mapping.Layouts
	// done are pairs of types that were compared: messages may contain each other in exponentially many ways.
	done map[pair]bool
	// records are the names of records by the files that their interfaces are about, in the order in which they are printed. The
	// parser sorts them.
	records map[string][]string
}

type pair struct {
	got  *wit.TypeDef
	want *abi.Type
}

// file compares the types of a file, which stand in the interface of the file in the same order, and its services.
func (c *checker) file(f *model.File) {
	if iface := c.types[f.Path]; iface != nil {
		oneofs := 0
		for _, def := range iface.TypeDefs.All() {
			if _, ok := def.Kind.(*wit.Variant); ok {
				oneofs++
			}
		}
		if got := len(c.records[f.Path]); got != len(f.Messages) {
			c.t.Fatalf("%s: %d records, want %d", f.Path, got, len(f.Messages))
		}
		for i, m := range f.Messages {
			layout := c.layouts.Message(m)
			c.same(string(m.Name), iface.TypeDefs.Get(c.records[f.Path][i]), layout.Type)
			for _, member := range layout.Members {
				if member.Oneof != nil {
					oneofs--
				}
			}
		}
		if oneofs != 0 {
			c.t.Errorf("%s: %d variants too many", f.Path, oneofs)
		}
	} else if len(f.Messages)+len(f.Enums) > 0 {
		c.t.Errorf("%s: no interface with its types", f.Path)
	}
	for _, s := range f.Services {
		iface := c.interfaces[mapping.Interface(s)]
		if iface == nil {
			c.t.Errorf("service %s: no interface %s", s.Name, mapping.Interface(s))
			continue
		}
		for i, name := range mapping.Functions(s) {
			c.method(iface, name, s.Methods[i])
		}
	}
}

func (c *checker) method(iface *wit.Interface, name string, m *model.Method) {
	fn := iface.Functions.Get(name)
	if fn == nil {
		c.t.Errorf("rpc %s: interface %s has no function %s", m.FullMethod(), mapping.Interface(m.Service), name)
		return
	}
	if m.Streaming() {
		c.streaming(fn, m)
		return
	}
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

// streaming compares a function with a resource, which is the running call, and the functions of that.
func (c *checker) streaming(fn *wit.Function, m *model.Method) {
	request, reply := c.layouts.Message(m.Request).Type, c.layouts.Message(m.Reply).Type
	what := m.FullMethod()
	call := c.stream(what, fn, 0, m.StreamingClient, request, nil)
	var resource *wit.TypeDef
	if def, ok := call.(*wit.TypeDef); ok {
		if own, ok := def.Root().Kind.(*wit.Own); ok {
			resource = own.Type
		}
	}
	if resource == nil {
		c.t.Errorf("%s: returns no resource", what)
		return
	}
	got := map[string]*wit.Function{}
	for _, f := range append(resource.Methods(), resource.StaticFunctions()...) {
		got[f.BaseName()] = f
	}
	take := func(name string) *wit.Function {
		f := got[name]
		if f == nil {
			c.t.Fatalf("%s: no function %s", what, name)
		}
		delete(got, name)
		return f
	}
	if m.StreamingClient {
		c.stream(what+" send", take("send"), 1, false, request, nil)
	}
	switch {
	case !m.StreamingServer:
		c.stream(what+" close-and-recv", take("close-and-recv"), 1, true, nil, reply)
	case m.StreamingClient:
		c.stream(what+" close-send", take("close-send"), 1, true, nil, nil)
		fallthrough
	default:
		c.stream(what+" recv", take("recv"), 1, true, nil, abi.OptionOf(reply))
	}
	if len(got) > 0 {
		c.t.Errorf("%s: %d functions too many", what, len(got))
	}
}

// stream compares a function of a streaming call: the parameter after skip others, unless there is none, and the result, whose
// type it returns, with that beside status unless that is nil.
func (c *checker) stream(what string, fn *wit.Function, skip int, none bool, param, result *abi.Type) wit.Type {
	params := fn.Params[skip:]
	if none != (len(params) == 0) || len(fn.Results) != 1 {
		c.t.Fatalf("%s: %d parameters, %d results", what, len(fn.Params), len(fn.Results))
	}
	if !none {
		c.same(what, params[0].Type, param)
	}
	r, ok := fn.Results[0].Type.(*wit.TypeDef).Root().Kind.(*wit.Result)
	if !ok {
		c.t.Fatalf("%s: no result", what)
	}
	c.same(what, r.Err, mapping.StatusType)
	if result != nil {
		c.same(what, r.OK, result)
	}
	return r.OK
}

// same compares a type of the WIT with a layout, down to their parts.
func (c *checker) same(what string, got wit.Type, want *abi.Type) {
	if def, ok := got.(*wit.TypeDef); ok {
		p := pair{def.Root(), want}
		if c.done[p] {
			return
		}
		c.done[p] = true
	}
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
		c.record(what, kind, want)
	case *wit.Tuple:
		c.record(what, kind.Despecialize().(*wit.Record), want)
	case *wit.Variant:
		c.variant(what, kind, want)
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

func (c *checker) record(what string, got *wit.Record, want *abi.Type) {
	if want.Kind != abi.Record || len(got.Fields) != len(want.Fields) {
		c.t.Fatalf("%s: %s with %d fields, want a record with %d", what, want.Kind, len(want.Fields), len(got.Fields))
	}
	var at uintptr
	for i, f := range got.Fields {
		at = wit.Align(at, f.Type.Align())
		if uint32(at) != want.Fields[i].Offset {
			c.t.Errorf("%s.%s: offset %d, want %d", what, f.Name, want.Fields[i].Offset, at)
		}
		c.same(what+"."+f.Name, f.Type, want.Fields[i].Type)
		at += f.Type.Size()
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
	discriminant := wit.Discriminant(len(got.Cases)).Size()
	if uint32(discriminant) != want.Discriminant {
		c.t.Errorf("%s: a discriminant of %d bytes, want %d", what, want.Discriminant, discriminant)
	}
	if payload := wit.Align(discriminant, align); uint32(payload) != want.Payload {
		c.t.Errorf("%s: payload at %d, want %d", what, want.Payload, payload)
	}
}

func coreTypes(t testing.TB, params []wit.Param) []abi.Core {
	var types []wit.Type
	for _, p := range params {
		types = append(types, p.Type.Flat()...)
	}
	return flatten(t, types)
}

func flatten(t testing.TB, types []wit.Type) []abi.Core {
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
