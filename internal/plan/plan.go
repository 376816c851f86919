// Package plan decides what generation makes of functions: who serves and calls what, which calls stay in the app, and what
// the host serves to the outside. It decides from what the analyzer found and reads nothing itself.
package plan

import (
	"errors"
	"fmt"
	"go/token"
	"slices"
	"strings"

	"github.com/cofaas/cofaas/analyzer"
	"github.com/cofaas/cofaas/internal/hostserved"
)

// Plan is what was decided for the functions of a module or workspace.
type Plan struct {
	Functions []*Function `json:"functions"` // by name
	Edges     []Edge      `json:"edges"`     // by caller, then service, then callee
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
	// HostServes are services that the function registers and that the host serves in its place.
	HostServes []string `json:"hostServes,omitempty"`
	// Rewritten and Kept are packages that import grpc: with the stubs in place of it, or as they are.
	Rewritten []string `json:"rewritten"`
	Kept      []string `json:"kept,omitempty"`

	Analysis *analyzer.Function `json:"-"`
}

// Edge is a call from one function to another, or out of the app. There are several for a service that several functions export:
// the host tells them apart by the target that is dialled.
type Edge struct {
	From string `json:"from"`
	// To is empty if no function exports the service: the edge is remote.
	To      string `json:"to"`
	Service string `json:"service"`
	// Pos is where the client is made.
	Pos token.Position `json:"-"`
}

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

// Make decides. All problems are reported at once.
func Make(res *analyzer.Result) (*Plan, error) {
	p := &Plan{Edges: []Edge{}}
	var errs []error
	fail := func(pos token.Position, subject, format string, args ...any) {
		errs = append(errs, &Error{pos, subject, fmt.Sprintf(format, args...)})
	}
	exporters := map[string][]*Function{}
	byName := map[string]*Function{}
	for _, a := range res.Functions {
		f := &Function{Name: a.Name, Package: a.PkgPath, Dir: a.Dir, Analysis: a, Exports: []string{}, Imports: []string{}}
		if other := byName[f.Name]; other != nil {
			fail(token.Position{Filename: a.Dir}, "function "+f.Name, "%s has the same name: a function is named by its folder; rename one of them", other.Dir)
			continue
		}
		byName[f.Name] = f
		p.Functions = append(p.Functions, f)
		for _, e := range a.Exports {
			name := e.Service.Name
			switch {
			case hostserved.IsKept(name):
				f.HostServes = appendNew(f.HostServes, name)
			case !slices.Contains(f.Exports, name):
				f.Exports = append(f.Exports, name)
				exporters[name] = append(exporters[name], f)
			}
		}
		if len(f.Exports) == 0 {
			fail(token.Position{Filename: a.Dir}, "function "+f.Name, "it registers no service of its own, so there is nothing to consolidate; remove its go:generate line")
		}
		for _, i := range a.Imports {
			if isKnown(i.Service) {
				f.Imports = appendNew(f.Imports, i.Service.Name)
			}
		}
		for _, r := range a.Rewritten {
			f.Rewritten = append(f.Rewritten, r.PkgPath)
		}
		for _, k := range a.Kept {
			f.Kept = append(f.Kept, k.PkgPath)
		}
		slices.Sort(f.Exports)
		slices.Sort(f.Imports)
	}
	slices.SortFunc(p.Functions, func(a, b *Function) int { return strings.Compare(a.Name, b.Name) })

	for _, by := range exporters {
		slices.SortFunc(by, func(a, b *Function) int { return strings.Compare(a.Name, b.Name) })
	}
	for _, f := range p.Functions {
		for _, i := range f.Analysis.Imports {
			service := i.Service.Name
			if !slices.Contains(f.Imports, service) || slices.ContainsFunc(p.Edges, func(e Edge) bool { return e.From == f.Name && e.Service == service }) {
				continue
			}
			if len(exporters[service]) == 0 {
				p.Edges = append(p.Edges, Edge{From: f.Name, Service: service, Pos: i.Pos})
			}
			for _, to := range exporters[service] {
				p.Edges = append(p.Edges, Edge{From: f.Name, To: to.Name, Service: service, Pos: i.Pos})
			}
		}
	}
	slices.SortStableFunc(p.Edges, func(a, b Edge) int {
		return strings.Compare(a.From+" "+a.Service, b.From+" "+b.Service)
	})
	if len(errs) > 0 {
		slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
		return nil, errors.Join(errs...)
	}
	return p, nil
}

// isKnown says whether there is generated code of a service. Of one that is only called by its name, as a string, there is nothing to
// generate bindings from; who answers such a call is a matter of run time.
func isKnown(s *analyzer.Service) bool { return s.PkgPath != "" }

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
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

// App is a function with everything that it reaches.
type App struct {
	Root      *Function
	Functions []*Function // the root first, then by name
	Edges     []Edge
}

// App returns the app of a function.
func (p *Plan) App(root *Function) *App {
	app := &App{Root: root}
	reached := map[string]bool{root.Name: true}
	for queue := []string{root.Name}; len(queue) > 0; queue = queue[1:] {
		for _, e := range p.Edges {
			if e.From != queue[0] {
				continue
			}
			app.Edges = append(app.Edges, e)
			if e.To != "" && !reached[e.To] {
				reached[e.To] = true
				queue = append(queue, e.To)
			}
		}
	}
	app.Functions = append(app.Functions, root)
	for _, f := range p.Functions {
		if reached[f.Name] && f != root {
			app.Functions = append(app.Functions, f)
		}
	}
	return app
}
