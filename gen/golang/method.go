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

// parameter returns the Go type of a core parameter.
func parameter(c abi.Core) string {
	switch c {
	case abi.I64:
		return "uint64"
	case abi.CoreF32:
		return "float32"
	case abi.CoreF64:
		return "float64"
	default:
		return "uint32"
	}
}

// access returns the Record method that stores or loads what is at a slot, whose core parameter is c, and the type of its value.
// Floats in a parameter that other cases use as well travel as their bits.
func access(s abi.Slot, c abi.Core) (method, goType string) {
	switch s.Kind {
	case abi.Bool, abi.U8:
		return "U8", "uint8"
	case abi.U16:
		return "U16", "uint16"
	case abi.U64, abi.S64:
		return "U64", "uint64"
	case abi.F32:
		if c == abi.CoreF32 {
			return "F32", "float32"
		}
	case abi.F64:
		if c == abi.CoreF64 {
			return "F64", "float64"
		}
		return "U64", "uint64"
	}
	return "U32", "uint32"
}

// params prints the parameter list of a method's core function.
func params(lm *mapping.Method) string {
	if lm.Func.Indirect {
		return "p uint32"
	}
	var b strings.Builder
	for i, c := range lm.Request.Type.Flat {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "p%d %s", i, parameter(c))
	}
	return b.String()
}

// frame returns the size of the parameters and the result of a method's core function on the stack of a goroutine, where they are
// as in a struct.
func frame(lm *mapping.Method) int {
	const word = 8 // of a pointer, and of the stack
	params := lm.Request.Type.Flat
	if lm.Func.Indirect {
		params = []abi.Core{abi.I32}
	}
	size := 0
	for _, c := range params {
		n := 4
		if c == abi.I64 || c == abi.CoreF64 {
			n = 8
		}
		size = (size+n-1)/n*n + n
	}
	return (size+word-1)/word*word + word
}

// store prints the statements that store core parameters in the record r.
func (g *generator) store(slots []abi.Slot, flat []abi.Core) {
	for _, s := range slots {
		method, t := access(s, flat[s.Index])
		value := fmt.Sprintf("p%d", s.Index)
		if t != parameter(flat[s.Index]) {
			value = t + "(" + value + ")"
		}
		g.P("r.Put", method, "(", s.Offset, ", ", value, ")")
		if s.Cases == nil {
			continue
		}
		g.P("switch p", s.Index, " {")
		for i, c := range s.Cases {
			if len(c) > 0 {
				g.P("case ", i, ":")
				g.store(c, flat)
			}
		}
		g.P("}")
	}
}

// args returns expressions for the core parameters of a request in the record r, after statements that they need.
func (g *generator) args(lm *mapping.Method) []string {
	if lm.Func.Indirect {
		return []string{"r.Address()"}
	}
	slots, flat := lm.Request.Type.Slots(), lm.Request.Type.Flat
	shared := map[int]bool{}
	addShared(shared, slots, false)
	args := make([]string, len(flat))
	for i, c := range flat {
		if shared[i] {
			args[i] = fmt.Sprintf("p%d", i)
			g.P("var ", args[i], " ", parameter(c))
		}
	}
	g.load(slots, flat, shared, args)
	return args
}

// load prints the statements that set core parameters from the record r. Those in shared are declared; others become
// expressions, in args.
func (g *generator) load(slots []abi.Slot, flat []abi.Core, shared map[int]bool, args []string) {
	for _, s := range slots {
		method, t := access(s, flat[s.Index])
		load := fmt.Sprintf("r.%s(%d)", method, s.Offset)
		value := load
		if want := parameter(flat[s.Index]); t != want {
			value = want + "(" + value + ")"
		}
		if shared[s.Index] {
			g.P("p", s.Index, " = ", value)
		} else {
			args[s.Index] = value
		}
		if s.Cases == nil {
			continue
		}
		g.P("switch ", load, " {")
		for i, c := range s.Cases {
			if len(c) > 0 {
				g.P("case ", i, ":")
				g.load(c, flat, shared, args)
			}
		}
		g.P("}")
	}
}

