package stock

import (
	"context"
	"maps"
	"slices"
	"sync"
)

// Memory is a Store for development and tests: it forgets all when the process ends.
type Memory struct {
	mu       sync.Mutex
	levels   map[string]int32
	reserved map[string]map[string]int32 // by order
}

// NewMemory returns a store with the levels of seed.json.
func NewMemory() (*Memory, error) {
	levels, err := seed()
	if err != nil {
		return nil, err
	}
	return &Memory{levels: levels, reserved: make(map[string]map[string]int32)}, nil
}

func (m *Memory) Reserve(_ context.Context, order string, items map[string]int32) (map[string]int32, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	left := make(map[string]int32)
	if before := m.reserved[order]; before != nil {
		for product := range before {
			left[product] = m.levels[product]
		}
		return left, nil
	}
	var short ShortageError
	for _, product := range slices.Sorted(maps.Keys(items)) {
		if items[product] > m.levels[product] {
			short = append(short, Missing{product, items[product], m.levels[product]})
		}
	}
	if short != nil {
		return nil, short
	}
	for product, n := range items {
		m.levels[product] -= n
		left[product] = m.levels[product]
	}
	m.reserved[order] = maps.Clone(items)
	return left, nil
}

func (m *Memory) Release(_ context.Context, order string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for product, n := range m.reserved[order] {
		m.levels[product] += n
	}
	delete(m.reserved, order)
	return nil
}

func (m *Memory) Level(_ context.Context, product string) (int32, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.levels[product], nil
}

func (m *Memory) SetLevel(_ context.Context, product string, available int32) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.levels[product] = available
	return nil
}
