// Package plan decides what generation makes of functions: who serves and calls what, which calls stay in the app, and what
// the host serves to the outside. It decides from what the analyzer found and reads nothing itself. It prints plans too, as text, JSON,
// and pictures.
package plan

import (
	"cmp"
	"errors"
	"fmt"
	"go/token"
	"slices"
	"strings"

	"github.com/cofaas/cofaas/analyzer"
	"github.com/cofaas/cofaas/internal/hostserved"
	"github.com/cofaas/cofaas/internal/placement"
)

// Plan is what was decided for the functions of a module or workspace. Its JSON is described by docs/plan.schema.json.
type Plan struct {
	Functions []*Function `json:"functions"` // by name
	Services  []*Service  `json:"services"`  // by name
	Edges     []Edge      `json:"edges"`     // by caller, then service, then callee
	// Diagnostics are what may go wrong while the functions run.
	Diagnostics []Diagnostic `json:"diagnostics"`
	// Patches are what stages change so that packages compile for wasip1, by file.
	Patches []Patch `json:"patches,omitempty"`
}

// Function is one guest, and the root of the app that it reaches.
type Function struct {
	Name    string   `json:"name"`
	Package string   `json:"package"`
	Dir     string   `json:"-"`
	Exports []string `json:"exports"` // full names of services, sorted
	Imports []string `json:"imports"`
	// Places are where it runs, in hosts that do not say otherwise: what it is built for, and first what is used unless the operator says
	// otherwise.
	Places []placement.Place `json:"places"`
	// In are the hosts in which it runs elsewhere, by root.
	In []PlacesIn `json:"in,omitempty"`
	// HostServes are services that the function registers and that the host serves in its place.
	HostServes []string `json:"hostServes,omitempty"`
	// Listen has the addresses that the function's servers listen on, as far as they are known.
	Listen []Value `json:"listen"`
	// Needs are what the function does beside gRPC, and can only do if the operator of the host allows it or gives it, by position.
	Needs []Need `json:"needs,omitempty"`
	// Rewritten and Kept are packages that import grpc: with the stubs in place of it, or as they are.
	Rewritten []string `json:"rewritten"`
	// Copied are those of Rewritten that packages of Kept use too: these get the originals.
	Copied []string `json:"copied,omitempty"`
	Kept   []string `json:"kept,omitempty"`

	Analysis *analyzer.Function `json:"-"`
}

// Service is a service that functions export or import.
type Service struct {
	Name string `json:"name"`
	// Package is the Go package that declares it.
	Package string   `json:"package"`
	Methods []Method `json:"methods"`
	// Exporters are the functions that serve it, sorted.
	Exporters []string `json:"exporters"`
}

// Method is a method of a service.
type Method struct {
	Name          string `json:"name"`
	ClientStreams bool   `json:"clientStreams"`
	ServerStreams bool   `json:"serverStreams"`
}

// Streams says whether one of the service's methods streams.
func (s *Service) Streams() bool {
	return slices.ContainsFunc(s.Methods, func(m Method) bool { return m.ClientStreams || m.ServerStreams })
}

// Edge is a call from one function to another, or out of the app. There are several for a service that several functions export:
// the host tells them apart by the target that is dialled.
type Edge struct {
	From string `json:"from"`
	// To is empty if no function exports the service: the edge is remote.
	To      string `json:"to"`
	Service string `json:"service"`
	// Calls are where clients are made whose calls take the edge, or may. There are none if all that is known of what is dialled leads to
	// other functions.
	Calls []Call `json:"calls"`
}

// Call is a place where a client is made.
type Call struct {
	Position Position `json:"position"`
	// Target is what its connection dials.
	Target Value `json:"target"`
	// Undecided says that it is not known which of several functions answers.
	Undecided bool `json:"undecided,omitempty"`
}

