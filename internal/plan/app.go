package plan

import "slices"

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

// Of returns the part of the plan that is about some functions and what they reach.
func (p *Plan) Of(roots []*Function) *Plan {
	reached := map[string]bool{}
	for _, root := range roots {
		for _, f := range p.App(root).Functions {
			reached[f.Name] = true
		}
	}
	part := &Plan{Functions: []*Function{}, Services: []*Service{}, Edges: []Edge{}, Diagnostics: []Diagnostic{}}
	services := map[string]bool{}
	for _, f := range p.Functions {
		if !reached[f.Name] {
			continue
		}
		part.Functions = append(part.Functions, f)
		for _, s := range slices.Concat(f.Exports, f.Imports) {
			services[s] = true
		}
	}
	for _, s := range p.Services {
		if services[s.Name] {
			exporters := slices.DeleteFunc(slices.Clone(s.Exporters), func(name string) bool { return !reached[name] })
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