// addShared adds the core parameters that only some cases of a variant use.
func addShared(shared map[int]bool, slots []abi.Slot, within bool) {
	for _, s := range slots {
		if within {
			shared[s.Index] = true
		}
		for _, c := range s.Cases {
			addShared(shared, c, true)
		}
	}
}

func (g *generator) export(m Method) {
	lm := g.layouts.Method(m.Method)
	name := g.identifier(m.Method)
	g.P()
	g.Doc("Export " + lm.FullMethod() + ".")
	if m.Streaming() {
		g.P("var export", name, " = ", guestPath.Ident("NewStreamExport"), "(", fmt.Sprintf("%q", lm.FullMethod()), ", ", lm.Reply.Type.Size, ", ",
			g.liftAny(m.Request), ", ", g.lowerAny(m.Reply), ")", g.typed(many(m.StreamingServer, m.Reply), many(m.StreamingClient, m.Request)))
		g.P()
		g.P("//go:wasmexport ", mapping.Export(m.Method))
		g.P("func serve", name, "(stream uint32) ", unsafePath.Ident("Pointer"), " {")
		g.P("return export", name, ".EnterStream(stream).Serve().Pointer()")
		g.P("}")
		return
	}
	g.P("var export", name, " = ", guestPath.Ident("NewExport"), "(", fmt.Sprintf("%q", lm.FullMethod()), ", ", frame(lm), ", ", lm.Func.Result.Size, ", ", lm.Func.Result.Payload, ",")
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
		g.store(lm.Request.Type.Slots(), lm.Request.Type.Flat)
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
	g.liftOrReturn(m.Request, "in")
	g.P("out, err := d.server.", m.Name, "(ctx, in)")
	g.P("if err != nil {")
	g.P("return err")
	g.P("}")
	g.P("r = c.Reply(out)")
	g.lowerOrReturn(m.Reply, "out")
	g.P("return nil")
	g.P("}")
}

// liftOrReturn prints the statements that set the message that v points to from r, and return what c makes of an error.
func (g *generator) liftOrReturn(m *model.Message, v string) {
	lm := g.layouts.Message(m)
	g.liftInPlace(lm, v)
	g.returnError(g.liftError(lm, v), "NotLifted")
}

// lowerOrReturn prints the statements that store the message that v points to in r, and return what c makes of an error.
func (g *generator) lowerOrReturn(m *model.Message, v string) {
	lm := g.layouts.Message(m)
	g.lowerInPlace(lm, v, inPlace)
	g.returnError(g.lowerError(lm, v, inPlace), "NotLowered")
}

func (g *generator) returnError(expr []any, method string) {
	if expr == nil {
		return
	}
	g.P("if err := ", expr, "; err != nil {")
	g.P("return c.", method, "(err)")
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

// many returns m if a method streams it.
func many(streams bool, m *model.Message) *model.Message {
	if streams {
		return m
	}
	return nil
}

func (g *generator) imported(m Method) {
	lm := g.layouts.Method(m.Method)
	name := g.identifier(m.Method)
	iface, fn, _ := strings.Cut(mapping.Export(m.Method), "#")
	g.P()
	g.Doc("Import " + lm.FullMethod() + ".")
	if m.Streaming() {
		g.P("var _ = ", guestPath.Ident("NewStreamImport"), "(", fmt.Sprintf("%q", lm.FullMethod()), ", ", lm.Request.Type.Size, ", ",
			g.lowerAny(m.Request), ", ", g.liftAny(m.Reply), ")", g.typed(many(m.StreamingClient, m.Request), many(m.StreamingServer, m.Reply)))
		return
	}
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
	g.P("return c.MismatchedReply(reply)")
	g.P("}")
	g.P("r := c.Request()")
	g.lowerOrReturn(m.Request, "in")
	args := g.args(lm)
	g.P("if c.Leave() {")
	g.P("import", name, "(", strings.Join(args, ", "), ", c.Result().Pointer())")
	g.P("}")
	g.P("if st := c.Return(); st != nil {")
	g.P("return st")
	g.P("}")
	g.P("if c.Failed() {")
	g.P("return c.Status()")
	g.P("}")
	g.P("r = c.Reply()")
	g.reset(g.layouts.Message(m.Reply), "out")
	g.liftOrReturn(m.Reply, "out")
	g.P("return nil")
	g.P("}")
}
