package sockets

import "syscall"

func (s *kernelSocket) setOption(option uint32, value int64) Errno {
	level, name := syscall.SOL_SOCKET, 0
	switch option {
	case optionReadBuffer:
		name = syscall.SO_RCVBUF
	case optionWriteBuffer:
		name = syscall.SO_SNDBUF
	case optionKeepAlive:
		name = syscall.SO_KEEPALIVE
	case optionBroadcast:
		name = syscall.SO_BROADCAST
	case optionKeepAliveIdle:
		level, name = syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE
	case optionKeepAliveInterval:
		level, name = syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL
	case optionKeepAliveCount:
		level, name = syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT
	case optionNoDelay:
		level, name = syscall.IPPROTO_TCP, syscall.TCP_NODELAY
	case optionLinger:
		return s.setLinger(value)
	default:
		return ErrnoNoprotoopt
	}
	if level == syscall.IPPROTO_TCP && (s.network.unix || s.network.kind != stream) {
		return ErrnoNoprotoopt // in other protocols the numbers mean other things
	}
	v, errno := optionValue(option, value)
	if errno != ErrnoSuccess {
		return errno
	}
	return ErrnoOf(syscall.SetsockoptInt(s.fd, level, name, v))
}

// setLinger lets closing reset the connection, or not. A time is left out: close(2) would wait for it, although the socket does not block.
func (s *kernelSocket) setLinger(seconds int64) Errno {
	l := syscall.Linger{}
	if seconds == 0 {
		l.Onoff = 1
	}
	return ErrnoOf(syscall.SetsockoptLinger(s.fd, syscall.SOL_SOCKET, syscall.SO_LINGER, &l))
}
