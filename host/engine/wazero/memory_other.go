//go:build !unix

package wazero

import "github.com/tetratelabs/wazero/experimental"

// memory is a linear memory on the Go heap.
type memory struct {
	limit uint64
	buf   []byte
}

func newMemory(limit uint64) experimental.LinearMemory { return &memory{limit: limit} }

// Reallocate implements experimental.LinearMemory; nil refuses.
func (m *memory) Reallocate(size uint64) []byte {
	if size > m.limit {
		return nil
	}
	if size > uint64(cap(m.buf)) {
		grown := make([]byte, size, min(m.limit, 2*size))
		copy(grown, m.buf)
		m.buf = grown
	}
	m.buf = m.buf[:size]
	return m.buf
}

func (m *memory) Free() { m.buf = nil }
