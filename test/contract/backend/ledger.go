package backend

import (
	"slices"
	"sync"
	"time"
)

// ledger keeps what handlers leave for later calls to ask for: how a call ended that nobody waits for any more.
type ledger struct {
	mu      sync.Mutex
	lines   map[string][]string
	counts  map[string]int64
	changed chan struct{} // closed at each change
}

func newLedger() *ledger {
	return &ledger{lines: map[string][]string{}, counts: map[string]int64{}, changed: make(chan struct{})}
}

func (l *ledger) add(key, line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines[key] = append(l.lines[key], line)
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *ledger) count(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[key]++
}

func (l *ledger) counted(key string) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counts[key]
}

// ask returns the lines under key, once there are any or wait has passed.
func (l *ledger) ask(key string, wait time.Duration) []string {
	late := time.After(wait)
	for {
		l.mu.Lock()
		lines, changed := slices.Clone(l.lines[key]), l.changed
		l.mu.Unlock()
		if len(lines) > 0 {
			return lines
		}
		select {
		case <-changed:
		case <-late:
			return nil
		}
	}
}
