package usage

import (
	"fmt"
	"go/ast"
	"go/types"
	"maps"
	"slices"
	"strings"

	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
	"github.com/cofaas/cofaas/analyzer/services"
)

// Returns is a fact on a function. It says what is known of results that are
// strings or numbers, and of the targets of those that are connections.
type Returns struct{ Results map[int]*Term }

// Stores is a fact on a function that stores strings through pointers that are
// parameters.
type Stores struct{ Params map[int]*Term }

// Holds is a fact on a variable or a field.
type Holds struct{ Term *Term }

// Configures is a fact on a package that has such facts, so that packages that
// do not import it need not look.
type Configures struct{}

// Patterns is a fact on a function: the sites in it, or in what it calls, that
// depend on its parameters. Each call of the function has them again.
type Patterns struct{ List []*Pattern }

// A Pattern is a site in terms of the parameters of a function.
type Pattern struct {
	Kind    PatternKind
	Service *services.Service // of a client, unless it is known by Constructor
	// Constructor is 1 + the parameter that makes the client, or 0.
	Constructor int
	Target      *Term
	ID          string // of the site: the same for all calls
	Pkg         string // path of the package that has the site
	Where       string // file:line of the site

	// Of a need: the entry of package drivers, what is called, and the network or the name of a driver, or nil.
	Entry  int
	What   string
	Second *Term
	// TypeParam is 1 + the type parameter of the function that is filled from variables which its tags name, or 0.
	TypeParam int

	depth int // through how many calls of this package it came
}

// A PatternKind is the kind of site that a Pattern is of.
type PatternKind int

const (
	DialPattern PatternKind = iota
	ClientPattern
	ListenPattern // serves gRPC
	NeedPattern
)

// Opens is a fact on a function that returns a listener of its own.
type Opens struct {
	Result  int
	Address *Term
	Where   string // file:line of the listen
}

// MakesServer is a fact on a function that returns a gRPC server of its own, and
// on a variable or field that holds one.
type MakesServer struct{ Where string }

// RegistersOwn is a fact on a function of gRPC that registers services of gRPC's
// own.
type RegistersOwn struct{ Services []*services.Service }

// ListensFor is a fact on a function that takes a listener, and says what the
// listener serves.
type ListensFor struct {
	Param int
	Use   Use
}

func (*Returns) AFact()      {}
func (*Stores) AFact()       {}
func (*Holds) AFact()        {}
func (*Configures) AFact()   {}
func (*Patterns) AFact()     {}
func (*Opens) AFact()        {}
func (*MakesServer) AFact()  {}
func (*RegistersOwn) AFact() {}
func (*ListensFor) AFact()   {}

func (f *Returns) String() string     { return "returns " + termList(f.Results) }
func (f *Stores) String() string      { return "stores " + termList(f.Params) }
func (f *Holds) String() string       { return "holds " + f.Term.Value().String() }
func (f *Configures) String() string  { return "configures" }
func (f *MakesServer) String() string { return "makes a server" }
func (f *RegistersOwn) String() string {
	var names []string
	for _, s := range f.Services {
		names = append(names, s.Name)
	}
	return "registers " + strings.Join(names, ", ")
}
func (f *Opens) String() string { return "listens on " + f.Address.Value().String() }
func (f *ListensFor) String() string {
	return fmt.Sprintf("listens for %v on parameter %d", f.Use, f.Param)
}

func (f *Patterns) String() string {
	var list []string
	for _, p := range f.List {
		switch p.Kind {
		case DialPattern:
			list = append(list, "dials "+p.Target.Value().String())
		case ListenPattern:
			list = append(list, "serves on "+p.Target.Value().String())
		case NeedPattern:
			list = append(list, "needs "+p.What+" of "+p.Target.Value().String())
		case ClientPattern:
			name := "a service"
			if p.Service != nil {
				name = p.Service.Name
			}
			list = append(list, "calls "+name+" on "+p.Target.Value().String())
		}
	}
	return strings.Join(list, ", ")
}

func termList(terms map[int]*Term) string {
	var list []string
	for _, i := range slices.Sorted(maps.Keys(terms)) {
		list = append(list, fmt.Sprintf("%d: %v", i, terms[i].Value()))
	}
	return strings.Join(list, ", ")
}

// exportFacts exports what the functions and variables of the package are known
// to return, to store and to hold.
func (c *collector) exportFacts() {
	if c.Pkg.Name() == "main" {
		return // nobody imports it
	}
	any := false
	c.scalars = configures(c.Pass)
	for _, fn := range c.flow.declarations() {
		if t := c.returns(fn); len(t) > 0 {
			c.ExportObjectFact(fn, &Returns{t})
			any = true
		}
		if t := c.storesOf(fn); len(t) > 0 {
			c.ExportObjectFact(fn, &Stores{t})
			any = true
		}
	}
	for _, v := range c.exportedVars() {
		if t := c.holds(v); t != nil {
			c.ExportObjectFact(v, &Holds{t})
			any = true
		}
	}
	if any {
		c.ExportPackageFact(&Configures{})
	}
}

