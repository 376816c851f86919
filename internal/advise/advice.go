package advise

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cofaas/cofaas/internal/placement"
)

// Advice says where functions should run.
type Advice struct {
	Version int `json:"version"`
	// Constants are what it is based on beside the profiles.
	Constants Constants `json:"constants"`
	// Functions are sorted by name.
	Functions []FunctionAdvice `json:"functions"`
	// Flags bring about the recommendations: those for generation if a function has to be built for another place first, and those of the
	// host at its start.
	GenerateFlags []string `json:"generate_flags,omitempty"`
	StartFlags    []string `json:"start_flags,omitempty"`
}

// FunctionAdvice is the advice about one function. Predictions are for the others being where they are recommended to be.
type FunctionAdvice struct {
	Name   string            `json:"name"`
	Now    placement.Place   `json:"now"`
	Places []placement.Place `json:"places"`
	Calls  uint64            `json:"calls"`
	// Bytes are those of an average call's request and reply, and Makes is how many calls the function makes for it.
	Bytes float64 `json:"bytes"`
	Makes float64 `json:"makes"`
	// Predictions are by place.
	Predictions map[placement.Place]Prediction `json:"predictions"`
	Recommended placement.Place                `json:"recommended"`
	// Sure says that the recommendation holds for all that is likely.
	Sure bool `json:"sure"`
	// Reason is in words.
	Reason string `json:"reason"`
}

const (
	// A function moves only if that saves leastGain of a call's time, and leastNs: predictions are not better than that.
	leastGain = 0.1
	leastNs   = 2000
)

// local are the places that are recommended. A function that is elsewhere is so for reasons that no profile knows.
var local = []placement.Place{placement.Wasm, placement.Native}

// Advise says where functions should run, by one or several profiles of an app. Where they know a function in both places, nothing has to
// be guessed.
func Advise(c Constants, profiles ...*Profile) (*Advice, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	l, err := newLoad(c, profiles)
	if err != nil {
		return nil, err
	}
	workers := l.sorted()
	best := c.settle(workers)
	a := &Advice{Version: Version, Constants: c}
	for _, w := range workers {
		f := FunctionAdvice{
			Name: w.name, Now: w.now, Places: w.places, Calls: uint64(w.calls),
			Predictions: map[placement.Place]Prediction{}, Recommended: best[w.name],
		}
		for _, p := range placement.All {
			f.Predictions[p] = c.predict(w, best, p)
		}
		for _, t := range w.in {
			f.Bytes += t.bytes / max(w.calls, 1)
		}
		for _, t := range w.out {
			f.Makes += t.calls / max(w.calls, 1)
		}
		f.Sure = f.isSure()
		f.Reason = f.reason(w, c)
		a.Functions = append(a.Functions, f)
	}
	a.setFlags()
	return a, nil
}

// settle finds places that no function would leave alone: from where all are now, from all being guests, and from all being native, it
// moves one after the other to where a call of it takes least. Of what comes out the best is taken, and of equals the nearest to now.
func (c Constants) settle(workers []*worker) where {
	now := where{}
	for _, w := range workers {
		now[w.name] = w.now
	}
	best := c.descend(workers, now)
	for _, p := range local {
		start := where{}
		for _, w := range workers {
			if start[w.name] = w.now; c.mayMove(w) {
				start[w.name] = p
			}
		}
		if found := c.descend(workers, start); gains(c.total(workers, best), c.total(workers, found)) {
			best = found
		}
	}
	return best
}

// mayMove says that something is known of a function, and that it is in the host.
func (c Constants) mayMove(w *worker) bool { return w.calls > 0 && slices.Contains(local, w.now) }

// descend moves functions until none moves any more.
func (c Constants) descend(workers []*worker, at where) where {
	at = maps.Clone(at)
	// Each round but the last moves somebody, to the better of all; that roundings have them move for ever is cut short.
	for range 4 * (len(workers) + 1) {
		moved := false
		for _, w := range workers {
			if p := c.bestPlace(w, at); p != at[w.name] {
				at[w.name], moved = p, true
			}
		}
		if !moved {
			break
		}
	}
	return at
}

