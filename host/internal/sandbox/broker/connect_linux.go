package broker

import (
	"errors"
	"net/netip"

	"golang.org/x/sys/unix"
)

func (b *Broker) connect(c *call) {
	to, errno := b.readAddress(&c.notification, c.args[1], c.args[2])
	switch {
	case errno != 0:
	case !b.listener.valid(&c.notification):
		return
	case to.family == unix.AF_UNSPEC:
		b.result(c, disconnect(c.fd))
		return
	case (to.family == unix.AF_UNIX) != (c.family == unix.AF_UNIX):
		errno = unix.EAFNOSUPPORT
	}
	if errno != 0 {
		b.fail(c, errno)
		return
	}
	to, way, errno := b.route(c.socket, to.local())
	switch {
	case errno != 0:
		b.fail(c, errno)
	case way == inside:
		b.connectInside(c, to)
	default:
		b.connectOutside(c, to)
	}
}

// way is by which network an address is reached.
type way int

const (
	outside way = iota
	inside
)

// route says where an address leads to: to the process itself, to what plays its name servers, to where the host serves the function, or
// to where the policy lets it.
func (b *Broker) route(s *socket, to address) (address, way, unix.Errno) {
	network := s.network()
	if s.isIP() {
		if server, ok := b.net.names.server(b.net, network, to.ap); ok {
			return ipAddress(server), outside, 0
		}
		if b.isPrivate(network, to.ap) {
			return to, inside, 0
		}
	} else if name, ok := b.privatePath(to.path); ok {
		return address{family: unix.AF_UNIX, path: name}, inside, 0
	}
	if there, ok := b.net.mapped.reach(network, to); ok {
		return there, outside, 0
	}
	if err := b.net.cfg.Policy.Dial(network, to.text()); err != nil {
		return to, outside, unix.EACCES
	}
	return to, outside, 0
}

func ipAddress(ap netip.AddrPort) address {
	family := uint16(unix.AF_INET)
	if ap.Addr().Is6() {
		family = unix.AF_INET6
	}
	return address{family: family, ap: ap}
}

// connectInside connects in the process's own network.
func (b *Broker) connectInside(c *call, to address) {
	if c.outside && b.ownNetwork {
		b.fail(c, unix.ENETUNREACH)
		return
	}
	sa, errno := to.sockaddr(c.family)
	if errno != 0 {
		b.fail(c, errno)
		return
	}
	// Its own listener is as quick as it is itself, or slow: it may fill its queue and have none accept.
	if c.blocking && c.kind != unix.SOCK_DGRAM {
		b.later(c, func() { b.result(c, b.connectBlocking(c, sa)) })
		return
	}
	b.result(c, unix.Connect(c.fd, sa))
}

// connectBlocking connects a socket of the process's that blocks, without blocking longer than it lives.
func (b *Broker) connectBlocking(c *call, sa unix.Sockaddr) error {
	if err := unix.SetNonblock(c.fd, true); err != nil {
		return err
	}
	err := b.finish(c, c.fd, unix.Connect(c.fd, sa))
	return errors.Join(err, unix.SetNonblock(c.fd, false))
}

// finish waits until a connection is there, if it is not yet.
func (b *Broker) finish(c *call, fd int, err error) error {
	if !errors.Is(err, unix.EINPROGRESS) {
		return err
	}
	if !b.await(c, fd, unix.POLLOUT) {
		return unix.EINTR
	}
	number, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && number != 0 {
		err = unix.Errno(number)
	}
	return err
}

// connectOutside connects in the host's network, by a socket that takes the place of the process's.
func (b *Broker) connectOutside(c *call, to address) {
	if c.outside && c.kind == unix.SOCK_DGRAM && c.isIP() == (to.family != unix.AF_UNIX) {
		// It may be bound, and who knows it there shall go on to reach it.
		sa, errno := to.sockaddr(c.family)
		if errno == 0 {
			errno = errnoOf(unix.Connect(c.fd, sa))
		}
		b.fail(c, errno)
		return
	}
	if errno := b.isFree(c); errno != 0 {
		b.fail(c, errno)
		return
	}
	family := c.family
	if (to.family == unix.AF_UNIX) != (family == unix.AF_UNIX) {
		family = int(to.family)
	}
	sa, errno := to.sockaddr(family)
	if errno != 0 {
		b.fail(c, errno)
		return
	}
	s, errno := c.like(family)
	if errno != 0 {
		b.fail(c, errno)
		return
	}
	err := unix.Connect(s.fd, sa)
	switch {
	case !c.blocking:
		defer s.close()
		if err != nil && !errors.Is(err, unix.EINPROGRESS) {
			b.result(c, err) // the process's socket is as it was
			return
		}
		if errno := b.replace(c, s); errno != 0 {
			err = errno
		}
		b.result(c, err)
	case errors.Is(err, unix.EINPROGRESS):
		b.later(c, func() {
			defer s.close()
			b.install(c, s, b.finish(c, s.fd, err))
		})
		if !c.waits {
			s.close()
		}
	default:
		defer s.close()
		b.install(c, s, err)
	}
}

// install puts a socket that blocks, and is connected, in the place of the process's.
func (b *Broker) install(c *call, s *socket, err error) {
	if err == nil {
		err = unix.SetNonblock(s.fd, false)
	}
	if err == nil {
		if errno := b.replace(c, s); errno != 0 {
			err = errno
		}
	}
	b.result(c, err)
}

// isFree says whether a socket can connect: what is connected or connecting cannot.
func (b *Broker) isFree(c *call) unix.Errno {
	if c.kind == unix.SOCK_DGRAM {
		return 0
	}
	if _, err := unix.Getpeername(c.fd); err == nil {
		return unix.EISCONN
	}
	if listening, err := unix.GetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN); err == nil && listening != 0 {
		return unix.EISCONN
	}
	if c.isIP() {
		info, err := unix.GetsockoptTCPInfo(c.fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		if err == nil && info.State == tcpSynSent {
			return unix.EALREADY
		}
	}
	return 0
}

// tcpSynSent is a state of connections: connecting.
const tcpSynSent = 2

// disconnect dissolves what a socket is connected to.
func disconnect(fd int) error {
	none := [2]byte{} // AF_UNSPEC
	return connectRaw(fd, none[:])
}
