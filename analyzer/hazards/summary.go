package hazards

import (
	"go/token"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
)

// A Package is what is known of a package.
type Package struct {
	Path     string
	Funcs    []*Func
	Types    []*Type
	Hazards  []Hazard // that are there whatever is reached
	ZoneData bool     // imports time/tzdata
	Exposes  bool     // has exported variables
}

func (p *Package) empty() bool {
	return len(p.Funcs) == 0 && len(p.Types) == 0 && len(p.Hazards) == 0 && !p.ZoneData && !p.Exposes
}

// A Func summarizes a function: a declared one, a literal that is an interceptor, or, with the ID of initID, the initialization of the
// package.
type Func struct {
	ID       string // of funcID
	Handler  bool   // gRPC calls it, if anything hands it over
	Calls    []string
	Once     []string // calls that are made once per instance, however often this function is
	Dynamic  []string // methods of interfaces that it calls, as methodKey
	Makes    []string // named types that it mentions
	Handlers []string // functions that it has gRPC call
	Served   []string // the same, as methodKey of what it registers
	Passes   []Pass
	Writes   []Write
	Hazards  []Hazard
}

// A Type is a named type and its methods.
type Type struct {
	ID      string
	Methods []Method // by Key
	Holds   []string // types of its fields
}

// A Method is a function, and what the methods of interfaces are called that it implements.
type Method struct{ Key, ID string }

// method returns the ID of the method with a key, or "".
func (t *Type) method(key string) string {
	if i, ok := slices.BinarySearchFunc(t.Methods, key, func(m Method, key string) int { return strings.Compare(m.Key, key) }); ok {
		return t.Methods[i].ID
	}
	return ""
}

// A Place is where a value lives that is written: a package variable, what a parameter refers to, or a variable of an enclosing function.
type Place struct {
	Param int    // 0 is the receiver, n is parameter n; -1 is none
	Var   string // else the variable: "pkg.name", or the name alone of a captured one
	Field string // the first field on the way, "field of type", or empty
}

// A Write is an assignment to what a parameter refers to.
type Write struct {
	Place Place
	Where string
	pos   token.Pos
}

// A Pass gives a reference to a place to another function as its parameter.
type Pass struct {
	Callee string // ID, or methodKey if Dynamic
	Param  int
	Place  Place
	Where  string
	pos    token.Pos

	Dynamic bool
}

// A Hazard is in the code of a function.
type Hazard struct {
	Category string
	Where    string
	Message  string
	Native   string // the same of a function that runs natively; empty if it is none there
	InCall   bool   // counts only in what handlers reach
	Pin      bool   // see Found
	Zone     bool   // none if the program has time/tzdata
	State    string // the variable, of which one report is enough

	pos   token.Pos
	fixes []analysis.SuggestedFix
}

// prune drops functions from which nothing of interest is reached within the package, so that facts stay small.
func (p *Package) prune() {
	local := make(map[string]*Func)
	for _, f := range p.Funcs {
		local[f.ID] = f
	}
	callers := make(map[string][]*Func)
	keep := make(map[*Func]bool)
	var work []*Func
	mark := func(f *Func) {
		if !keep[f] {
			keep[f] = true
			work = append(work, f)
		}
	}
	for _, f := range p.Funcs {
		interesting := len(f.Hazards)+len(f.Writes)+len(f.Dynamic)+len(f.Handlers)+len(f.Served)+len(f.Passes)+len(f.Makes) > 0 || f.Handler
		for _, list := range [][]string{f.Calls, f.Once} {
			for _, id := range list {
				if local[id] == nil {
					interesting = true // of another package, which has pruned what is of no interest
				} else {
					callers[id] = append(callers[id], f)
				}
			}
		}
		if interesting {
			mark(f)
		}
	}
	for len(work) > 0 {
		f := work[len(work)-1]
		work = work[:len(work)-1]
		for _, caller := range callers[f.ID] {
			mark(caller)
		}
	}
	funcs := p.Funcs[:0]
	for _, f := range p.Funcs {
		if keep[f] {
			funcs = append(funcs, f)
		}
	}
	p.Funcs = funcs
	types := p.Types[:0]
	for _, t := range p.Types {
		t.Methods = slices.DeleteFunc(t.Methods, func(m Method) bool { return local[m.ID] != nil && !keep[local[m.ID]] })
		if len(t.Methods) > 0 || len(t.Holds) > 0 {
			types = append(types, t)
		}
	}
	p.Types = types
}
