package generate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cofaas/cofaas/analyzer"
	"github.com/cofaas/cofaas/internal/genflags"
	"github.com/cofaas/cofaas/internal/placement"
	"github.com/cofaas/cofaas/internal/plan"
)

// places say where functions run.
type places struct {
	placement.Stated
	// named are the entries that name another function than the one whose line it is, to be checked when it is known who reaches whom.
	named []statedPlace
}

// statedPlace is where the flag -place says that a function runs in the host of a root, or, without one, in all that are generated.
type statedPlace struct {
	root, function string
	at             string // the flag, and the position of its line
}

// statedPlaces reads the flag -place of the command line and of the lines of functions.
func statedPlaces(opts *Options, lines []line) (*places, error) {
	p := &places{}
	var errs []error
	var here *line // of the function in the folder of the command
	unknown := func(at string, e placement.Entry) bool {
		if slices.ContainsFunc(lines, func(l line) bool { return l.Name() == e.Function }) {
			return false
		}
		errs = append(errs, fmt.Errorf("%s: there is no function %s: the functions are %s", at, e.Function, known(lines)))
		return true
	}
	for i := range lines {
		l := &lines[i]
		if l.Dir == opts.Dir {
			here = l
		}
		entries, err := l.flags.Places(l.Name())
		for _, err := range split(err) {
			errs = append(errs, fmt.Errorf("%s:%d: %w", l.File, l.Line, err))
		}
		p.Add(l.Name(), entries)
		for _, e := range entries {
			at := fmt.Sprintf("%s:%d: -place %s", l.File, l.Line, e)
			if e.Function != l.Name() && !unknown(at, e) {
				p.named = append(p.named, statedPlace{l.Name(), e.Function, at})
			}
		}
	}
	if here != nil && slices.Equal(here.flags.Place, opts.Place) {
		return p, errors.Join(errs...) // go generate passes the line on
	}
	name := ""
	if here != nil {
		name = here.Name()
	}
	command := genflags.Flags{Place: opts.Place}
	entries, err := command.Places(name)
	p.Command = map[string][]placement.Place{}
	for _, e := range entries {
		if at := "-place " + e.String(); !unknown(at, e) {
			p.Command[e.Function] = e.Places
			p.named = append(p.named, statedPlace{"", e.Function, at})
		}
	}
	return p, errors.Join(append(errs, split(err)...)...)
}

// known names all functions.
func known(lines []line) string {
	names := make([]string, len(lines))
	for i, l := range lines {
		names[i] = l.Name()
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// check reports what is said of functions that are in no host that it is said for, and roots that are remote.
func (p *places) check(pl *plan.Plan, roots []*plan.Function) error {
	var errs []error
	for _, root := range roots {
		if root.IsRemote(root.Name) {
			errs = append(errs, fmt.Errorf("-place %s=remote: %[1]s is the root of a host that is generated, and a host runs its root: "+
				"choose the packages of other functions, or another place", root.Name))
		}
	}
	for _, s := range p.named {
		in := roots
		if s.root != "" {
			in = []*plan.Function{pl.Function(s.root)}
		}
		if slices.ContainsFunc(in, func(root *plan.Function) bool { return pl.App(root).Has(s.function) }) {
			continue
		}
		if s.root == "" {
			errs = append(errs, fmt.Errorf("%s: no host that is generated has the function %s", s.at, s.function))
			continue
		}
		errs = append(errs, fmt.Errorf("%s: the host of %s has no function %s, which it does not reach: a line says where functions of its own host run; "+
			"what is to hold in every host belongs into the line of %[3]s, without the name", s.at, s.root, s.function))
	}
	return errors.Join(errs...)
}

// on returns what places a function is analysed and built for in the hosts of roots, wasm first.
func (p *places) on(roots []string, function string) (wasm, native bool) {
	for _, root := range roots {
		for _, place := range p.In(root, function) {
			wasm = wasm || place == placement.Wasm
			native = native || place == placement.Native
		}
	}
	// What is said of a function that is elsewhere is taken from what it is natively, since everything compiles there.
	return wasm, native || !wasm
}

// details are what analysis depends on.
func (p *places) details(roots []string, all []analyzer.Annotated) []string {
	var list []string
	for _, a := range all {
		for _, root := range append([]string{""}, roots...) {
			list = append(list, fmt.Sprintf("place %s of %s: %q", a.PkgPath, root, p.In(root, nameOf(a))))
		}
	}
	return list
}
