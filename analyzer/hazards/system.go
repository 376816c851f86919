package hazards

import (
	"go/ast"
	"go/types"
	"slices"
)

// A use is a way to use the system that guests are without, and native isolates too, or have in another way.
type use struct {
	category string
	message  string // after the name of the function
	native   string // the same of a function that runs natively, if it is a hazard there
	funcs    map[string][]string
}

// standard notes the functions of the standard library, named by id, for which a guest has no system. What only asks whether something is
// there, such as os.Stat, is not among them: programs ask in order to do without.
func (w *walker) standard(id *ast.Ident, fn *types.Func) {
	if fn.Pkg() == nil {
		return
	}
	key := fn.Pkg().Path() + "." + receiverName(fn)
	for _, u := range []*use{&reads, &files, &globs, &processes, &killing, &absent, &signals} {
		if slices.Contains(u.funcs[key], fn.Name()) {
			h := Hazard{Category: u.category, Message: display(fn) + u.message}
			if u.native != "" {
				h.Native = display(fn) + u.native
			}
			w.hazard(h, id.Pos())
		}
	}
}

// display returns the name of fn as programs write it.
func display(fn *types.Func) string {
	if recv := receiverName(fn); recv != "" {
		return fn.Pkg().Name() + "." + recv + "." + fn.Name()
	}
	return fn.Pkg().Name() + "." + fn.Name()
}
