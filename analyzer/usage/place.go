package usage

import (
	"slices"
	"strings"

	"github.com/cofaas/cofaas/analyzer/internal/drivers"
)

// A place is an address that a Need leads to, of which term is the text.
type place struct {
	drivers.Address
	term *Term
}

// places returns where the pattern of a need leads.
func places(p *Pattern) []place {
	e := drivers.At(p.Entry)
	second := ""
	if p.Second != nil {
		second, _ = p.Second.fallback()
	}
	r := &placer{entry: e, second: second}
	list := r.read(p.Target, func(text string) []drivers.Address { return e.Addresses(text, second) })
	var unique []place
	for _, at := range list {
		if !slices.ContainsFunc(unique, func(u place) bool { return u.Address == at.Address && u.term.equal(at.term) }) {
			unique = append(unique, at)
		}
	}
	return unique
}

// maxAlternatives bounds how many ways a part of an address can be are looked at.
const maxAlternatives = 8

type placer struct {
	entry  *drivers.Entry
	second string
}

// read returns where t leads if text is read as parse does. What a setting says
// is read where it has a default; without one, it is all that there is to say.
func (r *placer) read(t *Term, parse func(string) []drivers.Address) []place {
	switch t.Op {
	case OpConst:
		return r.parsed(parse(t.Text), nil)
	case OpEither:
		var list []place
		for _, a := range t.Args {
			list = append(list, r.read(a, parse)...)
		}
		return list
	case OpSetting:
		if len(t.Args) > 1 {
			var list []place
			for _, at := range r.read(t.Args[1], parse) {
				at.term = setting(t.Text, t.Args[0], at.term)
				list = append(list, at)
			}
			if len(list) > 0 {
				return list
			}
			t = setting(t.Text, t.Args[0], nil)
		}
	case OpConcat:
		if len(t.Args) > drivers.MaxMarks {
			break
		}
		if i := slices.IndexFunc(t.Args, func(a *Term) bool { return a.Op == OpEither }); i >= 0 {
			var list []place
			if len(t.Args[i].Args) > maxAlternatives {
				break
			}
			for _, a := range t.Args[i].Args {
				parts := slices.Clone(t.Args)
				parts[i] = a
				list = append(list, r.read(concat(parts...), parse)...)
			}
			return list
		}
		var text strings.Builder
		for i, part := range t.Args {
			if part.Op == OpConst {
				text.WriteString(part.Text)
			} else {
				text.WriteString(drivers.Mark(i))
			}
		}
		return r.parsed(parse(text.String()), t.Args)
	}
	return []place{r.whole(t)}
}

// whole returns the place that is known to be t, and nothing more.
func (r *placer) whole(t *Term) place {
	a := drivers.Address{Kind: r.entry.Kind, Network: r.entry.Network, Note: r.entry.Note}
	if a.Network == "" && (a.Kind == drivers.Dial || a.Kind == drivers.Listen) {
		a.Network = "tcp"
		if r.second != "" && r.entry.Form != drivers.SQL && r.entry.Form != drivers.AWS {
			a.Network = r.second
		}
	}
	return place{a, t}
}

// parsed returns the places of addresses whose marks stand for parts.
func (r *placer) parsed(addresses []drivers.Address, parts []*Term) []place {
	var list []place
	for _, a := range addresses {
		if i, ok := drivers.Marked(a.Text); ok && a.Open && i < len(parts) {
			list = append(list, r.read(parts[i], func(text string) []drivers.Address {
				return r.entry.Reread(a, text, r.second)
			})...)
			continue
		}
		if a.Open && a.Text == "" {
			list = append(list, place{a, unknownTerm(a.Note)})
			continue
		}
		var terms []*Term
		drivers.SplitMarks(a.Text,
			func(text string) { terms = append(terms, constTerm(text)) },
			func(i int) {
				if i < len(parts) {
					terms = append(terms, parts[i])
				}
			})
		a.Text = ""
		list = append(list, place{a, concat(terms...)})
	}
	return list
}
