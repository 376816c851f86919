package advise

import (
	"fmt"
	"maps"

	"github.com/cofaas/cofaas/internal/placement"
)

// Prediction is what a call of a function takes, in nanoseconds: its way to the function, what the handler computes, and the way of the
// calls that it makes, but not what is done for these. What a handler waits for is the same everywhere, and left out.
type Prediction struct {
	Latency Range `json:"latency_ns"`
	CPU     Range `json:"cpu_ns"`
	// Compute is the handler's part.
	Compute Range `json:"compute_ns"`
}

// where says in which place each function is.
type where map[string]placement.Place

func (w where) of(function string) placement.Place { return w[function] } // "" is outside

// with is the same but for one function.
func (w where) with(function string, p placement.Place) where {
	out := maps.Clone(w)
	out[function] = p
	return out
}

// outsideHost is the name of whoever is no function of the host.
const outsideHost = ""

// Predict says what a call of a function takes in a place, by one or several profiles of an app, all others being where they ran.
func Predict(c Constants, function string, place placement.Place, profiles ...*Profile) (Prediction, error) {
	if err := c.check(); err != nil {
		return Prediction{}, err
	}
	l, err := newLoad(c, profiles)
	if err != nil {
		return Prediction{}, err
	}
	w := l.functions[function]
	if w == nil {
		return Prediction{}, fmt.Errorf("function %s is not in the profile", function)
	}
	at := where{}
	for name, other := range l.functions {
		at[name] = other.now
	}
	return c.predict(w, at, place), nil
}

// computeIn is how long a function computes per call in a place. Native code computes alike wherever it is.
func (c Constants) computeIn(w *worker, place placement.Place) Range {
	if ns, ok := w.compute[place]; ok {
		return exactly(ns)
	}
	for _, other := range []placement.Place{placement.Native, placement.Remote} {
		if ns, ok := w.compute[other]; ok {
			if place != placement.Wasm {
				return exactly(ns)
			}
			return Range{ns * c.Slowdown.Low, ns * c.Slowdown.Mid, ns * c.Slowdown.High}
		}
	}
	ns := w.compute[placement.Wasm]
	return Range{ns / c.Slowdown.High, ns / c.Slowdown.Mid, ns / c.Slowdown.Low}
}

// predict says what a call of a function takes that is in a place, all others being where they are.
func (c Constants) predict(w *worker, at where, place placement.Place) Prediction {
	compute := c.computeIn(w, place)
	if w.calls == 0 {
		return Prediction{compute, compute, compute}
	}
	at = at.with(w.name, place)
	var sum spent
	for _, t := range w.in {
		s := c.edge(at.of(t.from), place, t)
		sum.latency, sum.cpu = sum.latency+s.latency, sum.cpu+s.cpu
	}
	for _, t := range w.out {
		if t.to == t.from {
			continue // it has been counted
		}
		s := c.edge(place, at.of(t.to), t)
		sum.latency, sum.cpu = sum.latency+s.latency, sum.cpu+s.cpu
	}
	return Prediction{compute.plus(sum.latency / w.calls), compute.plus(sum.cpu / w.calls), compute}
}
