package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cofaas/cofaas/analyzer"
)

// Need is a call by which a function wants something of the system. It gets that only if the operator of the host says so.
type Need struct {
	// Kind is dial, lookup, listen, read or env.
	Kind string `json:"kind"`
	// What is called, as redis.NewClient.
	What string `json:"what"`
	// Network is that of an address that is dialled or listened on.
	Network string `json:"network,omitempty"`
	// Address is host:port, the path of a socket or a file, or the name of a host or of an environment variable.
	Address  Value    `json:"address"`
	Position Position `json:"position"`
	// Via says where What is called, if that is in a function that is called at Position.
	Via string `json:"via,omitempty"`
	// Note is what else there is to know.
	Note string `json:"note,omitempty"`
	// Flag is the flag of the host, if there is one. Unless it is Complete, what is in capital letters is to be filled in.
	Flag     string `json:"flag,omitempty"`
	Complete bool   `json:"complete"`
}

// needs adds what a function needs.
func (m *maker) needs(f *Function, needs []*analyzer.Need) {
	for _, n := range needs {
		need := Need{
			Kind: n.Kind.String(), What: n.What, Network: n.Network, Address: newValue(n.Address), Position: m.position(n.Pos),
			Via: n.Via, Note: n.Note,
		}
		need.Flag, need.Complete = n.Flag(f.Name)
		f.Needs = append(f.Needs, need)
	}
}

// subject is what is needed, as a part of a line.
func (n *Need) subject() string {
	switch n.Kind {
	case analyzer.LookupNeed.String():
		return "look-up of " + n.Address.String()
	case analyzer.ListenNeed.String():
		return n.Network + " port " + n.Address.String()
	case analyzer.ReadNeed.String():
		return "file " + n.Address.String()
	case analyzer.EnvNeed.String():
		return "variable " + n.Address.String()
	}
	return n.Network + " " + n.Address.String()
}

// maxSites bounds how many places are printed that need the same.
const maxSites = 3

// textNeeds prints what a function needs, the same once, and the flags that give it that. Environment variables are many, and are printed
// without places, which are in the JSON.
func (f *Function) textNeeds(b *strings.Builder) {
	var subjects, variables []string
	sites := map[string][]string{}
	for _, n := range f.Needs {
		s := n.subject()
		if n.Kind == analyzer.EnvNeed.String() {
			variables = appendNew(variables, n.Address.String())
			continue
		}
		subjects = appendNew(subjects, s)
		at := fmt.Sprintf("%s at %s", n.What, n.Position)
		if n.Via != "" {
			at += ", " + n.Via
		}
		if n.Note != "" {
			at += " (" + n.Note + ")"
		}
		sites[s] = appendNew(sites[s], at)
	}
	for _, s := range subjects {
		fmt.Fprintf(b, "  needs  %s\n", s)
		for i, at := range sites[s] {
			if i == maxSites {
				fmt.Fprintf(b, "         and %d more\n", len(sites[s])-maxSites)
				break
			}
			fmt.Fprintf(b, "         %s\n", at)
		}
	}
	if len(variables) > 0 {
		fmt.Fprintf(b, "  needs  variables %s\n", strings.Join(variables, ", "))
	}
	complete, open := f.flags()
	if len(complete) > 0 {
		fmt.Fprintf(b, "  flags  %s\n", strings.Join(complete, " "))
	}
	for _, n := range open {
		fmt.Fprintf(b, "  flags  %s (to be filled in: %s)\n", n.Flag, n.missing())
	}
}

// missing is what is not known of the flag of a need.
func (n *Need) missing() string {
	switch {
	case n.Address.Usual() == "":
		return n.Address.String()
	case n.Kind == analyzer.ReadNeed.String():
		return "the absolute path"
	case n.Kind == analyzer.ListenNeed.String():
		return "where the host listens for it"
	}
	return "the port"
}

// flags returns the flags that give a function what it needs, and the needs whose flags have to be filled in, of each flag and address one.
func (f *Function) flags() (complete []string, open []Need) {
	allow := "-allow " + f.Name + "="
	var entries []string
	for _, n := range f.Needs {
		entry, isAllow := strings.CutPrefix(n.Flag, allow)
		switch {
		case n.Flag == "":
		case !n.Complete:
			if !slices.ContainsFunc(open, func(o Need) bool { return o.Flag == n.Flag && o.Address == n.Address }) {
				open = append(open, n)
			}
		case isAllow:
			entries = appendNew(entries, entry)
		default:
			complete = appendNew(complete, n.Flag)
		}
	}
	if len(entries) > 0 {
		complete = slices.Insert(complete, 0, allow+strings.Join(entries, ","))
	}
	return complete, open
}
