package sockets

import (
	"runtime"
	"syscall"
	"unsafe"
)

func (s *kernelSocket) read(p [][]byte) (int, Errno) {
	if errno := s.connected(); errno != ErrnoSuccess {
		return 0, errno
	}
	if s.network.kind != datagram && length(p) == 0 {
		return 0, ErrnoSuccess
	}
	return s.transfer(reading, syscall.SYS_READV, p)
}

func (s *kernelSocket) write(p [][]byte) (int, Errno) {
	if errno := s.connected(); errno != ErrnoSuccess {
		return 0, errno
	}
	if s.network.kind == stream && length(p) == 0 {
		return 0, ErrnoSuccess
	}
	return s.transfer(writing, syscall.SYS_WRITEV, p)
}

// transfer tries once.
func (s *kernelSocket) transfer(d direction, vectored uintptr, p [][]byte) (n int, errno Errno) {
	for {
		count := s.edges[d].Load()
		var err error
		switch {
		case len(p) > 1:
			n, err = vector(vectored, s.fd, p)
		case d == reading:
			n, err = syscall.Read(s.fd, first(p))
		default:
			n, err = syscall.Write(s.fd, first(p))
		}
		if err == syscall.EINTR {
			continue
		}
		return max(n, 0), s.outcome(d, count, err)
	}
}

func first(p [][]byte) []byte {
	if len(p) == 0 {
		return nil
	}
	return p[0]
}

// maxVectors is IOV_MAX. A stream's operation may do less than it was asked for.
const maxVectors = 1024

// vector calls readv or writev.
func vector(call uintptr, fd int, p [][]byte) (int, error) {
	vectors := make([]syscall.Iovec, 0, min(len(p), maxVectors))
	for _, b := range p {
		if len(b) == 0 {
			continue
		}
		if len(vectors) == maxVectors {
			break
		}
		v := syscall.Iovec{Base: &b[0]}
		v.SetLen(len(b))
		vectors = append(vectors, v)
	}
	var base unsafe.Pointer
	if len(vectors) > 0 {
		base = unsafe.Pointer(&vectors[0])
	}
	n, _, number := syscall.Syscall(call, uintptr(fd), uintptr(base), uintptr(len(vectors)))
	runtime.KeepAlive(p)
	if number != 0 {
		return 0, number
	}
	return int(n), nil
}

func (s *kernelSocket) readFrom(p []byte) (int, endpoint, bool, Errno) {
	if errno := s.connected(); errno != ErrnoSuccess {
		return 0, endpoint{}, false, errno
	}
	for {
		count := s.edges[reading].Load()
		n, _, flags, from, err := syscall.Recvmsg(s.fd, p, nil, 0)
		if err == syscall.EINTR {
			continue
		}
		if errno := s.outcome(reading, count, err); errno != ErrnoSuccess {
			return 0, endpoint{}, false, errno
		}
		return max(n, 0), endpointOfSockaddr(from), flags&syscall.MSG_TRUNC != 0, ErrnoSuccess
	}
}

func (s *kernelSocket) writeTo(p []byte, to endpoint) (int, Errno) {
	if !s.remote.isAny() {
		return 0, ErrnoIsconn // as package net says of sockets that are connected
	}
	family := s.network.familyOf(s.local)
	sa, err := to.sockaddr(family)
	if err != nil {
		return 0, ErrnoOf(err)
	}
	for {
		count := s.edges[writing].Load()
		n, err := syscall.SendmsgN(s.fd, p, nil, sa, 0)
		if err == syscall.EINTR {
			continue
		}
		if errno := s.outcome(writing, count, err); errno != ErrnoSuccess {
			return 0, errno
		}
		return n, ErrnoSuccess
	}
}

// poll asks the kernel whether a direction is ready.
func (s *kernelSocket) poll(d direction) bool {
	// struct pollfd, and the events of poll(2).
	const pollIn, pollOut, pollRdhup = 0x1, 0x4, 0x2000
	request := struct {
		fd             int32
		events, revent int16
	}{fd: int32(s.fd), events: pollIn | pollRdhup}
	if d == writing {
		request.events = pollOut
	}
	var now syscall.Timespec
	for {
		// It does not wait, so the runtime need not hear of it.
		n, _, number := syscall.RawSyscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&request)), 1, uintptr(unsafe.Pointer(&now)), 0, 0, 0)
		if number == syscall.EINTR {
			continue
		}
		return number != 0 || n != 0 // an operation finds out what is wrong
	}
}
