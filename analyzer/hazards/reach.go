package hazards

import (
	"maps"
	"slices"
)

// A reach finds what functions lead to: what they call or mention, and, where they call methods of interfaces, those of the types that
// reached code mentions.
type reach struct {
	*program
	reached map[*Func]bool
	made    map[string]bool // types
	dynamic map[string]bool // methodKeys
	work    []*Func
	calls   bool                // only what runs for each call counts
	known   map[string][]string // implementations, once there are no more types
}

func (p *program) newReach(calls bool) *reach {
	return &reach{program: p, calls: calls, reached: make(map[*Func]bool), made: make(map[string]bool), dynamic: make(map[string]bool)}
}

func (r *reach) call(id string) {
	if f := r.funcs[id]; f != nil && !r.reached[f] {
		r.reached[f] = true
		r.work = append(r.work, f)
	}
}

// make notes that there are values of a type, and of those that it consists of.
func (r *reach) make(id string) {
	t := r.types[id]
	if t == nil || r.made[id] {
		return
	}
	r.made[id] = true
	for _, held := range t.Holds {
		r.make(held)
	}
	for key := range r.dynamic {
		r.call(t.method(key))
	}
}

func (r *reach) run() {
	for len(r.work) > 0 {
		f := r.work[len(r.work)-1]
		r.work = r.work[:len(r.work)-1]
		for _, id := range f.Calls {
			r.call(id)
		}
		if !r.calls {
			for _, id := range f.Once {
				r.call(id)
			}
			for _, id := range f.Handlers {
				r.call(id)
			}
		}
		for _, id := range f.Makes {
			r.make(id)
		}
		dynamic := f.Dynamic
		if !r.calls {
			dynamic = slices.Concat(dynamic, f.Served)
		}
		for _, key := range dynamic {
			if !r.dynamic[key] {
				r.dynamic[key] = true
				for _, impl := range r.implementations(key) {
					r.call(impl)
				}
			}
		}
	}
	r.known = make(map[string][]string)
}

// implementations returns the methods that a call of a method of an interface may lead to.
func (r *reach) implementations(key string) []string {
	if ids, ok := r.known[key]; ok {
		return ids
	}
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(r.made)) {
		if impl := r.types[id].method(key); impl != "" {
			ids = append(ids, impl)
		}
	}
	if r.known != nil {
		r.known[key] = ids
	}
	return ids
}
