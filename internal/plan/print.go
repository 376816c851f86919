package plan

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
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
		for service, to := range p.calls(f) {
			switch len(to) {
			case 0:
				fmt.Fprintf(&b, "  calls  %s (remote)\n", service)
			case 1:
				fmt.Fprintf(&b, "  calls  %s -> %s (local)\n", service, to[0])
			default:
				fmt.Fprintf(&b, "  calls  %s -> %s (local, by dialled target)\n", service, strings.Join(to, " or "))
			}
		}
		for _, pkg := range f.Rewritten {
			fmt.Fprintf(&b, "  rewrites %s\n", pkg)
		}
		for _, pkg := range f.Kept {
			fmt.Fprintf(&b, "  keeps %s\n", pkg)
		}
	}
	for _, patch := range p.Patches {
		fmt.Fprintf(&b, "patches %s\n", patch)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// calls yields the services that a function calls, each with the functions that export it.
func (p *Plan) calls(f *Function) iter.Seq2[string, []string] {
	return func(yield func(string, []string) bool) {
		for _, service := range f.Imports {
			var to []string
			for _, e := range p.Edges {
				if e.From == f.Name && e.Service == service && e.To != "" {
					to = append(to, e.To)
				}
			}
			if !yield(service, to) {
				return
			}
		}
	}
}

// JSON prints the plan for programs: an object with the arrays functions and edges. Edges to "" are remote.
func (p *Plan) JSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(p)
}

// DOT prints the plan as a Graphviz graph. Services that are remote are nodes of their own.
func (p *Plan) DOT(w io.Writer) error {
	var b strings.Builder
	b.WriteString("digraph app {\n\trankdir=LR;\n\tnode [shape=box];\n")
	for _, f := range p.Functions {
		fmt.Fprintf(&b, "\t%q [label=%q];\n", f.Name, f.Name+"\n"+strings.Join(f.Exports, "\n"))
	}
	remote := map[string]bool{}
	for _, e := range p.Edges {
		if e.To != "" {
			fmt.Fprintf(&b, "\t%q -> %q [label=%q];\n", e.From, e.To, e.Service)
			continue
		}
		// No function has a slash in its name.
		node := "remote/" + e.Service
		if !remote[e.Service] {
			remote[e.Service] = true
			fmt.Fprintf(&b, "\t%q [label=%q, style=dashed];\n", node, e.Service)
		}
		fmt.Fprintf(&b, "\t%q -> %q [style=dashed];\n", e.From, node)
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}
