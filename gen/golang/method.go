package golang

import (
	"fmt"
	"go/types"
	"strings"

	"github.com/cofaas/cofaas/internal/abi"
	"github.com/cofaas/cofaas/internal/mapping"
	"github.com/cofaas/cofaas/internal/model"
)

// identifier of a method in the bindings.
func (g *generator) identifier(m *model.Method) string {
	return g.names[m.Service.Name.Append(m.Name)]
}

// slots returns the places of a method's core parameters, or one address if there are too many.
func slots(lm *mapping.Method) []abi.Slot {
	if lm.Func.Indirect {
		return nil
	}
	s, ok := lm.Request.Type.Slots()
	if !ok {
		// Requests are records of scalars, lists and options.
		panic("golang: request of " + lm.FullMethod() + " has joined slots")
	}
	return s
}

// parameter returns the Go type of a core parameter, and the Record method that stores or loads it.
func parameter(s abi.Slot) (goType, access string) {
	switch s.Kind {
	case abi.Bool, abi.U8:
		return "uint32", "U8"
	case abi.U64, abi.S64:
		return "uint64", "U64"
	case abi.F32:
		return "float32", "F32"
	case abi.F64:
		return "float64", "F64"
	default:
		return "uint32", "U32"
	}
}

// params prints the parameter list of a method's core function.
func params(lm *mapping.Method) string {
	if lm.Func.Indirect {
		return "p uint32"
	}
	var b strings.Builder
	for i, s := range slots(lm) {
		t, _ := parameter(s)
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "p%d %s", i, t)
	}
	return b.String()
}

func (g *generator) export(m Method) {
	lm := g.layouts.Method(m.Method)
	name := g.identifier(m.Method)
	g.P()
	g.Doc("Export " + lm.FullMethod() + ".")
	g.P("var export", name, " = ", guestPath.Ident("NewExport"), "(", fmt.Sprintf("%q", lm.FullMethod()), ", ", lm.Func.Result.Size, ", ", lm.Func.Result.Payload, ",")
	if m.Handler == nil {
		g.P(g.liftAny(m.Request), ", ", g.lowerAny(m.Reply), ")")
	} else {
		g.P(g.liftAny(m.Request), ", ", g.lowerAny(m.Reply), ").")
		g.P("WithDirect(", fmt.Sprintf("%q", symbol(m.Handler)), ", newDirect", name, ")")
	}
	g.P()
	g.P("//go:wasmexport ", mapping.Export(m.Method))
	g.P("func serve", name, "(", params(lm), ") ", unsafePath.Ident("Pointer"), " {")
	if lm.Func.Indirect {
		g.P("return export", name, ".EnterAt(p).Serve().Pointer()")
	} else {
		g.P("c := export", name, ".Enter()")
		g.P("r := c.Request()")
		for i, s := range slots(lm) {
			_, access := parameter(s)
			value := fmt.Sprintf("p%d", i)
			if access == "U8" {
				value = "uint8(" + value + ")"
			}
			g.P("r.Put", access, "(", s.Offset, ", ", value, ")")
		}
		g.P("return c.Serve().Pointer()")
	}
	g.P("}")
	if m.Handler != nil {
		g.direct(m)
	}
}

// direct prints the type that calls a method of an implementation without the generated handler, which a call through
// interfaces and functions of any message would cost a guest more than all else.
func (g *generator) direct(m Method) {
	name := g.identifier(m.Method)
	g.P()
	g.P("type direct", name, " struct {")
	g.P("server ", identOf(m.Server))
	g.P("requests ", guestPath.Ident("Slab"), "[", g.types.messages[m.Request].ident, "]")
	g.P("}")
	g.P()
	g.P("func newDirect", name, "(impl any) ", guestPath.Ident("DirectHandler"), " {")
	g.P("s, ok := impl.(", identOf(m.Server), ")")
	g.P("if !ok {")
	g.P("return nil")
	g.P("}")
	g.P("return &direct", name, "{server: s}")
	g.P("}")
	g.P()
	g.P("func (d *direct", name, ") Serve(ctx ", ctxPath.Ident("Context"), ", c *", guestPath.Ident("ServerCall"), ") error {")
	g.P("in, r := d.requests.Next(c), c.Request()")
	g.liftInPlace(m.Request, "in")
	g.P("out, err := d.server.", m.Name, "(ctx, in)")
	g.P("if err != nil {")
	g.P("return err")
	g.P("}")
	g.P("r = c.Reply(out)")
	g.lowerInPlace(m.Reply, "out")
	g.P("return nil")
	g.P("}")
}