// keeps reports whether facts are wanted of what is of type t.
func (c *collector) keeps(t types.Type) bool {
	return c.scalars && isScalar(t) || grpcpkg.IsConn(t)
}

// returns returns what is known of the results of fn.
func (c *collector) returns(fn *types.Func) map[int]*Term {
	terms := make(map[int]*Term)
	b, ok := c.flow.declared(fn)
	if !ok {
		return nil
	}
	for i := range b.sig.Results().Len() {
		if !c.keeps(b.sig.Results().At(i).Type()) {
			continue
		}
		var list []*Term
		for _, v := range b.returned(c.flow, i) {
			if id, ok := v.expr().(*ast.Ident); ok && c.TypesInfo.Uses[id] == types.Universe.Lookup("nil") {
				continue
			}
			list = append(list, c.flow.term(v, fn))
		}
		if len(list) > 0 {
			if t := joined(b.sig.Results().At(i).Type(), list); t.telling() {
				terms[i] = t
			}
		}
	}
	return terms
}

// joined returns the term for a variable of type t that is one of list.
func joined(t types.Type, list []*Term) *Term {
	if isScalar(t) {
		return either(list...)
	}
	return alternatives(list...)
}

// storesOf returns what fn stores through its parameters.
func (c *collector) storesOf(fn *types.Func) map[int]*Term {
	terms := make(map[int]*Term)
	params := fn.Signature().Params()
	for i := range params.Len() {
		var list []*Term
		if t := params.At(i).Type(); !isOut(t) || isScalar(t) && !c.scalars {
			continue
		}
		for _, v := range slices.Concat(c.flow.deref[params.At(i)], c.flow.passedOn(params.At(i))) {
			list = append(list, c.flow.term(v, fn))
		}
		if len(list) > 0 {
			if t := joined(params.At(i).Type(), list); t.telling() {
				terms[i] = t
			}
		}
	}
	return terms
}

// exportedVars returns the package-level variables of the package and the fields
// of its package-level structs that others can use.
func (c *collector) exportedVars() []*types.Var {
	var vars []*types.Var
	scope := c.Pkg.Scope()
	for _, name := range scope.Names() {
		switch obj := scope.Lookup(name).(type) {
		case *types.Var:
			if obj.Exported() {
				vars = append(vars, obj)
			}
		case *types.TypeName:
			if st := structOf(obj.Type()); st != nil && !obj.IsAlias() {
				for field := range st.Fields() {
					if field.Exported() && field.Pkg() == c.Pkg {
						vars = append(vars, field)
					}
				}
			}
		}
	}
	return vars
}

// holds returns what is known of v, or nil.
func (c *collector) holds(v *types.Var) *Term {
	if !c.keeps(v.Type()) {
		return nil
	}
	var list []*Term
	for _, stored := range c.flow.store[v] {
		list = append(list, c.flow.term(stored, nil))
	}
	for _, out := range c.flow.outs(v) {
		list = append(list, c.flow.term(out, nil))
	}
	if len(list) == 0 {
		if t := c.tagOf(v); t != nil {
			return t
		}
		return nil
	}
	if t := joined(v.Type(), list); t.telling() {
		return t
	}
	return nil
}

// tagOf returns what the tag of a field of a package-level struct says, or nil.
func (c *collector) tagOf(v *types.Var) *Term {
	if !v.IsField() {
		return nil
	}
	scope := c.Pkg.Scope()
	for _, name := range scope.Names() {
		if obj, ok := scope.Lookup(name).(*types.TypeName); ok {
			if t := tagTerm(c.Pkg, structOf(obj.Type()), v); t != nil {
				return t
			}
		}
	}
	return nil
}

func isScalar(t types.Type) bool {
	if ptr, ok := types.Unalias(t).(*types.Pointer); ok {
		t = ptr.Elem()
	}
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&(types.IsString|types.IsInteger) != 0
}

// telling reports whether t says more than that something is not known.
func (t *Term) telling() bool {
	switch t.Op {
	case OpUnknown:
		return false
	case OpConcat, OpEither:
		return slices.ContainsFunc(t.Args, (*Term).telling)
	}
	return true
}

// listenerParams exports what functions do with a listener that they get.
func (c *collector) listenerParams() {
	for _, fn := range c.flow.declarations() {
		if !fn.Exported() || c.Pkg.Name() == "main" {
			continue
		}
		i := grpcpkg.ParamIndex(fn.Signature(), isListener)
		if i < 0 || fn.Signature().Variadic() && i == fn.Signature().Params().Len()-1 {
			continue
		}
		use := c.classify(c.flow.sinksOf(fn.Signature().Params().At(i), c.wrapped))
		c.ExportObjectFact(fn, &ListensFor{Param: i, Use: use.use})
	}
}

func isListener(t types.Type) bool { return grpcpkg.IsType(t, "net", "Listener") }
