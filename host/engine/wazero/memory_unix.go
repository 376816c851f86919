//go:build unix

package wazero

import (
	"syscall"

	"github.com/tetratelabs/wazero/experimental"
)

// memory is a linear memory in a reservation of address space: growing it moves nothing and clears nothing, it does not
// count in the host's own heap, and closing it gives it back to the system at once.
type memory struct {
	reserved []byte
	// made says that the instance has got its first memory.
	made bool
}

func newMemory(limit uint64) experimental.LinearMemory {
	if limit == 0 {
		return &memory{}
	}
	b, err := syscall.Mmap(-1, 0, int(limit), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON|mapNoReserve)
	if err != nil {
		// No address space: every growth is refused, and instantiation fails with the engine's own message.
		return &memory{}
	}
	return &memory{reserved: b}
}

// Reallocate implements experimental.LinearMemory; nil refuses.
func (m *memory) Reallocate(size uint64) []byte {
	if size > uint64(len(m.reserved)) {
		return nil
	}
	if !m.made {
		m.made = true
		adviseGrowth(m.reserved[size:])
	}
	return m.reserved[:size:size]
}

func (m *memory) Free() {
	if m.reserved != nil {
		_ = syscall.Munmap(m.reserved)
		m.reserved = nil
	}
}
