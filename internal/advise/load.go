package advise

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/cofaas/cofaas/internal/placement"
)

// load is what one or several profiles of an app know together.
type load struct {
	root      string
	functions map[string]*worker
	edges     []*traffic
}

// worker is a function.
type worker struct {
	name   string
	now    placement.Place // in the last profile that has it
	places []placement.Place
	// calls are those that its handlers have served.
	calls float64
	// compute is how long its handlers compute per call, in nanoseconds, by the places where that is known.
	compute map[placement.Place]float64
	// derived says that compute has not been measured in a place, but follows from the calls.
	derived map[placement.Place]bool
	in, out []*traffic
}

// traffic is the calls of a method by one caller, "" being whoever is outside, to one callee.
type traffic struct {
	from, to, method string
	calls            float64
	messages         float64 // of streams
	bytes            float64 // of requests and replies
}

// newLoad adds up profiles.
func newLoad(c Constants, profiles []*Profile) (*load, error) {
	if len(profiles) == 0 {
		return nil, fmt.Errorf("there is no profile")
	}
	l := &load{root: profiles[0].Root, functions: map[string]*worker{}}
	byKey := map[[3]string]*traffic{}
	computed := map[string]map[placement.Place]*computation{}
	for _, p := range profiles {
		if p.Root != l.root {
			return nil, fmt.Errorf("the profiles are of different apps: one's root is %s, and another's %s", l.root, p.Root)
		}
		for i := range p.Functions {
			f := &p.Functions[i]
			w := l.functions[f.Name]
			if w == nil {
				w = &worker{name: f.Name, compute: map[placement.Place]float64{}, derived: map[placement.Place]bool{}}
				l.functions[f.Name] = w
				computed[f.Name] = map[placement.Place]*computation{}
			}
			w.now = f.Place
			w.places = f.Places
			if computed[f.Name][f.Place] == nil {
				computed[f.Name][f.Place] = &computation{}
			}
			computed[f.Name][f.Place].add(c, p, f)
		}
		for i := range p.Edges {
			e := &p.Edges[i]
			key := [3]string{e.From, e.To, e.Method}
			t := byKey[key]
			if t == nil {
				t = &traffic{from: e.From, to: e.To, method: e.Method}
				byKey[key] = t
			}
			t.calls += float64(e.Calls)
			t.bytes += float64(e.Requests.Bytes + e.Replies.Bytes)
			if e.Stream {
				t.messages += float64(e.Requests.Count + e.Replies.Count)
			}
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(byKey), func(a, b [3]string) int { return slices.Compare(a[:], b[:]) }) {
		t := byKey[key]
		l.edges = append(l.edges, t)
		if w := l.functions[t.to]; w != nil {
			w.in = append(w.in, t)
			w.calls += t.calls
		}
		if w := l.functions[t.from]; w != nil {
			w.out = append(w.out, t)
		}
	}
	for name, places := range computed {
		for place, sum := range places {
			if sum.calls > 0 {
				l.functions[name].compute[place] = sum.ns / sum.calls
				l.functions[name].derived[place] = sum.derived
			}
		}
	}
	return l, nil
}

// computation sums up what a function has computed in a place.
type computation struct {
	calls, ns float64
	derived   bool
}

func (s *computation) add(c Constants, p *Profile, f *Function) {
	var calls, ns float64
	for _, m := range f.Methods {
		calls += float64(m.Calls)
		ns += float64(m.Self.TotalNs)
	}
	ns += float64(f.ResumedNs)
	if f.Compute == Derived {
		// What is left of calls when the function's own are taken away has their way to the function in it, and that of its own to the host.
		s.derived = true
		for i := range p.Edges {
			e := &p.Edges[i]
			switch f.Name {
			case e.To:
				from := p.place(e.From)
				if from == outside {
					from = f.Place // as the host's own end of the network is not in the times
				}
				ns -= c.edge(from, f.Place, e.traffic()).latency
			case e.From:
				ns -= c.edge(f.Place, f.Place, e.traffic()).latency / 2
			}
		}
		ns = max(ns, 0)
		if f.CPUNs > 0 {
			ns = min(ns, float64(f.CPUNs)) // the rest waits
		}
	}
	s.calls += calls
	s.ns += ns
}

// place is where a function ran.
func (p *Profile) place(function string) placement.Place {
	if f := p.function(function); f != nil {
		return f.Place
	}
	return outside
}

func (e *Edge) traffic() *traffic {
	t := &traffic{from: e.From, to: e.To, calls: float64(e.Calls), bytes: float64(e.Requests.Bytes + e.Replies.Bytes)}
	if e.Stream {
		t.messages = float64(e.Requests.Count + e.Replies.Count)
	}
	return t
}

// spent is time in nanoseconds.
type spent struct{ latency, cpu float64 }

// edge is what it takes to pass the messages of some traffic between two places.
func (c Constants) edge(from, to placement.Place, t *traffic) spent {
	cost := c.Edges[kindOf(from, to)]
	return spent{
		t.calls*cost.CallNs + t.messages*cost.MessageNs + t.bytes*cost.ByteNs,
		t.calls*cost.CPUCallNs + t.messages*cost.CPUMessageNs + t.bytes*cost.CPUByteNs,
	}
}

// sorted are the functions by name.
func (l *load) sorted() []*worker {
	return slices.SortedFunc(maps.Values(l.functions), func(a, b *worker) int { return cmp.Compare(a.name, b.name) })
}
