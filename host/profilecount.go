package host

import (
	"math/bits"
	"sync/atomic"

	"github.com/cofaas/cofaas/internal/advise"
)

const (
	// The first measuredFirst calls of a kind are timed, and then one in measuredOf: a prime, so that handlers which make the same number of
	// calls each time do not have the same one timed.
	measuredFirst = 8
	measuredOf    = 31
	// shards is how many counters share a count, so that instances which run at the same time do not wait for each other's processor.
	shards = 8
)

// counter counts calls. It is safe for concurrent use.
type counter struct {
	shard [shards]struct {
		n atomic.Uint64
		_ [56]byte // a cache line for each
	}
}

// next counts a call. It returns for how many calls its time stands, 0 if it need not be timed, and the number of the call.
func (c *counter) next(shard uint32) (weight, n uint64) {
	n = c.shard[shard%shards].n.Add(1)
	switch {
	case n <= measuredFirst:
		return 1, n
	case (n-measuredFirst)%measuredOf == 0:
		return measuredOf, n
	default:
		return 0, n
	}
}

// add counts a call that is timed in any case.
func (c *counter) add() { c.shard[0].n.Add(1) }

func (c *counter) total() (n uint64) {
	for i := range c.shard {
		n += c.shard[i].n.Load()
	}
	return n
}

const (
	// Durations are counted by their logarithm, each power of two in stepsPerDouble.
	stepsPerDouble = 8
	stepBits       = 3
	steps          = (64 - stepBits) * stepsPerDouble
)

// samples sums up durations, each with a weight. It is safe for concurrent use.
type samples struct {
	n, weight, total atomic.Uint64
	steps            [steps]atomic.Uint64
}

func (s *samples) add(ns int64, weight uint64) {
	d := uint64(max(ns, 0))
	s.n.Add(1)
	s.weight.Add(weight)
	s.total.Add(d * weight)
	s.steps[stepOf(d)].Add(weight)
}

// stepOf is the step that a duration counts in. The first ones have a width of 1.
func stepOf(d uint64) int {
	if d < stepsPerDouble {
		return int(d)
	}
	exp := bits.Len64(d) - 1 - stepBits
	return exp<<stepBits + int(d>>exp)
}

// midOf is the duration in the middle of a step.
func midOf(step int) int64 {
	if step < 2*stepsPerDouble {
		return int64(step)
	}
	exp := step>>stepBits - 1
	low := uint64(step-exp<<stepBits) << exp
	return int64(low + 1<<exp/2)
}

// times sums up calls, those included that were not timed.
func (s *samples) times(calls uint64) advise.Times {
	t := advise.Times{Samples: min(s.n.Load(), calls)}
	weight := s.weight.Load()
	if weight == 0 {
		return t
	}
	t.TotalNs = int64(float64(s.total.Load()) * float64(calls) / float64(weight))
	t.P50Ns, t.P99Ns = s.quantile(0.5), s.quantile(0.99)
	return t
}

func (s *samples) quantile(q float64) int64 {
	var all uint64
	for i := range s.steps {
		all += s.steps[i].Load()
	}
	left := int64(q * float64(all))
	for i := range s.steps {
		if left -= int64(s.steps[i].Load()); left < 0 {
			return midOf(i)
		}
	}
	return midOf(steps - 1)
}
