package generate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cofaas/cofaas/analyzer"
	"github.com/cofaas/cofaas/internal/placement"
	"github.com/cofaas/cofaas/internal/plan"
)

// places say where functions run: by function's name, what the command line says, what lines of functions say in which they are named, by
// the function whose line it is, and what functions' own lines say.
type places struct {
	command map[string][]placement.Place
	lines   map[string]map[string][]placement.Place
	own     map[string][]placement.Place
	// stated are the entries that name another function than the one whose line it is, to be checked when it is known who reaches whom.
	stated []statedPlace
}

// statedPlace is where the flag -place says that a function runs in the host of a root, or, without one, in all that are generated.
type statedPlace struct {
	root, function string
	at             string // the flag, and the position of its line
}

var inGuest = []placement.Place{placement.Wasm}

// in returns where a function runs in the host of a root, or in hosts that say nothing of it if the root is empty.
func (p *places) in(root, function string) []placement.Place {
	for _, list := range []map[string][]placement.Place{p.command, p.lines[root], p.own} {
		if places := list[function]; places != nil {
			return places
		}
	}
	return inGuest
}

// statedPlaces reads the flag -place of the command line and of the lines of functions.
func statedPlaces(opts *Options, lines []line) (*places, error) {
	p := &places{command: map[string][]placement.Place{}, lines: map[string]map[string][]placement.Place{}, own: map[string][]placement.Place{}}
	var errs []error
	var here *line // of the function in the folder of the command
	for i := range lines {
		l := &lines[i]
		if l.Dir == opts.Dir {
			here = l
		}
		named := map[string][]placement.Place{}
		for _, text := range l.flags.Place {
			at := fmt.Sprintf("%s:%d: -place %s", l.File, l.Line, text)
			e, err := parsePlace(at, text, l.Name(), lines)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			if named[e.Function] != nil {
				errs = append(errs, fmt.Errorf("%s: the line says twice where %s runs", at, e.Function))
				continue
			}
			named[e.Function] = e.Places
			if e.Function != l.Name() {
				p.stated = append(p.stated, statedPlace{l.Name(), e.Function, at})
			}
		}
		if own := named[l.Name()]; own != nil {
			if own[0] == placement.Remote {
				errs = append(errs, fmt.Errorf("%s:%d: function %s says of itself that it is remote, and this line makes a host of which it is the root: "+
					"say -place %[3]s=remote in the lines of functions whose hosts are to do without it", l.File, l.Line, l.Name()))
			}
			p.own[l.Name()] = own
			delete(named, l.Name())
		}
		p.lines[l.Name()] = named
	}
	if here != nil && slices.Equal(here.flags.Place, opts.Place) {
		return p, errors.Join(errs...) // go generate passes the line on
	}
	name := ""
	if here != nil {
		name = here.Name()
	}
	for _, text := range opts.Place {
		at := "-place " + text
		e, err := parsePlace(at, text, name, lines)
		switch {
		case err != nil:
			errs = append(errs, err)
		case p.command[e.Function] != nil:
			errs = append(errs, fmt.Errorf("%s: it is said twice where %s runs", at, e.Function))
		default:
			p.command[e.Function] = e.Places
			p.stated = append(p.stated, statedPlace{"", e.Function, at})
		}
	}
	return p, errors.Join(errs...)
}

// parsePlace parses a value of the flag. One without a name is about the function self, if there is one.
func parsePlace(at, text, self string, lines []line) (placement.Entry, error) {
	e, err := placement.Parse(text)
	if err != nil {
		return e, fmt.Errorf("%s: %w", at, err)
	}
	if e.Function == "" {
		if e.Function = self; self == "" {
			return e, fmt.Errorf("%s: names no function, and the folder is that of none: want FUNCTION=%s, where FUNCTION is %s", at, text, known(lines))
		}
		return e, nil
	}
	if !slices.ContainsFunc(lines, func(l line) bool { return l.Name() == e.Function }) {
		return e, fmt.Errorf("%s: there is no function %s: the functions are %s", at, e.Function, known(lines))
	}
	return e, nil
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
	for _, s := range p.stated {
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
		for _, place := range p.in(root, function) {
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
			list = append(list, fmt.Sprintf("place %s of %s: %q", a.PkgPath, root, p.in(root, nameOf(a))))
		}
	}
	return list
}
