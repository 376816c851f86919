//go:build unix

package isolate

import (
	"os"
	"syscall"

	"github.com/cofaas/cofaas/isolate/protocol"
)

// inherited returns the n files that the process was given by its host. Programs that it starts do not get them.
func inherited(n int) ([]*os.File, error) {
	files := make([]*os.File, n)
	for i := range files {
		fd := protocol.FirstFile + i
		syscall.CloseOnExec(fd)
		files[i] = os.NewFile(uintptr(fd), "channel")
	}
	return files, nil
}
