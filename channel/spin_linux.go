package channel

import (
	"runtime"
	"sync/atomic"
	"time"
)

// spinner decides whether to look again and again before sleeping. That costs at most as much as sleeping does, and is done where it
// has paid lately.
type spinner struct {
	// score is positive where looking has paid; skipped counts the waits since it has not.
	score, skipped atomic.Int32
}

const (
	spinTime   = 30 * time.Microsecond
	bestScore  = 8
	worstScore = -2
	// skips is how many waits go by before looking is tried again.
	skips = 64
)

// spinning counts those who look, in this process.
var spinning atomic.Int32

// spin looks until there is something, and returns false if that was not worth while.
func (s *spinner) spin(p *memoryPipe, found func() bool) bool {
	if Waiting(p.c.waiting.Load()) != Adaptive {
		return false
	}
	if s.score.Load() <= worstScore {
		if s.skipped.Add(1) < skips {
			return false
		}
		s.skipped.Store(0)
		s.score.Store(worstScore + 1)
	}
	if int(spinning.Add(1)) > runtime.GOMAXPROCS(0)-1 {
		spinning.Add(-1)
		return false
	}
	defer spinning.Add(-1)
	start := time.Now()
	for {
		for range 20 {
			if found() {
				s.score.Store(min(s.score.Load()+1, bestScore))
				return true
			}
		}
		if p.stopping.Load() || time.Since(start) > spinTime {
			s.score.Store(max(s.score.Load()-1, worstScore))
			return false
		}
	}
}
