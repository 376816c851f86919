package session

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"runtime/debug"
	"slices"

	"golang.org/x/tools/go/ast/astutil"
	"golang.org/x/tools/go/packages"

	"github.com/cofaas/cofaas/analyzer"
	"github.com/cofaas/cofaas/internal/placement"
	planning "github.com/cofaas/cofaas/internal/plan"
)

// A plan is what was decided about the functions of a view when that was last possible. It refers to no syntax.
type plan struct {
	functions map[string]*Function // by package path; nil if it never was
	err       error                // what stands in the way since
}

// A Function is what is known of one function.
type Function struct {
	Name, Package string
	Serves        []string // services that other functions can call, sorted
	HostServes    []string // services that the host serves in its place
	Calls         []Call   // by service
	Callers       []Caller // who calls it, by name and service
	Rewritten     int      // packages that get the stubs of gRPC
	Kept          int      // packages that keep gRPC
	Places        []placement.Place
	Runs          string // where it runs, in words; empty if nothing is said of it, and it is a guest
	Needs         []Need // what the operator of the host has to allow or give, each once

	contains map[string]bool // paths of its packages
}

// A Need is something that a function can do only if the operator of the host says so, and the flag for it, or "".
type Need struct{ What, Flag string }

// A Call says what becomes of the calls of a function to a service.
type Call struct {
	Service string
	To      []Callee // none if the calls leave the app
	Targets []string // what is known of the dialled targets
}

// A Callee is a function that serves a service.
type Callee struct {
	Function string
	// Places is where it runs unless its host says otherwise, and Elsewhere is about such hosts, in words that follow others.
	Places    []placement.Place
	Elsewhere string
	handlers  map[string]Handler // by method
}

// A Handler is the method of a function that answers calls.
type Handler struct {
	Name     string // as in (*server).SayHello
	Location Location
}

// A Caller is a function that calls another.
type Caller struct{ Function, Service string }

// Plan makes the plans anew whose functions have changed, which takes longer than an update and is not needed for diagnostics. Where
// functions do not compile the last plan stays.
func (s *Session) Plan() {
	s.updating.Lock()
	defer s.updating.Unlock()
	for _, root := range sortedKeys(s.views) {
		if v := s.views[root]; v.dirty {
			v.replan()
		}
	}
	s.show()
}

func (v *view) replan() {
	var pkgs []*packages.Package
	for _, id := range v.functions {
		n := v.nodes[id]
		if n == nil || n.broken {
			return
		}
		pkgs = append(pkgs, n.pkg)
	}
	v.dirty = false
	defer func() {
		if r := recover(); r != nil {
			v.opts.Warn("%s: no plan: panic: %v\n%s", v.dir, r, debug.Stack())
		}
	}()
	// One after the other, since nothing could recover from a panic in a goroutine of the checker.
	var decided *planning.Plan
	found, err := analyzer.Analyze(pkgs, analyzer.Options{Sequential: true})
	if err == nil {
		if decided, err = planning.Make(found, func(file string) string { return file }); err == nil {
			decided.Place(planning.Stated(found).In)
		}
	}
	if err != nil {
		if v.plan == nil || v.plan.err == nil || v.plan.err.Error() != err.Error() {
			v.opts.Warn("%s: no plan: %v", v.dir, err)
		}
		failed := &plan{err: err}
		if v.plan != nil {
			failed.functions = v.plan.functions
		}
		v.plan = failed
		return
	}
	p := &plan{functions: map[string]*Function{}}
	for _, f := range decided.Functions {
		p.functions[f.Package] = v.function(decided, f)
	}
	v.plan = p
}

func (v *view) function(decided *planning.Plan, f *planning.Function) *Function {
	fn := &Function{
		Name: f.Name, Package: f.Package, Serves: f.Exports, HostServes: f.HostServes,
		Rewritten: len(f.Rewritten), Kept: len(f.Kept), Places: f.Places,
		contains: map[string]bool{},
	}
	for _, n := range v.nodeOf(f).closure() {
		fn.contains[n.meta.PkgPath] = true
	}
	if len(f.In) > 0 || !slices.Equal(f.Places, []placement.Place{placement.Wasm}) {
		fn.Runs = f.Runs()
	}
	for _, service := range f.Imports {
		call := Call{Service: service}
		for _, e := range decided.Edges {
			if e.From == f.Name && e.Service == service && e.To != "" {
				to := decided.Function(e.To)
				call.To = append(call.To, Callee{e.To, to.Places, to.Elsewhere(), v.handlers(to, service)})
			}
		}
		for _, i := range f.Analysis.Imports {
			if target := i.Target.String(); i.Service.Name == service && !slices.Contains(call.Targets, target) {
				call.Targets = append(call.Targets, target)
			}
		}
		fn.Calls = append(fn.Calls, call)
	}
	for _, n := range f.Analysis.Needs {
		need := Need{What: n.String()}
		need.Flag, _ = n.Flag(f.Name)
		if !slices.Contains(fn.Needs, need) {
			fn.Needs = append(fn.Needs, need)
		}
	}
	for _, e := range decided.Edges {
		if e.To == f.Name {
			fn.Callers = append(fn.Callers, Caller{e.From, e.Service})
		}
	}
	return fn
}