// Value is what is known of a target or an address.
type Value struct {
	// Known says that it is Value, whatever happens at run time.
	Known bool   `json:"known"`
	Value string `json:"value,omitempty"`
	// Source is where it comes from if it is not known, as a flag or a variable, and Default what it is unless that says otherwise.
	Source  string `json:"source,omitempty"`
	Default string `json:"default,omitempty"`
}

func newValue(v analyzer.Value) Value {
	return Value{Known: v.Known, Value: v.Const, Source: v.Source, Default: v.Default}
}

// Usual is the value if there is one, or what it is by default, or empty.
func (v Value) Usual() string {
	if v.Known {
		return v.Value
	}
	return v.Default
}

// String describes the value: what it is, and where it comes from.
func (v Value) String() string {
	switch {
	case v.Known:
		return v.Value
	case v.Default != "":
		return fmt.Sprintf("%s (default of %s)", v.Default, cmp.Or(v.Source, "what is not known"))
	}
	return cmp.Or(v.Source, "unknown")
}

// Position is a place in a source file.
type Position struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

func (p Position) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// Error is a decision that cannot be made.
type Error struct {
	Pos token.Position
	// Subject is what it is about; Problem says what is wrong and what to do.
	Subject, Problem string
}

func (e *Error) Error() string {
	if e.Pos.Filename != "" { // a folder has no line
		return fmt.Sprintf("%s: %s: %s", e.Pos, e.Subject, e.Problem)
	}
	return e.Subject + ": " + e.Problem
}

// maker makes a plan.
type maker struct {
	plan *Plan
	// name turns the names of files into those that positions have.
	name      func(file string) string
	exporters map[string][]*Function
	errs      []error
}

