package plan

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Text prints the plan for people: what all functions rewrite or keep comes once, at the end. Diagnostics are not part of it.
func (p *Plan) Text(w io.Writer) error {
	var b strings.Builder
	rewritten := p.common(func(f *Function) []string { return f.rewritten() })
	kept := p.common(func(f *Function) []string { return f.Kept })
	packages := func(what string, list []string, but []string) {
		for _, pkg := range list {
			if !slices.Contains(but, pkg) {
				fmt.Fprintf(&b, "  %s %s\n", what, pkg)
			}
		}
	}
	for _, f := range p.Functions {
		fmt.Fprintf(&b, "function %s (%s)\n", f.Name, f.Package)
		if p.isPlaced() {
			f.textPlaces(&b)
		}
		for _, v := range f.Listen {
			fmt.Fprintf(&b, "  listens on %s\n", v)
		}
		for _, s := range f.Exports {
			fmt.Fprintf(&b, "  serves %s\n", s)
		}
		for _, s := range f.HostServes {
			fmt.Fprintf(&b, "  serves %s (the host does, in its place)\n", s)
		}
		for _, service := range f.Imports {
			p.textCalls(&b, f, service)
		}
		f.textNeeds(&b)
		packages("rewrites", f.rewritten(), rewritten)
		packages("keeps", f.Kept, kept)
	}
	if len(rewritten)+len(kept) > 0 {
		fmt.Fprintln(&b, "every function")
		packages("rewrites", rewritten, nil)
		packages("keeps", kept, nil)
	}
	for _, patch := range p.Patches {
		fmt.Fprintf(&b, "patches %s\n", patch)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// rewritten returns the packages that are rewritten, and says of which there are copies.
func (f *Function) rewritten() []string {
	list := slices.Clone(f.Rewritten)
	for i, pkg := range list {
		if slices.Contains(f.Copied, pkg) {
			list[i] += " (a copy: packages that it keeps get the original)"
		}
	}
	return list
}

// common is what lists of all functions have in common, if there are several functions.
func (p *Plan) common(list func(f *Function) []string) (all []string) {
	if len(p.Functions) < 2 {
		return nil
	}
	for _, x := range list(p.Functions[0]) {
		if !slices.ContainsFunc(p.Functions[1:], func(f *Function) bool { return !slices.Contains(list(f), x) }) {
			all = append(all, x)
		}
	}
	return all
}

// textCalls prints how a function calls a service.
func (p *Plan) textCalls(b *strings.Builder, f *Function, service string) {
	edges := p.edges(f.Name, service)
	var to []string
	for _, e := range edges {
		if e.To != "" {
			to = append(to, e.To)
		}
	}
	switch len(to) {
	case 0:
		fmt.Fprintf(b, "  calls  %s (remote)\n", service)
	case 1:
		where := "local"
		if callee := p.Function(to[0]); callee.IsRemote("") {
			where = "remote"
		} else if tag := callee.placeTag(); tag != "" {
			where += ", " + tag
		}
		fmt.Fprintf(b, "  calls  %s -> %s (%s)\n", service, to[0], where)
	default:
		fmt.Fprintf(b, "  calls  %s -> %s (local, by dialled target)\n", service, strings.Join(to, " or "))
	}
	seen := map[Call]bool{}
	for _, e := range edges {
		for _, c := range e.Calls {
			if seen[c] {
				continue
			}
			seen[c] = true
			fmt.Fprintf(b, "         dials %s at %s", c.Target, c.Position)
			switch {
			case c.Undecided:
				fmt.Fprint(b, " -> it is not known which")
			case len(to) > 1:
				fmt.Fprintf(b, " -> %s", e.To)
			}
			fmt.Fprintln(b)
		}
	}
}

// edges returns the edges by which a function calls a service.
func (p *Plan) edges(from, service string) []Edge {
	var list []Edge
	for _, e := range p.Edges {
		if e.From == from && e.Service == service {
			list = append(list, e)
		}
	}
	return list
}

// JSON prints the plan for programs, as docs/plan.schema.json says.
func (p *Plan) JSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(p)
}

// DOT prints the plan as a Graphviz graph. Services that are remote are nodes of their own.
func (p *Plan) DOT(w io.Writer) error {
	var b strings.Builder
	b.WriteString("digraph app {\n\trankdir=LR;\n\tnode [shape=box];\n")
	for _, f := range p.Functions {
		label := f.Name
		for _, v := range f.Listen {
			label += "\n" + v.String()
		}
		for _, s := range f.Exports {
			label += "\n" + s
		}
		look := ""
		switch {
		case f.IsRemote(""):
			look = ", style=dashed"
		case f.placeTag() != "":
			label += "\n(" + f.placeTag() + ")"
			look = ", style=bold"
		}
		fmt.Fprintf(&b, "\t%s [label=%s%s];\n", dotQuote(f.Name), dotQuote(label), look)
	}
	remote := map[string]bool{}
	for _, e := range p.Edges {
		var targets []string
		undecided := false
		for _, c := range e.Calls {
			targets = appendNew(targets, c.Target.String())
			undecided = undecided || c.Undecided
		}
		if e.To != "" {
			label := append([]string{e.Service}, targets...)
			attributes := ""
			switch {
			case p.Function(e.To).IsRemote(""):
				attributes = ", style=dashed"
			case undecided:
				attributes = ", style=dotted"
			case len(e.Calls) == 0:
				attributes = ", style=dotted, color=gray" // no known target leads there
			}
			fmt.Fprintf(&b, "\t%s -> %s [label=%s%s];\n", dotQuote(e.From), dotQuote(e.To), dotQuote(strings.Join(label, "\n")), attributes)
			continue
		}
		// No function has a slash in its name.
		node := "remote/" + e.Service
		if !remote[e.Service] {
			remote[e.Service] = true
			fmt.Fprintf(&b, "\t%s [label=%s, style=dashed];\n", dotQuote(node), dotQuote(e.Service))
		}
		fmt.Fprintf(&b, "\t%s -> %s [label=%s, style=dashed];\n", dotQuote(e.From), dotQuote(node), dotQuote(strings.Join(targets, "\n")))
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// dotQuote quotes as Graphviz reads it: only quotes are special, and backslashes, which begin escapes in labels.
func dotQuote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}
