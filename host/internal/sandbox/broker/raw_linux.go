package broker

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// connectRaw connects to an address that package unix does not have.
func connectRaw(fd int, address []byte) error {
	padded := [16]byte{}
	copy(padded[:], address)
	if _, _, errno := unix.Syscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&padded)), uintptr(len(padded))); errno != 0 {
		return errno
	}
	return nil
}