// Make decides. All problems are reported at once. name turns the absolute names of files into those that the plan has.
func Make(res *analyzer.Result, name func(file string) string) (*Plan, error) {
	m := &maker{plan: &Plan{Services: []*Service{}, Edges: []Edge{}, Diagnostics: []Diagnostic{}}, name: name, exporters: map[string][]*Function{}}
	for _, a := range res.Functions {
		m.function(a)
	}
	p := m.plan
	if len(m.errs) > 0 {
		slices.SortFunc(m.errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
		return nil, errors.Join(m.errs...)
	}
	byName := func(a, b *Function) int { return strings.Compare(a.Name, b.Name) }
	slices.SortFunc(p.Functions, byName)
	for _, by := range m.exporters {
		slices.SortFunc(by, byName)
	}
	for _, f := range p.Functions {
		m.services(f)
		for _, service := range f.Imports {
			m.edges(f, service)
		}
	}
	slices.SortFunc(p.Services, func(a, b *Service) int { return strings.Compare(a.Name, b.Name) })
	m.diagnose()
	return p, nil
}

func (m *maker) fail(dir, subject, format string, args ...any) {
	m.errs = append(m.errs, &Error{token.Position{Filename: dir}, subject, fmt.Sprintf(format, args...)})
}

func (m *maker) position(pos token.Position) Position {
	return Position{File: m.name(pos.Filename), Line: pos.Line, Column: pos.Column}
}

// function adds a function with what it serves and calls.
func (m *maker) function(a *analyzer.Function) {
	f := &Function{Name: a.Name, Package: a.PkgPath, Dir: a.Dir, Analysis: a, Exports: []string{}, Imports: []string{}, Listen: []Value{}, Places: onlyWasm}
	if other := m.plan.Function(f.Name); other != nil {
		m.fail(a.Dir, "function "+f.Name, "%s has the same name: a function is named by its folder; rename one of them", other.Dir)
		return
	}
	m.plan.Functions = append(m.plan.Functions, f)
	for _, e := range a.Exports {
		name := e.Service.Name
		switch {
		case hostserved.IsKept(name):
			f.HostServes = appendNew(f.HostServes, name)
		case !slices.Contains(f.Exports, name):
			f.Exports = append(f.Exports, name)
			m.exporters[name] = append(m.exporters[name], f)
		}
		for _, v := range e.Listen {
			f.Listen = appendNew(f.Listen, newValue(v))
		}
	}
	if len(f.Exports) == 0 {
		m.fail(a.Dir, "function "+f.Name, "it registers no service of its own, so there is nothing to consolidate; remove its go:generate line")
	}
	for _, i := range a.Imports {
		if isKnown(i.Service) {
			f.Imports = appendNew(f.Imports, i.Service.Name)
		}
	}
	for _, r := range a.Rewritten {
		f.Rewritten = append(f.Rewritten, r.PkgPath)
		if r.Copy != "" {
			f.Copied = append(f.Copied, r.PkgPath)
		}
	}
	for _, k := range a.Kept {
		f.Kept = append(f.Kept, k.PkgPath)
	}
	m.needs(f, a.Needs)
	slices.Sort(f.Exports)
	slices.Sort(f.Imports)
}

// services adds the services that a function exports and imports. What several know is described by who exports it, since that is
// the code that runs.
func (m *maker) services(f *Function) {
	add := func(s *analyzer.Service) {
		out := &Service{Name: s.Name, Package: s.PkgPath, Methods: []Method{}, Exporters: []string{}}
		for _, method := range s.Methods {
			out.Methods = append(out.Methods, Method{method.Name, method.ClientStreams, method.ServerStreams})
		}
		for _, e := range m.exporters[s.Name] {
			out.Exporters = append(out.Exporters, e.Name)
		}
		i := slices.IndexFunc(m.plan.Services, func(other *Service) bool { return other.Name == s.Name })
		switch {
		case i < 0:
			m.plan.Services = append(m.plan.Services, out)
		case len(m.plan.Services[i].Methods) < len(out.Methods):
			m.plan.Services[i] = out
		}
	}
	for _, e := range f.Analysis.Exports {
		if slices.Contains(f.Exports, e.Service.Name) {
			add(e.Service)
		}
	}
	for _, i := range f.Analysis.Imports {
		if slices.Contains(f.Imports, i.Service.Name) {
			add(i.Service)
		}
	}
}

// edges adds the edges by which a function calls a service, and says which of them each client takes.
func (m *maker) edges(f *Function, service string) {
	to := m.exporters[service]
	edges := []Edge{{From: f.Name, Service: service, Calls: []Call{}}}
	if len(to) > 0 {
		edges = edges[:0]
		for _, e := range to {
			edges = append(edges, Edge{From: f.Name, To: e.Name, Service: service, Calls: []Call{}})
		}
	}
	for _, i := range f.Analysis.Imports {
		if i.Service.Name != service {
			continue
		}
		c := Call{Position: m.position(i.Pos), Target: newValue(i.Target)}
		if i.Dial.IsValid() {
			c.Position = m.position(i.Dial)
		}
		only := 0
		if len(to) > 1 {
			only = leadsTo(c.Target, to)
		}
		c.Undecided = only < 0
		for n := range edges {
			if (only == n || only < 0) && !slices.Contains(edges[n].Calls, c) {
				edges[n].Calls = append(edges[n].Calls, c)
			}
		}
	}
	m.plan.Edges = append(m.plan.Edges, edges...)
}

// isKnown says whether there is generated code of a service. Of one that is only called by its name, as a string, there is nothing to
// generate bindings from; who answers such a call is a matter of run time.
func isKnown(s *analyzer.Service) bool { return s.PkgPath != "" }

func appendNew[T comparable](list []T, x T) []T {
	if slices.Contains(list, x) {
		return list
	}
	return append(list, x)
}

// Function returns the function of that name, or nil.
func (p *Plan) Function(name string) *Function {
	for _, f := range p.Functions {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// Service returns the service of that name, or nil.
func (p *Plan) Service(name string) *Service {
	for _, s := range p.Services {
		if s.Name == name {
			return s
		}
	}
	return nil
}
