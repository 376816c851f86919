package golang

import (
	"fmt"
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
	g.P(g.liftAny(m.Request), ", ", g.lowerAny(m.Reply), ")")
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
}

func (g *generator) imported(m Method) {
	lm := g.layouts.Method(m.Method)
	name := g.identifier(m.Method)
	iface, fn, _ := strings.Cut(mapping.Export(m.Method), "#")
	g.P()
	g.Doc("Import " + lm.FullMethod() + ".")
	g.P("var _ = ", guestPath.Ident("NewImport"), "(", fmt.Sprintf("%q", lm.FullMethod()), ", ", lm.Request.Type.Size, ", ", lm.Func.Result.Size, ", ", lm.Func.Result.Payload, ",")
	g.P(g.lowerAny(m.Request), ", invoke", name, ", ", g.liftAny(m.Reply), ")")
	g.P()
	g.P("//go:wasmimport ", iface, " ", fn)
	g.P("func import", name, "(", params(lm), ", result ", unsafePath.Ident("Pointer"), ")")
	g.P()
	g.P("func invoke", name, "(request, result ", guestPath.Ident("Record"), ") {")
	if lm.Func.Indirect {
		g.P("import", name, "(request.Address(), result.Pointer())")
	} else {
		args := []any{"import", name, "("}
		for _, s := range slots(lm) {
			_, access := parameter(s)
			if access == "U8" {
				args = append(args, fmt.Sprintf("uint32(request.U8(%d)), ", s.Offset))
			} else {
				args = append(args, fmt.Sprintf("request.%s(%d), ", access, s.Offset))
			}
		}
		g.P(append(args, "result.Pointer())")...)
	}
	g.P("}")
}
