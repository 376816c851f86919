package channel

import (
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

const (
	futexWaitOp = 0
	futexWakeOp = 1

	// longestWait bounds every wait: a peer can move those who wait on the memory it shares to where nobody wakes them.
	longestWait = time.Second
)

// futexWait waits until word is woken, and no longer than longestWait. It returns at once if word is not value.
//
// The system call must be one that the scheduler knows of: one that waits otherwise would have the next garbage collection wait, too.
func futexWait(word *atomic.Uint32, value uint32) {
	timeout := syscall.NsecToTimespec(int64(longestWait))
	syscall.Syscall6(syscall.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWaitOp, uintptr(value), uintptr(unsafe.Pointer(&timeout)), 0, 0)
}

// futexWake wakes one who waits, in whatever process.
func futexWake(word *atomic.Uint32) {
	syscall.RawSyscall6(syscall.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWakeOp, 1, 0, 0, 0)
}
