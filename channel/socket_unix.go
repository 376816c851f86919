//go:build unix

package channel

import (
	"fmt"
	"os"
	"syscall"
)

// openSocket takes a copy of a socket, and leaves f as it is.
func openSocket(f *os.File) (*socket, error) {
	d := -1
	err := control(f, func(fd int) (err error) {
		if _, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_TYPE); err != nil {
			return err
		}
		d, err = duplicateFD(fd)
		return err
	})
	if err == nil {
		// An os.File of a descriptor that blocks would be read by a thread of its own.
		err = syscall.SetNonblock(d, true)
	}
	if err != nil {
		syscall.Close(d)
		return nil, fmt.Errorf("channel: file %s is not the socket of a channel: %w", f.Name(), err)
	}
	return newSocket(os.NewFile(uintptr(d), "channel")), nil
}

// pairOf are the ends of a pair.
func pairOf(fds [2]int) (a, b *os.File, err error) {
	return os.NewFile(uintptr(fds[0]), "channel's end"), os.NewFile(uintptr(fds[1]), "channel's other end"), nil
}

// control calls f with the descriptor of a file. Unlike Fd it leaves the descriptor as it is.
func control(file *os.File, f func(fd int) error) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	if err := raw.Control(func(fd uintptr) { inner = f(int(fd)) }); err != nil {
		return err
	}
	return inner
}

// duplicate returns another descriptor of the same file, which is not inherited.
func duplicate(file *os.File) (*os.File, error) {
	var d int
	err := control(file, func(fd int) (err error) {
		d, err = duplicateFD(fd)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("channel: a second descriptor of file %s: %w", file.Name(), err)
	}
	return os.NewFile(uintptr(d), file.Name()), nil
}

func duplicateFD(fd int) (int, error) {
	n, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), fcntlDup, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(n), nil
}

// write writes what it can with one call, and waits only if block is set: then until that is something.
func (s *socket) write(b []byte, files []*os.File, block bool) (n int, err error) {
	raw, err := s.file.SyscallConn()
	if err != nil {
		return 0, err
	}
	send := func(rights []byte) {
		werr := raw.Write(func(fd uintptr) bool {
			for {
				if rights == nil {
					n, err = syscall.Write(int(fd), b) // all that an isolate may do
				} else {
					n, err = syscall.SendmsgN(int(fd), b, rights, nil, sendFlags)
				}
				if err != syscall.EINTR {
					break
				}
			}
			if err == syscall.EAGAIN {
				n, err = 0, nil
				return !block
			}
			return true
		})
		if werr != nil {
			err = werr
		}
	}
	if len(files) == 0 {
		send(nil)
		return max(n, 0), err
	}
	if cerr := withRights(files, nil, send); cerr != nil {
		err = cerr
	}
	return max(n, 0), err
}

// withRights calls f with the control message that passes files, whose descriptors stay valid meanwhile.
func withRights(files []*os.File, fds []int, f func(rights []byte)) error {
	if len(files) == len(fds) {
		f(syscall.UnixRights(fds...))
		return nil
	}
	return control(files[len(fds)], func(fd int) error { return withRights(files, append(fds, fd), f) })
}

// read reads what there is, and waits until that is something.
func (s *socket) read(b []byte) (n int, files []*os.File, err error) {
	raw, err := s.file.SyscallConn()
	if err != nil {
		return 0, nil, err
	}
	var flags, oobn int
	oob := s.oob[:]
	rerr := raw.Read(func(fd uintptr) bool {
		for {
			n, oobn, flags, _, err = receiveMessage(int(fd), b, oob)
			if err != syscall.EINTR {
				break
			}
		}
		return err != syscall.EAGAIN
	})
	if rerr != nil {
		return 0, nil, rerr
	}
	if err != nil {
		return 0, nil, err
	}
	if oobn > 0 {
		files, err = rights(oob[:oobn])
	}
	if err == nil && flags&syscall.MSG_CTRUNC != 0 {
		err = violation("more files than are taken, or this process may open no more: see ulimit -n")
	}
	return n, files, err
}

// rights are the files of a control message.
func rights(oob []byte) (files []*os.File, err error) {
	messages, err := syscall.ParseSocketControlMessage(oob)
	if err != nil {
		return nil, err
	}
	for i := range messages {
		m := &messages[i]
		if m.Header.Level != syscall.SOL_SOCKET || m.Header.Type != syscall.SCM_RIGHTS {
			continue
		}
		fds, err := syscall.ParseUnixRights(m)
		if err != nil {
			return files, err
		}
		for _, fd := range fds {
			files = append(files, os.NewFile(uintptr(fd), "received"))
		}
	}
	return files, nil
}
