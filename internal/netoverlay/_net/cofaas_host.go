//go:build wasip1

package net

import (
	"os"
	"syscall"
	"unsafe"
)

// The host's functions. Each gives an errno of WASI preview 1. None of them waits: what takes time makes a descriptor ready, for which
// the runtime's poller waits as it does for any other.

//go:wasmimport cofaas:host/net dial
//go:noescape
func hostDial(network, laddr, raddr string, fd *uint32) uint32

//go:wasmimport cofaas:host/net listen
//go:noescape
func hostListen(network, laddr string, fd *uint32) uint32

//go:wasmimport cofaas:host/net status
//go:noescape
func hostStatus(fd uint32, buf unsafe.Pointer, size uint32, n *uint32) uint32

//go:wasmimport cofaas:host/net recv-from
//go:noescape
func hostRecvFrom(fd uint32, buf unsafe.Pointer, size uint32, addr unsafe.Pointer, addrSize uint32, out unsafe.Pointer) uint32

//go:wasmimport cofaas:host/net send-to
//go:noescape
func hostSendTo(fd uint32, buf unsafe.Pointer, size uint32, addr unsafe.Pointer, addrSize uint32, n *uint32) uint32

//go:wasmimport cofaas:host/net set-option
//go:noescape
func hostSetOption(fd, option uint32, value int64) uint32

//go:wasmimport cofaas:host/net lookup
//go:noescape
func hostLookup(kind uint32, network, name string, fd *uint32) uint32

//go:wasmimport cofaas:host/net interfaces
//go:noescape
func hostInterfaces(buf unsafe.Pointer, size uint32, n *uint32) uint32

//go:wasmimport cofaas:host/net message
//go:noescape
func hostMessage(fd uint32, buf unsafe.Pointer, size uint32, n *uint32) uint32

// Descriptors of the host's sockets; others are files.
const (
	firstHostFD = 1 << 20
	noHostFD    = 0xffffffff
)

// hostText calls one of the host's functions that fill a buffer, with buffers large enough for what it has to say.
func hostText(call func(buf unsafe.Pointer, size uint32, n *uint32) uint32) (string, syscall.Errno) {
	for size := uint32(512); ; size *= 2 {
		buf := make([]byte, size)
		var n uint32
		errno := syscall.Errno(call(unsafe.Pointer(unsafe.SliceData(buf)), size, &n))
		if errno == syscall.ERANGE && size < 1<<24 {
			size = max(size, n/2)
			continue
		}
		return string(buf[:min(n, size)]), errno
	}
}

// A hostError is what the host has to say about what it did not do, for instance because its operator does not allow it.
type hostError struct {
	text  string
	errno syscall.Errno
}

func (e *hostError) Error() string   { return e.text }
func (e *hostError) Unwrap() error   { return e.errno }
func (e *hostError) Timeout() bool   { return e.errno.Timeout() }
func (e *hostError) Temporary() bool { return e.errno.Temporary() }

// hostCallError is the error of a call about a descriptor, or about one that there is none of, named as the system call that it would be
// elsewhere.
func hostCallError(syscallName string, fd uint32, errno syscall.Errno) error {
	text, _ := hostText(func(buf unsafe.Pointer, size uint32, n *uint32) uint32 { return hostMessage(fd, buf, size, n) })
	return newHostError(syscallName, errno, text)
}

// newHostError makes an error of an errno and of what the host said, if it did. Without that the error is as on other systems.
func newHostError(syscallName string, errno syscall.Errno, text string) error {
	if text != "" {
		return &hostError{text, errno}
	}
	return os.NewSyscallError(syscallName, errno)
}
