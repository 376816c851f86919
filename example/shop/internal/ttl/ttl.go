// Package ttl has a map that forgets.
package ttl

import (
	"context"
	"sync"
	"time"
)

// Map holds values until they have not been used for a while. It is safe for concurrent use.
type Map[K comparable, V any] struct {
	keep time.Duration
	now  func() time.Time

	mu      sync.Mutex
	entries map[K]*entry[V]
}

type entry[V any] struct {
	value V
	used  time.Time
}

// New returns a map whose values are kept as long as that.
func New[K comparable, V any](keep time.Duration) *Map[K, V] {
	return &Map[K, V]{keep: keep, now: time.Now, entries: make(map[K]*entry[V])}
}

// Update has f change the value of a key, or the zero value if there is none, and returns what f returns. Nothing changes if f
// fails.
func (m *Map[K, V]) Update(key K, f func(V) (V, error)) (V, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var old V
	if e := m.entries[key]; e != nil {
		old = e.value
	}
	value, err := f(old)
	if err != nil {
		return old, err
	}
	m.entries[key] = &entry[V]{value, m.now()}
	return value, nil
}

// Get returns the value of a key.
func (m *Map[K, V]) Get(key K) (value V, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.entries[key]
	if e == nil {
		return value, false
	}
	e.used = m.now()
	return e.value, true
}

// Delete forgets a key.
func (m *Map[K, V]) Delete(key K) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.entries, key)
}

// Sweep forgets what has not been used for too long, and says how much that is.
func (m *Map[K, V]) Sweep() (forgotten int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, e := range m.entries {
		if m.now().Sub(e.used) > m.keep {
			delete(m.entries, key)
			forgotten++
		}
	}
	return forgotten
}

// SweepEvery sweeps until ctx is done.
func (m *Map[K, V]) SweepEvery(ctx context.Context, interval time.Duration, swept func(forgotten int)) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			swept(m.Sweep())
		}
	}
}
