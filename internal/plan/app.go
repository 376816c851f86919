package plan

import (
	"slices"
	"strings"
)

// App is a function with everything that it reaches.
type App struct {
	Root      *Function
	Functions []*Function // the root first, then by name
	// Edges of calls to Remote leave the host.
	Edges []Edge
	// Remote are the functions that are called and are no part of the host, by name.
	Remote []*Function
}

// Has says whether a function is in the app, or called by it.
func (a *App) Has(function string) bool {
	named := func(f *Function) bool { return f.Name == function }
	return slices.ContainsFunc(a.Functions, named) || slices.ContainsFunc(a.Remote, named)
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
			if to := p.Function(e.To); to != nil && to != root && to.IsRemote(root.Name) {
				if !slices.Contains(app.Remote, to) {
					app.Remote = append(app.Remote, to)
				}
				app.leaves(e)
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
	slices.SortFunc(app.Remote, func(a, b *Function) int { return strings.Compare(a.Name, b.Name) })
	return app
}

// leaves adds an edge as one that leaves the host. One is enough for several functions that are remote.
func (a *App) leaves(e Edge) {
	e.To = ""
	for i := range a.Edges {
		if old := &a.Edges[i]; old.From == e.From && old.To == "" && old.Service == e.Service {
			for _, c := range e.Calls {
				old.Calls = appendNew(slices.Clip(old.Calls), c)
			}
			return
		}
	}
	a.Edges = append(a.Edges, e)
}

// Of returns the part of the plan that is about some functions and what they reach: of one, about its host.
func (p *Plan) Of(roots []*Function) *Plan {
	reached, called := map[string]bool{}, map[string]bool{}
	for _, root := range roots {
		app := p.App(root)
		for _, f := range app.Functions {
			reached[f.Name], called[f.Name] = true, true
		}
		for _, f := range app.Remote {
			called[f.Name] = true
		}
	}
	if len(roots) == 1 {
		p = p.inHost(roots[0])
	}
	part := &Plan{Functions: []*Function{}, Services: []*Service{}, Edges: []Edge{}, Diagnostics: []Diagnostic{}}
	services := map[string]bool{}
	for _, f := range p.Functions {
		if !called[f.Name] {
			continue
		}
		part.Functions = append(part.Functions, f)
		for _, s := range slices.Concat(f.Exports, f.Imports) {
			services[s] = true
		}
	}
	for _, s := range p.Services {
		if services[s.Name] {
			exporters := slices.DeleteFunc(slices.Clone(s.Exporters), func(name string) bool { return !called[name] })
			part.Services = append(part.Services, &Service{s.Name, s.Package, s.Methods, exporters})
		}
	}
	for _, e := range p.Edges {
		if reached[e.From] {
			part.Edges = append(part.Edges, e)
		}
	}
	for _, d := range p.Diagnostics {
		if reached[d.Function] {
			part.Diagnostics = append(part.Diagnostics, d)
		}
	}
	return part
}
