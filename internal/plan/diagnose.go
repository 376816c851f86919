package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cofaas/cofaas/analyzer"
	"github.com/cofaas/cofaas/internal/routing"
)

// Diagnostic is something that may go wrong while functions run, and what to do about it. It does not stand in the way of generation.
type Diagnostic struct {
	Position Position `json:"position"`
	// Category is analyzer.CategoryAmbiguousService or CategoryUnroutableTarget.
	Category string `json:"category"`
	// Function calls Service, which Exporters serve, by dialling Target.
	Function  string   `json:"function"`
	Service   string   `json:"service"`
	Target    Value    `json:"target"`
	Exporters []string `json:"exporters"`
	Message   string   `json:"message"`
	// Flags of the host help: one of them.
	Flags []string `json:"flags"`
}

func (d Diagnostic) String() string {
	return fmt.Sprintf("%s: %s [%s]", d.Position, d.Message, d.Category)
}

// leadsTo says which of several functions a target leads to by its usual value, by index, or -1.
func leadsTo(target Value, functions []*Function) int {
	if target.Usual() == "" {
		return -1
	}
	known := make([]routing.Function, len(functions))
	for i, f := range functions {
		known[i].Name = f.Name
		for _, v := range f.Listen {
			if addr := v.Usual(); addr != "" {
				known[i].Addresses = append(known[i].Addresses, routing.Address{Network: network(addr), Address: addr})
			}
		}
	}
	return routing.Choose(routing.Parse(target.Usual()), known)
}

// network is that of an address: what is no host and port is the path of a socket.
func network(addr string) string {
	if strings.Contains(addr, "/") || !strings.Contains(addr, ":") {
		return "unix"
	}
	return "tcp"
}

// diagnose reports calls of which it cannot be told which function answers. The host will not know either, unless it is told.
func (m *maker) diagnose() {
	seen := map[string]bool{}
	for _, e := range m.plan.Edges {
		for _, c := range e.Calls {
			key := fmt.Sprint(e.From, e.Service, c)
			if !c.Undecided || seen[key] {
				continue
			}
			seen[key] = true
			m.plan.Diagnostics = append(m.plan.Diagnostics, undecided(e, c, m.plan.Service(e.Service).Exporters))
		}
	}
	slices.SortFunc(m.plan.Diagnostics, func(a, b Diagnostic) int { return strings.Compare(sortKey(a), sortKey(b)) })
}

func sortKey(d Diagnostic) string {
	return fmt.Sprintf("%s\x00%08d%08d%s", d.Position.File, d.Position.Line, d.Position.Column, d.Message)
}

func undecided(e Edge, c Call, exporters []string) Diagnostic {
	d := Diagnostic{Position: c.Position, Function: e.From, Service: e.Service, Target: c.Target, Exporters: exporters}
	target := c.Target.Usual()
	if target == "" {
		d.Category, target = analyzer.CategoryAmbiguousService, "TARGET"
	} else {
		d.Category = analyzer.CategoryUnroutableTarget
	}
	for _, to := range exporters {
		d.Flags = append(d.Flags, route(e.From, target, to))
	}
	serve := strings.Join(exporters[:len(exporters)-1], ", ") + " and " + exporters[len(exporters)-1]
	flags := strings.Join(d.Flags, " or ")
	if d.Category == analyzer.CategoryUnroutableTarget {
		d.Message = fmt.Sprintf("function %s dials %s for service %s, which functions %s serve, and neither name nor address says which of them is meant: tell the host with %s",
			e.From, quoted(c.Target), e.Service, serve, flags)
	} else {
		d.Message = fmt.Sprintf("function %s calls service %s, which functions %s serve, and what it dials is not known (%s): if TARGET, what it is then, names none of them and has the port of none, tell the host with %s",
			e.From, e.Service, serve, c.Target, flags)
	}
	return d
}

// quoted is a target in a sentence.
func quoted(v Value) string {
	if v.Known {
		return fmt.Sprintf("%q", v.Value)
	}
	return fmt.Sprintf("%q, the default of %s,", v.Default, v.Source)
}

// route is the flag by which a host sends a function's calls to a target to one of several functions. That only this function's are
// meant can be said of targets with a colon in them.
func route(from, target, to string) string {
	if strings.Contains(target, ":") || target == "TARGET" {
		return fmt.Sprintf("-route %s:%s=%s", from, target, to)
	}
	return fmt.Sprintf("-route %s=%s", target, to)
}
