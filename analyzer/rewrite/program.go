package rewrite

import (
	"maps"
	"slices"
)

// A Program says which packages of a program are rewritten.
type Program struct {
	Rewritten []Choice // by Path; contains the main package
	Kept      []Choice // by Path; packages that import gRPC

	nodes   map[string]*Node
	reasons map[string]string
}

// A Choice is what was decided about a package.
type Choice struct {
	Path   string
	Module string
	Reason string
}

// Reached returns the packages whose uses of gRPC count for the program, by
// path: those that are rewritten, and those that would be if they imported gRPC.
func (p *Program) Reached() []*Node {
	var list []*Node
	for _, path := range slices.Sorted(maps.Keys(p.nodes)) {
		if _, ok := p.reasons[path]; ok {
			list = append(list, p.nodes[path])
		}
	}
	return list
}

// decide returns the least fixed point for the program of the package at main.
// Packages without gRPC pass on what they exchange, but need no change
// themselves.
func decide(main string, nodes []*Node) *Program {
	p := &Program{nodes: make(map[string]*Node)}
	neighbors := make(map[string][]Edge)
	for _, n := range nodes {
		p.nodes[n.Path] = n
		for _, e := range n.Edges {
			neighbors[n.Path] = append(neighbors[n.Path], e)
			neighbors[e.Path] = append(neighbors[e.Path], Edge{n.Path, e.Why})
		}
	}
	reasons := map[string]string{main: "is the function"}
	p.reasons = reasons
	work := []string{main}
	reach := func(path, reason string) {
		if _, ok := reasons[path]; !ok {
			reasons[path] = reason
			work = append(work, path)
		}
	}
	for _, n := range nodes {
		switch {
		case !n.Owned:
		case len(n.Registers) > 0:
			reach(n.Path, "registers "+n.Registers[0])
		case len(n.Calls) > 0:
			reach(n.Path, "calls "+n.Calls[0])
		}
	}
	for len(work) > 0 {
		path := work[0]
		work = work[1:]
		for _, e := range neighbors[path] {
			reach(e.Path, e.Why+", with "+path)
		}
	}
	if p.nodes[main] == nil {
		p.Rewritten = append(p.Rewritten, Choice{Path: main, Reason: reasons[main]})
	}
	for _, n := range nodes {
		reason, ok := reasons[n.Path]
		switch {
		case ok && (n.GRPC || n.Listens || n.Path == main):
			p.Rewritten = append(p.Rewritten, Choice{n.Path, n.Module, reason})
		case n.GRPC:
			p.Kept = append(p.Kept, Choice{n.Path, n.Module, "exchanges no gRPC values with a rewritten package"})
		}
	}
	return p
}
