//go:build wasip1

package net

import (
	"runtime"
	"syscall"
	"time"
)

// Options of the host's sockets.
const (
	optionReadBuffer = 1 + iota
	optionWriteBuffer
	optionKeepAlive
	optionKeepAliveIdle
	optionKeepAliveInterval
	optionKeepAliveCount
	optionNoDelay
	optionLinger
)

func (fd *netFD) setOption(option uint32, value int64) error {
	var errno syscall.Errno
	err := fd.pfd.RawControl(func(sysfd uintptr) {
		errno = syscall.Errno(hostSetOption(uint32(sysfd), option, value))
	})
	runtime.KeepAlive(fd)
	if err != nil {
		return err
	}
	if errno != 0 {
		return wrapSyscallError("setsockopt", errno)
	}
	return nil
}

func boolOption(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func setReadBuffer(fd *netFD, bytes int) error {
	if fd.fakeNetFD != nil {
		return originalSetReadBuffer(fd, bytes)
	}
	return fd.setOption(optionReadBuffer, int64(bytes))
}

func setWriteBuffer(fd *netFD, bytes int) error {
	if fd.fakeNetFD != nil {
		return originalSetWriteBuffer(fd, bytes)
	}
	return fd.setOption(optionWriteBuffer, int64(bytes))
}

func setKeepAlive(fd *netFD, keepalive bool) error {
	if fd.fakeNetFD != nil {
		return originalSetKeepAlive(fd, keepalive)
	}
	return fd.setOption(optionKeepAlive, boolOption(keepalive))
}

func setLinger(fd *netFD, sec int) error {
	if fd.fakeNetFD != nil {
		return originalSetLinger(fd, sec)
	}
	return fd.setOption(optionLinger, int64(max(sec, -1)))
}

func setNoDelay(fd *netFD, noDelay bool) error {
	if fd.fakeNetFD != nil {
		return originalSetNoDelay(fd, noDelay)
	}
	return fd.setOption(optionNoDelay, boolOption(noDelay))
}

// Of the settings of keepalive, zero stands for the default, and less for what the system has.

func setKeepAliveIdle(fd *netFD, d time.Duration) error {
	if fd.fakeNetFD != nil {
		return originalSetKeepAliveIdle(fd, d)
	}
	return fd.setKeepAliveOption(optionKeepAliveIdle, int64(d), int64(defaultTCPKeepAliveIdle))
}

func setKeepAliveInterval(fd *netFD, d time.Duration) error {
	if fd.fakeNetFD != nil {
		return originalSetKeepAliveInterval(fd, d)
	}
	return fd.setKeepAliveOption(optionKeepAliveInterval, int64(d), int64(defaultTCPKeepAliveInterval))
}

func setKeepAliveCount(fd *netFD, n int) error {
	if fd.fakeNetFD != nil {
		return originalSetKeepAliveCount(fd, n)
	}
	return fd.setKeepAliveOption(optionKeepAliveCount, int64(n), defaultTCPKeepAliveCount)
}

func (fd *netFD) setKeepAliveOption(option uint32, value, def int64) error {
	if value == 0 {
		value = def
	} else if value < 0 {
		return nil
	}
	return fd.setOption(option, value)
}
