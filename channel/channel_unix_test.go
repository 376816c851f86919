//go:build unix

package channel

import (
	"os"
	"syscall"
	"testing"
)

func closedOnExec(t *testing.T, f *os.File) bool {
	var flags uintptr
	err := control(f, func(fd int) error {
		var errno syscall.Errno
		if flags, _, errno = syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFD, 0); errno != 0 {
			return errno
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return flags&syscall.FD_CLOEXEC != 0
}
