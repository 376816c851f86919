package plan

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Text prints the plan for people.
func (p *Plan) Text(w io.Writer) error {
	var b strings.Builder
	for _, f := range p.Functions {
		fmt.Fprintf(&b, "function %s (%s)\n", f.Name, f.Package)
		for _, s := range f.Exports {
			fmt.Fprintf(&b, "  serves %s\n", s)
		}
		for _, s := range f.HostServes {
			fmt.Fprintf(&b, "  serves %s (the host does, in its place)\n", s)
		}
		for _, e := range p.Edges {
			if e.From == f.Name {
				fmt.Fprintf(&b, "  calls  %s -> %s (local)\n", e.Service, e.To)
			}
		}
		for _, pkg := range f.Rewritten {
			fmt.Fprintf(&b, "  rewrites %s\n", pkg)
		}
		for _, pkg := range f.Kept {
			fmt.Fprintf(&b, "  keeps %s\n", pkg)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// JSON prints the plan for programs: an object with the arrays functions and edges.
func (p *Plan) JSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(p)
}

// DOT prints the plan as a Graphviz graph.
func (p *Plan) DOT(w io.Writer) error {
	var b strings.Builder
	b.WriteString("digraph app {\n\trankdir=LR;\n\tnode [shape=box];\n")
	for _, f := range p.Functions {
		fmt.Fprintf(&b, "\t%q [label=%q];\n", f.Name, f.Name+"\n"+strings.Join(f.Exports, "\n"))
	}
	for _, e := range p.Edges {
		fmt.Fprintf(&b, "\t%q -> %q [label=%q];\n", e.From, e.To, e.Service)
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}