// total is how long all calls of all functions take together, per call of the function that is called most.
func (c Constants) total(workers []*worker, at where) (ns float64) {
	most := 1.0
	for _, w := range workers {
		most = max(most, w.calls)
		ns += w.calls * c.computeIn(w, at[w.name]).Mid
		for _, t := range w.in {
			ns += c.edge(at.of(t.from), at[w.name], t).latency
		}
		for _, t := range w.out {
			if t.to == outsideHost {
				ns += c.edge(at[w.name], at.of(t.to), t).latency
			}
		}
	}
	return ns / most
}

// bestPlace is where a function should be, all others being where they are.
func (c Constants) bestPlace(w *worker, at where) placement.Place {
	now := at[w.name]
	if !c.mayMove(w) {
		return now
	}
	best := now
	for _, p := range local {
		if gains(c.predict(w, at, best).Latency.Mid, c.predict(w, at, p).Latency.Mid) {
			best = p
		}
	}
	return best
}

// gains says that a time is so much below another that it matters.
func gains(from, to float64) bool { return from-to > max(leastGain*from, leastNs) }

// other is the other place in the host.
func other(p placement.Place) placement.Place {
	if p == placement.Wasm {
		return placement.Native
	}
	return placement.Wasm
}

// isSure says whether no place in the host is better than the recommended one, whatever is not known.
func (f *FunctionAdvice) isSure() bool {
	if f.Calls == 0 || !slices.Contains(local, f.Recommended) {
		return true
	}
	here, there := f.Predictions[f.Recommended].Latency, f.Predictions[other(f.Recommended)].Latency
	if f.Recommended != f.Now {
		return here.High < there.Low
	}
	return !gains(here.High, there.Low)
}

// reason says in words why a function should be where it should be.
func (f *FunctionAdvice) reason(w *worker, c Constants) string {
	if f.Calls == 0 {
		return "has not been called, so that nothing is known of it"
	}
	if f.Now == placement.Remote {
		return "is not in the host, which does not see what it does"
	}
	var b strings.Builder
	here, there := f.Predictions[f.Now], f.Predictions[other(f.Now)]
	measured := ""
	if w.derived[f.Now] {
		measured = " or so"
	}
	fmt.Fprintf(&b, "computes %s%s per call", nanos(here.Compute.Mid), measured)
	if _, known := w.compute[other(f.Now)]; known {
		fmt.Fprintf(&b, ", and %s as %s, as another profile says", nanos(there.Compute.Mid), other(f.Now))
	} else if here.Compute.Mid > 0 {
		fmt.Fprintf(&b, "; as %s that is about %s (%s)", other(f.Now), nanos(there.Compute.Mid), span(there.Compute))
	}
	ways := (here.Latency.Mid - here.Compute.Mid) - (there.Latency.Mid - there.Compute.Mid)
	switch {
	case ways > 0:
		fmt.Fprintf(&b, "; its calls would have a shorter way there, by %s", nanos(ways))
	case ways < 0:
		fmt.Fprintf(&b, "; its calls would have a longer way there, by %s", nanos(-ways))
	}
	gain := here.Latency.Mid - there.Latency.Mid
	switch {
	case f.Recommended != f.Now:
		fmt.Fprintf(&b, ": %s saves about %s of %s", f.Recommended, nanos(gain), nanos(here.Latency.Mid))
		if !f.Sure {
			fmt.Fprintf(&b, ", but it may also lose: profile it there too")
		}
		if extra := there.CPU.Mid - here.CPU.Mid; extra > leastGain*here.CPU.Mid {
			fmt.Fprintf(&b, ", for %s more of the processors", nanos(extra))
		}
	case !f.Sure:
		fmt.Fprintf(&b, ": either may be better; build it for both (-place %s=wasm,native), and profile it in both", f.Name)
	case gain > 0:
		fmt.Fprintf(&b, ": %s would save %s of %s, which is not worth while", other(f.Now), nanos(gain), nanos(here.Latency.Mid))
	default:
		fmt.Fprintf(&b, ": %s would take about %s longer", other(f.Now), nanos(-gain))
	}
	return b.String()
}

// setFlags collects the flags that bring about what is recommended.
func (a *Advice) setFlags() {
	for _, f := range a.Functions {
		if f.Recommended == f.Now {
			continue
		}
		flag := fmt.Sprintf("-place %s=%s", f.Name, f.Recommended)
		if !slices.Contains(f.Places, f.Recommended) {
			a.GenerateFlags = append(a.GenerateFlags, flag)
			continue
		}
		a.StartFlags = append(a.StartFlags, flag)
	}
}
