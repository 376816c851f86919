package hazards

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// A program is the packages of a main package, put together.
type program struct {
	main     string
	packages []*Package
	funcs    map[string]*Func
	paths    map[*Func]string
	types    map[string]*Type

	writes map[*Func]map[Place]Write // what is written of what parameters refer to
}

func newProgram(packages []*Package, main string) *program {
	p := &program{
		main: main, packages: packages,
		funcs: make(map[string]*Func), paths: make(map[*Func]string), types: make(map[string]*Type),
		writes: make(map[*Func]map[Place]Write),
	}
	for _, pkg := range packages {
		for _, f := range pkg.Funcs {
			p.funcs[f.ID], p.paths[f] = f, pkg.Path
		}
		for _, t := range pkg.Types {
			p.types[t.ID] = t
		}
	}
	return p
}

// found returns the hazards that the program reaches.
func (p *program) found() []Found {
	all := p.newReach(false)
	all.call(p.main + ".main")
	zones := false
	for _, pkg := range p.packages {
		all.call(initID(pkg.Path))
		zones = zones || pkg.ZoneData
	}
	all.run()
	inCalls := p.newReach(true)
	maps.Copy(inCalls.made, all.made)
	handlers := p.handlers(all)
	for _, id := range handlers {
		inCalls.call(id)
	}
	inCalls.run()

	var found []Found
	states := make(map[string]bool)
	add := func(path string, h Hazard) {
		if h.Zone && zones {
			return
		}
		if h.State != "" {
			if states[path+" "+h.State] {
				return
			}
			states[path+" "+h.State] = true
		}
		f := Found{Path: path, Where: h.Where, Category: h.Category, Message: h.Message, Native: h.Native, Pin: h.Pin}
		if path == p.main {
			f.Pos, f.Fixes = h.pos, h.fixes
		}
		found = append(found, f)
	}
	for _, pkg := range p.packages {
		for _, h := range pkg.Hazards {
			add(pkg.Path, h)
		}
		var here []Hazard
		for _, f := range pkg.Funcs {
			for _, h := range f.Hazards {
				if !h.InCall && all.reached[f] || inCalls.reached[f] {
					here = append(here, h)
				}
			}
		}
		here = append(here, p.states(pkg, handlers, inCalls)...)
		slices.SortStableFunc(here, func(a, b Hazard) int {
			return cmp.Or(compareWhere(a.Where, b.Where), cmp.Compare(a.pos, b.pos), strings.Compare(a.Message, b.Message))
		})
		for _, h := range here {
			add(pkg.Path, h)
		}
	}
	return found
}

// compareWhere orders file:line, lines as numbers.
func compareWhere(a, b string) int {
	fileA, lineA, _ := strings.Cut(a, ":")
	fileB, lineB, _ := strings.Cut(b, ":")
	return cmp.Or(strings.Compare(fileA, fileB), cmp.Compare(len(lineA), len(lineB)), strings.Compare(lineA, lineB))
}

// handlers returns the functions that gRPC calls, by ID.
func (p *program) handlers(all *reach) []string {
	ids := make(map[string]bool)
	for f := range all.reached {
		if f.Handler {
			ids[f.ID] = true
		}
		for _, id := range f.Handlers {
			ids[id] = true
		}
		for _, key := range f.Served {
			for _, impl := range all.implementations(key) {
				ids[impl] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// states returns what handlers write by way of parameters, in the functions of pkg.
func (p *program) states(pkg *Package, handlers []string, r *reach) []Hazard {
	p.propagate(r)
	var list []Hazard
	add := func(place Place, w Write) {
		h := state(place)
		h.Where, h.pos = w.Where, w.pos
		list = append(list, h)
	}
	for _, f := range pkg.Funcs {
		if !r.reached[f] {
			continue
		}
		if slices.Contains(handlers, f.ID) {
			for place, w := range p.writes[f] {
				if place.Param == 0 && place.Field != "" {
					add(place, w)
				}
			}
		}
		for _, pass := range f.Passes {
			if pass.Place.Param < 0 && p.isWritten(pass, r) {
				add(Place{Param: -1, Var: pass.Place.Var}, Write{Where: pass.Where, pos: pass.pos})
			}
		}
	}
	return list
}

// callees returns the functions that a pass goes to.
func (p *program) callees(pass Pass, r *reach) []*Func {
	ids := []string{pass.Callee}
	if pass.Dynamic {
		ids = r.implementations(pass.Callee)
	}
	var list []*Func
	for _, id := range ids {
		if f := p.funcs[id]; f != nil {
			list = append(list, f)
		}
	}
	return list
}

func (p *program) isWritten(pass Pass, r *reach) bool {
	for _, callee := range p.callees(pass, r) {
		for place := range p.writes[callee] {
			if place.Param == pass.Param {
				return true
			}
		}
	}
	return false
}

// propagate determines what functions write of what their parameters refer to, themselves or by what they call.
func (p *program) propagate(r *reach) {
	if len(p.writes) > 0 {
		return
	}
	note := func(f *Func, place Place, w Write) bool {
		if p.writes[f] == nil {
			p.writes[f] = make(map[Place]Write)
		}
		old, ok := p.writes[f][place]
		if ok && compareWhere(old.Where, w.Where) <= 0 {
			return false
		}
		p.writes[f][place] = w
		return !ok
	}
	reached := slices.SortedFunc(maps.Keys(r.reached), func(a, b *Func) int { return strings.Compare(a.ID, b.ID) })
	for _, f := range reached {
		for _, w := range f.Writes {
			note(f, w.Place, w)
		}
	}
	for changed := true; changed; {
		changed = false
		for _, f := range reached {
			for _, pass := range f.Passes {
				if pass.Place.Param < 0 {
					continue
				}
				for _, callee := range p.callees(pass, r) {
					for place := range p.writes[callee] {
						if place.Param != pass.Param {
							continue
						}
						here := pass.Place
						if here.Field == "" {
							here.Field = place.Field
						}
						changed = note(f, here, Write{Place: here, Where: pass.Where, pos: pass.pos}) || changed
					}
				}
			}
		}
	}
}
