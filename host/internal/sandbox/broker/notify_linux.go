package broker

import (
	"errors"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// notification is a system call that a filter has stopped: struct seccomp_notif.
type notification struct {
	id     uint64
	pid    uint32 // of the thread
	flags  uint32
	number int32
	arch   uint32
	ip     uint64
	args   [6]uint64
}

// response is struct seccomp_notif_resp.
type response struct {
	id    uint64
	value int64
	errno int32
	flags uint32
}

// addition is struct seccomp_notif_addfd.
type addition struct {
	id     uint64
	flags  uint32
	source uint32
	target uint32
	mode   uint32
}

// listener is the descriptor by which the kernel tells what a filter has stopped.
type listener struct {
	file *os.File
	conn syscall.RawConn
}

// newListener owns the descriptor.
func newListener(fd int) (*listener, error) {
	if err := unix.SetNonblock(fd, true); err != nil {
		_ = unix.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	// The thread is waiting for us: it should go on where we are. It does what it can, before Linux 6.6 nothing.
	_ = ioctlValue(fd, unix.SECCOMP_IOCTL_NOTIF_SET_FLAGS, unix.SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP)
	l := &listener{file: os.NewFile(uintptr(fd), "listener")}
	var err error
	l.conn, err = l.file.SyscallConn()
	return l, err
}

// errEnded says that no process is left that has the filter.
var errEnded = errors.New("the process has ended")

// next waits for a notification, or until the listener is closed.
func (l *listener) next(n *notification) (err error) {
	waited := l.conn.Read(func(fd uintptr) bool {
		for {
			poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
			_, err = unix.Poll(poll, 0)
			switch {
			case errors.Is(err, unix.EINTR):
				continue
			case err != nil:
				return true
			case poll[0].Revents&unix.POLLIN == 0 && poll[0].Revents&unix.POLLHUP != 0:
				err = errEnded
				return true
			case poll[0].Revents&unix.POLLIN == 0:
				return false
			}
			*n = notification{}
			err = ioctl(int(fd), unix.SECCOMP_IOCTL_NOTIF_RECV, unsafe.Pointer(n))
			if errors.Is(err, unix.EINTR) || errors.Is(err, unix.ENOENT) {
				continue // that thread has gone on, or is gone
			}
			return true
		}
	})
	return errors.Join(waited, err)
}

// answer ends a notification. The thread may be gone: nobody needs to know.
func (l *listener) answer(n *notification, value int64, errno unix.Errno) {
	r := response{id: n.id, value: value, errno: -int32(errno)}
	_ = l.control(unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(&r))
}

// valid says whether a thread still waits for an answer. Only then its number has been its own all the time.
func (l *listener) valid(n *notification) bool {
	id := n.id
	return l.control(unix.SECCOMP_IOCTL_NOTIF_ID_VALID, unsafe.Pointer(&id)) == nil
}

// put makes a descriptor of the process one for a file of this process's.
func (l *listener) put(n *notification, target, source int) error {
	a := addition{id: n.id, flags: unix.SECCOMP_ADDFD_FLAG_SETFD, source: uint32(source), target: uint32(target), mode: unix.O_CLOEXEC}
	return l.control(unix.SECCOMP_IOCTL_NOTIF_ADDFD, unsafe.Pointer(&a))
}

func (l *listener) control(request uint, arg unsafe.Pointer) (err error) {
	if e := l.conn.Control(func(fd uintptr) { err = ioctl(int(fd), request, arg) }); e != nil {
		return e
	}
	return err
}

func (l *listener) close() { _ = l.file.Close() }

func ioctl(fd int, request uint, arg unsafe.Pointer) error {
	for {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(request), uintptr(arg))
		switch errno {
		case 0:
			return nil
		case unix.EINTR:
			if request == unix.SECCOMP_IOCTL_NOTIF_RECV {
				return errno
			}
		default:
			return errno
		}
	}
}

func ioctlValue(fd int, request uint, value uintptr) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(request), value); errno != 0 {
		return errno
	}
	return nil
}
