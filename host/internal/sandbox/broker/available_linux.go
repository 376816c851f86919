package broker

import (
	"fmt"
	"os"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Available says what the system lacks for brokers, nil for nothing.
var Available = sync.OnceValue(func() error {
	action := uint32(unix.SECCOMP_RET_USER_NOTIF)
	if _, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_GET_ACTION_AVAIL, 0, uintptr(unsafe.Pointer(&action))); errno != 0 {
		return fmt.Errorf("system calls cannot be answered, which needs Linux 5.0: %w", errno)
	}
	if _, err := networkCookie(); err != nil {
		return fmt.Errorf("networks cannot be told apart, which needs Linux 5.14: %w", err)
	}
	self, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		return fmt.Errorf("processes have no descriptors, which needs Linux 5.3: %w", err)
	}
	defer unix.Close(self)
	fd, err := unix.PidfdGetfd(self, self, 0)
	if err != nil {
		return fmt.Errorf("descriptors of processes cannot be had, which needs Linux 5.6: %w", err)
	}
	return unix.Close(fd)
})
