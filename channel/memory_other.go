//go:build !linux

package channel

import (
	"fmt"
	"os"
	"runtime"
)

// memory is not to be had here.
type memory struct{}

func hasMemory() bool { return false }

func createMemory() (a, b *os.File, err error) {
	return nil, nil, fmt.Errorf("channel: no shared memory on %s yet: use kind Socket", runtime.GOOS)
}

func openMemory(*os.File) (*memory, error) {
	return nil, fmt.Errorf("channel: no shared memory on %s yet: use kind Socket", runtime.GOOS)
}

func (m *memory) unmap() {}

func newMemoryPipe(*Conn, *socket, *memory) pipe { return nil }
