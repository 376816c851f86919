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
	// Copy is the path of the rewritten package if packages that keep the real
	// gRPC need the original too, or "".
	Copy string
}

// copyName is the folder of a copy in its package. There it may import what is
// internal to it.
const copyName = "cofaasguest"

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
	d := newDecider(main, nodes)
	for !d.try() {
	}
	p := &Program{nodes: d.nodes, reasons: d.reasons}
	if p.nodes[main] == nil {
		p.Rewritten = append(p.Rewritten, Choice{Path: main, Reason: d.reasons[main]})
	}
	for _, n := range nodes {
		reason, ok := d.reasons[n.Path]
		switch {
		case ok && (n.GRPC || n.Listens || n.Path == main || d.importsSplit(n)):
			c := Choice{Path: n.Path, Module: n.Module, Reason: reason}
			if by, ok := d.split[n.Path]; ok {
				c.Copy = n.Path + "/" + copyName
				c.Reason += "; a copy, since " + by + " keeps the original"
			}
			p.Rewritten = append(p.Rewritten, c)
		case n.GRPC && !ok:
			p.Kept = append(p.Kept, Choice{Path: n.Path, Module: n.Module, Reason: "exchanges no gRPC values with a rewritten package"})
		}
	}
	return p
}

// A decider tries out which packages can be there twice: rewritten, and as they
// are for packages that keep the real gRPC. Without that, whatever uses such a
// package would have to be rewritten, though it has nothing to do with the
// function's RPCs: a cloud library that uses the same instrumentation.
type decider struct {
	main      string
	nodes     map[string]*Node
	importers map[string][]Edge // by imported package; Path is the importer
	handlers  map[string][]Edge // by the package that describes services; Path handles its messages
	single    map[string]bool   // packages that must not be there twice
	forced    map[string]string // packages that turned out to be needed, with reasons

	// The outcome of a try.
	reasons map[string]string // the set
	split   map[string]string // packages of the set that are there twice, and who keeps the original
}

func newDecider(main string, nodes []*Node) *decider {
	d := &decider{
		main:      main,
		nodes:     make(map[string]*Node),
		importers: make(map[string][]Edge),
		handlers:  make(map[string][]Edge),
		single:    make(map[string]bool),
		forced:    make(map[string]string),
	}
	for _, n := range nodes {
		d.nodes[n.Path] = n
		d.single[n.Path] = n.Owned || n.Single
		for _, e := range n.Edges {
			d.importers[e.Path] = append(d.importers[e.Path], Edge{n.Path, e.Why})
		}
		for _, e := range n.Handles {
			d.handlers[e.Path] = append(d.handlers[e.Path], Edge{n.Path, e.Why})
		}
	}
	return d
}

// try computes the set, and reports whether that is it. If not, it has learned
// that some package must not be there twice, or belongs to the set.
func (d *decider) try() bool {
	d.close()
	d.split = make(map[string]string)
	for again := true; again; {
		again = false
		for _, path := range slices.Sorted(maps.Keys(d.reasons)) {
			n := d.nodes[path]
			if n == nil || d.single[path] || d.split[path] != "" || !n.GRPC && !d.importsSplit(n) {
				continue
			}
			for _, e := range d.importers[path] {
				if _, ok := d.reasons[e.Path]; !ok {
					d.split[path] = e.Path
					again = true
					break
				}
			}
		}
	}
	return d.splitBelow() && d.takeTypes()
}

// close computes the set. It grows from a package to those that it exchanges
// values with; not, though, from one that can be there twice to what imports it.
func (d *decider) close() {
	d.reasons = map[string]string{d.main: "is the function"}
	work := []string{d.main}
	reach := func(path, reason string) {
		if _, ok := d.reasons[path]; !ok {
			d.reasons[path] = reason
			work = append(work, path)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(d.nodes)) {
		switch n := d.nodes[path]; {
		case d.forced[path] != "":
			reach(path, d.forced[path])
		case !n.Owned:
		case len(n.Registers) > 0:
			reach(path, "registers "+n.Registers[0])
		case len(n.Calls) > 0:
			reach(path, "calls "+n.Calls[0])
		}
	}
	for len(work) > 0 {
		path := work[0]
		work = work[1:]
		if n := d.nodes[path]; n != nil {
			for _, e := range n.Edges {
				reach(e.Path, e.Why+", with "+path)
			}
		}
		for _, e := range d.importers[path] {
			if d.single[path] || d.nodes[e.Path].Owned {
				reach(e.Path, e.Why+", with "+path)
			}
		}
		for _, e := range d.handlers[path] {
			reach(e.Path, e.Why+", of a service of "+path)
		}
	}
}

// splitBelow has what an original exchanges values with be there twice as well.
// It reports false if that cannot be.
func (d *decider) splitBelow() bool {
	work := slices.Sorted(maps.Keys(d.split))
	ok := true
	for len(work) > 0 {
		path := work[0]
		work = work[1:]
		for _, e := range d.nodes[path].Edges {
			_, in := d.reasons[e.Path]
			_, twice := d.split[e.Path]
			switch {
			case !in || twice || d.nodes[e.Path] == nil:
			case d.single[e.Path]:
				d.single[path] = true
				ok = false
			default:
				d.split[e.Path] = path
				work = append(work, e.Path)
			}
		}
	}
	return ok
}

// takeTypes finds packages outside of the set from which one in it gets types of
// a package that is there twice: theirs must be those of the copy. It reports
// false if there are any.
func (d *decider) takeTypes() bool {
	ok := true
	for _, path := range slices.Sorted(maps.Keys(d.reasons)) {
		n := d.nodes[path]
		if n == nil {
			continue
		}
		for _, m := range n.Mentions {
			_, in := d.reasons[m.Path]
			if _, twice := d.split[m.Types]; twice && !in {
				d.forced[m.Path] = "gives types of " + m.Types + " to " + path
				ok = false
			}
		}
	}
	return ok
}

// importsSplit reports whether n imports a package that is there twice.
func (d *decider) importsSplit(n *Node) bool {
	return slices.ContainsFunc(n.Imports, func(path string) bool { _, ok := d.split[path]; return ok })
}