// liftInPlace prints the statements that set the message that v points to from r.
func (g *generator) liftInPlace(m *model.Message, v string) {
	if g.shared[m] {
		g.P("lift", g.names[m.Name], "(r, ", v, ")")
		return
	}
	g.liftFields(g.layouts.Message(m), v)
}

// lowerInPlace prints the statements that store the message that v points to, or an empty one if v is nil, in r.
func (g *generator) lowerInPlace(m *model.Message, v string) {
	if g.shared[m] {
		g.P("lower", g.names[m.Name], "(c.Scratch(), r, ", v, ")")
		return
	}
	lm := g.layouts.Message(m)
	g.P("if ", v, " == nil {")
	g.P("r.Clear(0, ", lm.Type.Size, ")")
	g.P("} else {")
	g.lowerFields(lm, v, "c.Scratch()")
	g.P("}")
}

// symbol returns the name of a function in the form of package runtime. The linker escapes what is rare in import paths.
func symbol(f *types.Func) string {
	path := f.Pkg().Path()
	slash := strings.LastIndex(path, "/")
	var b strings.Builder
	for i := range len(path) {
		if c := path[i]; c <= ' ' || c == '%' || c == '"' || c >= 0x7f || c == '.' && i > slash {
			fmt.Fprintf(&b, "%%%02x", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String() + "." + f.Name()
}

func (g *generator) imported(m Method) {
	lm := g.layouts.Method(m.Method)
	name := g.identifier(m.Method)
	iface, fn, _ := strings.Cut(mapping.Export(m.Method), "#")
	g.P()
	g.Doc("Import " + lm.FullMethod() + ".")
	g.P("var _ = ", guestPath.Ident("NewImport"), "(", fmt.Sprintf("%q", lm.FullMethod()), ", ", lm.Request.Type.Size, ", ", lm.Func.Result.Size, ", ", lm.Func.Result.Payload, ", invoke", name, ")")
	g.P()
	g.P("//go:wasmimport ", iface, " ", fn)
	g.P("func import", name, "(", params(lm), ", result ", unsafePath.Ident("Pointer"), ")")
	g.P()
	g.P("func invoke", name, "(c *", guestPath.Ident("ImportCall"), ", args, reply any) *", guestPath.Ident("Status"), " {")
	g.P("in, ok := args.(*", g.types.messages[m.Request].ident, ")")
	g.P("if !ok {")
	g.P("return c.Mismatch(args)")
	g.P("}")
	g.P("out, ok := reply.(*", g.types.messages[m.Reply].ident, ")")
	g.P("if !ok {")
	g.P("return c.Mismatch(reply)")
	g.P("}")
	g.P("r := c.Request()")
	g.lowerInPlace(m.Request, "in")
	g.P("c.Leave()")
	call := []any{"import", name, "("}
	if lm.Func.Indirect {
		call = append(call, "r.Address(), ")
	}
	for _, s := range slots(lm) {
		if _, access := parameter(s); access == "U8" {
			call = append(call, fmt.Sprintf("uint32(r.U8(%d)), ", s.Offset))
		} else {
			call = append(call, fmt.Sprintf("r.%s(%d), ", access, s.Offset))
		}
	}
	g.P(append(call, "c.Result().Pointer())")...)
	g.P("c.Return()")
	g.P("if c.Failed() {")
	g.P("return c.Status()")
	g.P("}")
	g.P("r = c.Reply()")
	g.liftInPlace(m.Reply, "out")
	g.P("return nil")
	g.P("}")
}
