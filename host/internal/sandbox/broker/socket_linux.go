package broker

import (
	"errors"

	"golang.org/x/sys/unix"
)

// socket is a socket of the process, by a descriptor of this process's.
type socket struct {
	fd       int
	family   int
	kind     int // SOCK_STREAM and so on
	blocking bool
	// outside says that it is in the host's network, and not in the process's own.
	outside bool
}

// network is what package net calls it.
func (s *socket) network() string {
	switch {
	case s.family != unix.AF_UNIX && s.kind == unix.SOCK_STREAM:
		return "tcp"
	case s.family != unix.AF_UNIX:
		return "udp"
	case s.kind == unix.SOCK_DGRAM:
		return "unixgram"
	case s.kind == unix.SOCK_SEQPACKET:
		return "unixpacket"
	}
	return "unix"
}

func (s *socket) isIP() bool { return isIP(s.family) }

func isIP(family int) bool { return family == unix.AF_INET || family == unix.AF_INET6 }

func (s *socket) close() { _ = unix.Close(s.fd) }

// take returns a socket of the process. Whoever takes it closes it.
func (b *Broker) take(fd uint64) (*socket, unix.Errno) {
	own, err := unix.PidfdGetfd(b.pidfd, int(int32(fd)), 0)
	if err != nil {
		return nil, errnoOf(err)
	}
	s := &socket{fd: own}
	if errno := b.describe(s); errno != 0 {
		s.close()
		return nil, errno
	}
	return s, 0
}

func (b *Broker) describe(s *socket) unix.Errno {
	var err error
	if s.family, err = unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_DOMAIN); err != nil {
		return errnoOf(err) // not a socket, above all
	}
	if s.kind, err = unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_TYPE); err != nil {
		return errnoOf(err)
	}
	if s.family == unix.AF_NETLINK {
		return 0
	}
	if !s.isIP() && s.family != unix.AF_UNIX || s.isIP() && s.kind != unix.SOCK_STREAM && s.kind != unix.SOCK_DGRAM {
		return unix.EOPNOTSUPP
	}
	cookie, err := unix.GetsockoptUint64(s.fd, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
	if err != nil {
		return errnoOf(err)
	}
	s.outside = cookie == b.cookie
	flags, err := unix.FcntlInt(uintptr(s.fd), unix.F_GETFL, 0)
	if err != nil {
		return errnoOf(err)
	}
	s.blocking = flags&unix.O_NONBLOCK == 0
	return 0
}

// like returns a socket of the host's network in the place of one of the process's own. It does not block.
func (s *socket) like(family int) (*socket, unix.Errno) {
	fd, err := unix.Socket(family, s.kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, errnoOf(err)
	}
	n := &socket{fd: fd, family: family, kind: s.kind, blocking: s.blocking, outside: true}
	if family == s.family {
		copyOptions(s, n)
	}
	return n, 0
}

// option is an option of sockets that is a number.
type option struct{ level, name int }

// The options that programs set before they connect.
var (
	generalOptions = []option{
		{unix.SOL_SOCKET, unix.SO_REUSEADDR}, {unix.SOL_SOCKET, unix.SO_KEEPALIVE}, {unix.SOL_SOCKET, unix.SO_BROADCAST}, {unix.SOL_SOCKET, unix.SO_OOBINLINE},
		{unix.SOL_SOCKET, unix.SO_RCVLOWAT}, {unix.SOL_SOCKET, unix.SO_PRIORITY}, {unix.SOL_SOCKET, unix.SO_TIMESTAMP}, {unix.SOL_SOCKET, unix.SO_RXQ_OVFL},
	}
	tcpOptions = []option{
		{unix.IPPROTO_TCP, unix.TCP_NODELAY}, {unix.IPPROTO_TCP, unix.TCP_KEEPIDLE}, {unix.IPPROTO_TCP, unix.TCP_KEEPINTVL}, {unix.IPPROTO_TCP, unix.TCP_KEEPCNT},
		{unix.IPPROTO_TCP, unix.TCP_SYNCNT}, {unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT}, {unix.IPPROTO_TCP, unix.TCP_LINGER2}, {unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT},
	}
	ip4Options = []option{
		{unix.IPPROTO_IP, unix.IP_TOS}, {unix.IPPROTO_IP, unix.IP_TTL}, {unix.IPPROTO_IP, unix.IP_MTU_DISCOVER}, {unix.IPPROTO_IP, unix.IP_RECVERR},
		{unix.IPPROTO_IP, unix.IP_PKTINFO}, {unix.IPPROTO_IP, unix.IP_RECVTTL}, {unix.IPPROTO_IP, unix.IP_RECVTOS},
	}
	ip6Options = []option{
		{unix.IPPROTO_IPV6, unix.IPV6_V6ONLY}, {unix.IPPROTO_IPV6, unix.IPV6_TCLASS}, {unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS},
		{unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER}, {unix.IPPROTO_IPV6, unix.IPV6_RECVERR}, {unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO},
		{unix.IPPROTO_IPV6, unix.IPV6_RECVHOPLIMIT}, {unix.IPPROTO_IPV6, unix.IPV6_RECVTCLASS},
	}
)

// copyOptions sets what the process has set. What the host's socket does not take is left out, as it is no more than a wish.
func copyOptions(from, to *socket) {
	copyNumbers(from, to, generalOptions)
	if from.isIP() {
		copyNumbers(from, to, ip4Options)
		if from.family == unix.AF_INET6 {
			copyNumbers(from, to, ip6Options)
		}
		if from.kind == unix.SOCK_STREAM {
			copyNumbers(from, to, tcpOptions)
		}
	}
	for _, buffer := range []int{unix.SO_SNDBUF, unix.SO_RCVBUF} {
		was, err := unix.GetsockoptInt(from.fd, unix.SOL_SOCKET, buffer)
		if now, err2 := unix.GetsockoptInt(to.fd, unix.SOL_SOCKET, buffer); err == nil && err2 == nil && was != now {
			_ = unix.SetsockoptInt(to.fd, unix.SOL_SOCKET, buffer, was/2) // the kernel says double of what was asked for
		}
	}
	if l, err := unix.GetsockoptLinger(from.fd, unix.SOL_SOCKET, unix.SO_LINGER); err == nil && l.Onoff != 0 {
		_ = unix.SetsockoptLinger(to.fd, unix.SOL_SOCKET, unix.SO_LINGER, l)
	}
	for _, timeout := range []int{unix.SO_RCVTIMEO, unix.SO_SNDTIMEO} {
		if t, err := unix.GetsockoptTimeval(from.fd, unix.SOL_SOCKET, timeout); err == nil && *t != (unix.Timeval{}) {
			_ = unix.SetsockoptTimeval(to.fd, unix.SOL_SOCKET, timeout, t)
		}
	}
}

func copyNumbers(from, to *socket, options []option) {
	for _, o := range options {
		was, err := unix.GetsockoptInt(from.fd, o.level, o.name)
		if err != nil {
			continue
		}
		if now, err := unix.GetsockoptInt(to.fd, o.level, o.name); err == nil && was != now {
			_ = unix.SetsockoptInt(to.fd, o.level, o.name, was)
		}
	}
}

// errnoOf is the number of an error of the kernel's.
func errnoOf(err error) unix.Errno {
	var errno unix.Errno
	if err == nil || errors.As(err, &errno) {
		return errno
	}
	return unix.EIO
}

// networkCookie is the kernel's number of the network in which this process makes its sockets.
func networkCookie() (uint64, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	return unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
}