func (v *view) nodeOf(f *planning.Function) *node { return v.nodes[f.Analysis.Package.ID] }

// handlers returns the methods of f that answer calls to a service: those of the value that is registered for it or, where that is an
// interface, of the only type of the function that can be in it.
func (v *view) handlers(f *planning.Function, service string) map[string]Handler {
	handlers := map[string]Handler{}
	for _, e := range f.Analysis.Exports {
		if e.Service.Name != service {
			continue
		}
		impl := v.registered(f, e)
		if impl == nil {
			continue
		}
		for _, m := range e.Service.Methods {
			obj, _, _ := types.LookupFieldOrMethod(impl, true, nil, m.Name)
			method, ok := obj.(*types.Func)
			if !ok || !method.Pos().IsValid() {
				continue
			}
			recv := types.TypeString(method.Signature().Recv().Type(), func(*types.Package) string { return "" })
			handlers[m.Name] = Handler{
				Name:     fmt.Sprintf("(%s).%s", recv, method.Name()),
				Location: v.location(method.Pos(), method.Pos()+tokenLength(method)),
			}
		}
	}
	return handlers
}

// registered returns the type of what f registers at e, or nil if it cannot be told.
func (v *view) registered(f *planning.Function, e *analyzer.Export) types.Type {
	call, info := v.callAt(f, e)
	if call == nil {
		return nil
	}
	for _, arg := range call.Args {
		t := info.TypeOf(arg)
		if t == nil || !serves(t, e.Service) {
			continue
		}
		if iface, ok := t.Underlying().(*types.Interface); ok {
			return v.implementation(f, iface)
		}
		return t
	}
	return nil
}

// callAt returns the call at which f registers a service.
func (v *view) callAt(f *planning.Function, e *analyzer.Export) (*ast.CallExpr, *types.Info) {
	for _, n := range v.nodeOf(f).closure() {
		for _, file := range n.pkg.Syntax {
			tok := v.fset.File(file.FileStart)
			if tok == nil || tok.Name() != e.Pos.Filename || e.Pos.Offset > tok.Size() {
				continue
			}
			pos := tok.Pos(e.Pos.Offset)
			path, _ := astutil.PathEnclosingInterval(file, pos, pos)
			for _, node := range path {
				if call, ok := node.(*ast.CallExpr); ok && call.Pos() == pos {
					return call, n.pkg.TypesInfo
				}
			}
		}
	}
	return nil, nil
}

// serves says whether t has the methods of a service.
func serves(t types.Type, service *analyzer.Service) bool {
	for _, m := range service.Methods {
		obj, _, _ := types.LookupFieldOrMethod(t, true, nil, m.Name)
		if _, ok := obj.(*types.Func); !ok {
			return false
		}
	}
	return len(service.Methods) > 0
}

// implementation returns the only type of the packages that f's user can edit, and that are not generated, that implements iface.
func (v *view) implementation(f *planning.Function, iface *types.Interface) types.Type {
	var found []types.Type
	for _, n := range v.nodeOf(f).closure() {
		if !n.editable {
			continue
		}
		for _, file := range n.pkg.Syntax {
			if ast.IsGenerated(file) {
				continue
			}
			for _, decl := range file.Decls {
				gen, ok := decl.(*ast.GenDecl)
				if !ok {
					continue
				}
				for _, spec := range gen.Specs {
					ts, ok := spec.(*ast.TypeSpec)
					if !ok || ts.TypeParams != nil {
						continue
					}
					t := n.pkg.TypesInfo.TypeOf(ts.Name)
					if t != nil && !types.IsInterface(t) && types.Implements(types.NewPointer(t), iface) {
						found = append(found, types.NewPointer(t))
					}
				}
			}
		}
	}
	if len(found) != 1 {
		return nil
	}
	return found[0]
}

// errNotPlanned stands for code that has not compiled since the session began.
var errNotPlanned = errors.New("nothing is known of the functions before they compile")

// tokenLength is how many bytes the name of an object takes in its file.
func tokenLength(obj types.Object) token.Pos { return token.Pos(len(obj.Name())) }
