package sockets

import (
	"sync/atomic"
	"syscall"
)

// kernel makes sockets of the kernel's. Its methods are safe for concurrent use.
type kernel struct{ *poller }

func newDriver() (driver, error) {
	p, err := newPoller()
	if err != nil {
		return nil, err
	}
	return kernel{p}, nil
}

// kernelSocket is a socket of the kernel's, which does not block.
//
// Its readiness is two counts of edges, one for each direction, that the poller raises. A direction is taken for blocked if an operation
// answered EAGAIN and there was no edge since before that operation; so an edge that comes during it counts. As edges come late or not at
// all while data remains, after an operation that went well the kernel is asked.
type kernelSocket struct {
	poller  *poller
	fd      int
	id      uint64
	network network
	w       *waiter

	edges   [2]atomic.Uint32
	blocked [2]uint32 // the count as of the last EAGAIN
	doubt   [2]uint32 // the count as of the last success

	connecting bool
	failed     Errno // why connecting did
	// chosen says that the kernel chose the local port.
	chosen        bool
	local, remote endpoint
}

// open returns a socket of the network that does not block.
func (n network) open(family int) (int, error) {
	kind := syscall.SOCK_STREAM
	switch n.kind {
	case packet:
		kind = syscall.SOCK_SEQPACKET
	case datagram:
		kind = syscall.SOCK_DGRAM
	}
	fd, err := syscall.Socket(family, kind|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	if family == syscall.AF_INET6 {
		// As package net does: a socket takes IPv4 too, unless the network says 6.
		only := 0
		if n.version == 6 {
			only = 1
		}
		if err := syscall.SetsockoptInt(fd, syscall.IPPROTO_IPV6, syscall.IPV6_V6ONLY, only); err != nil {
			closeFD(fd)
			return -1, err
		}
	}
	if n.kind == datagram && !n.unix {
		if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_BROADCAST, 1); err != nil {
			closeFD(fd)
			return -1, err
		}
	}
	return fd, nil
}

// closeFD closes a descriptor. Linux closes it whatever the result, which is about what was written to files.
func closeFD(fd int) { _ = syscall.Close(fd) }

func (k kernel) dial(n network, local, remote endpoint, w *waiter) (socket, Errno) {
	family := n.familyOf(remote, local)
	fd, err := n.open(family)
	if err != nil {
		return nil, ErrnoOf(err)
	}
	s := &kernelSocket{poller: k.poller, fd: fd, network: n, w: w, remote: remote, chosen: local.port == 0}
	if err := s.connect(family, local); err != nil {
		closeFD(fd)
		return nil, ErrnoOf(err)
	}
	return s, ErrnoSuccess
}

func (s *kernelSocket) connect(family int, local endpoint) error {
	if !local.isAny() {
		from, err := local.sockaddr(family)
		if err != nil {
			return err
		}
		if err := syscall.Bind(s.fd, from); err != nil {
			return err
		}
	}
	to, err := s.remote.sockaddr(family)
	if err != nil {
		return err
	}
	switch err := syscall.Connect(s.fd, to); err {
	case nil:
		s.learn()
	case syscall.EINPROGRESS, syscall.EINTR:
		s.connecting = true
	default:
		return err
	}
	// Not before: a socket that does not connect yet is hung up.
	return s.poller.add(s)
}

// learn reads the addresses of both ends.
func (s *kernelSocket) learn() {
	if sa, err := syscall.Getsockname(s.fd); err == nil {
		s.local = endpointOfSockaddr(sa)
	}
	if sa, err := syscall.Getpeername(s.fd); err == nil {
		s.remote = endpointOfSockaddr(sa)
	}
}

func (k kernel) listen(n network, local endpoint) (bound, Errno) {
	fd, err := n.bind(local)
	if err != nil {
		return nil, ErrnoOf(err)
	}
	b := &kernelBound{poller: k.poller, fd: fd, network: n}
	sa, err := syscall.Getsockname(fd)
	if err == nil && n.kind != datagram {
		err = syscall.Listen(fd, syscall.SOMAXCONN)
	}
	if err != nil {
		b.close()
		return nil, ErrnoOf(err)
	}
	b.local = endpointOfSockaddr(sa)
	return b, ErrnoSuccess
}

// bind returns a socket with a local address.
func (n network) bind(local endpoint) (int, error) {
	family := n.familyToListen(local)
	fd, err := n.bindFamily(family, local)
	unavailable := err == syscall.EAFNOSUPPORT || err == syscall.EADDRNOTAVAIL
	if unavailable && family == syscall.AF_INET6 && n.version == 0 && (!local.ip.IsValid() || local.ip.IsUnspecified()) {
		return n.bindFamily(syscall.AF_INET, endpoint{port: local.port}) // a machine without IPv6
	}
	return fd, err
}

func (n network) bindFamily(family int, local endpoint) (int, error) {
	fd, err := n.open(family)
	if err != nil {
		return -1, err
	}
	if n.kind == stream && !n.unix {
		err = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	}
	var sa syscall.Sockaddr
	if err == nil {
		sa, err = local.sockaddr(family)
	}
	if err == nil {
		err = syscall.Bind(fd, sa)
	}
	if err != nil {
		closeFD(fd)
		return -1, err
	}
	return fd, nil
}

// kernelBound is the first descriptor of a socket that listens. Those that are attached are duplicates: the kernel gives each connection to
// one of them.
type kernelBound struct {
	poller  *poller
	fd      int
	network network
	local   endpoint
}

func (b *kernelBound) address() endpoint { return b.local }

func (b *kernelBound) attach(w *waiter) (socket, Errno) {
	fd, _, number := syscall.Syscall(syscall.SYS_FCNTL, uintptr(b.fd), syscall.F_DUPFD_CLOEXEC, 0)
	if number != 0 {
		return nil, ErrnoOf(number)
	}
	s := &kernelSocket{poller: b.poller, fd: int(fd), network: b.network, w: w, local: b.local}
	if err := b.poller.add(s); err != nil {
		closeFD(s.fd)
		return nil, ErrnoOf(err)
	}
	return s, ErrnoSuccess
}

func (b *kernelBound) close() {
	b.network.removePath(b.local)
	closeFD(b.fd)
}

// changed is called by the poller's goroutine.
func (s *kernelSocket) changed(events uint32) {
	const over = syscall.EPOLLERR | syscall.EPOLLHUP
	if events&(syscall.EPOLLIN|syscall.EPOLLRDHUP|over) != 0 {
		s.edges[reading].Add(1)
		s.w.wake(reading)
	}
	if events&(syscall.EPOLLOUT|over) != 0 {
		s.edges[writing].Add(1)
		s.w.wake(writing)
	}
}

func (s *kernelSocket) ready(d direction) bool {
	count := s.edges[d].Load()
	switch count {
	case s.blocked[d]:
		return false
	case s.doubt[d]:
	default:
		return true
	}
	if s.poll(d) {
		return true
	}
	s.blocked[d] = count
	return false
}

// outcome notes what a result says of a direction, whose count was read before the operation.
func (s *kernelSocket) outcome(d direction, count uint32, err error) Errno {
	switch err {
	case nil:
		s.doubt[d] = s.edges[d].Load()
		return ErrnoSuccess
	case syscall.EAGAIN:
		s.blocked[d] = count
		return ErrnoAgain
	}
	s.doubt[d] = s.edges[d].Load()
	return ErrnoOf(err)
}

// connected is asked before anything that needs a connection.
func (s *kernelSocket) connected() Errno {
	if !s.connecting && s.failed == ErrnoSuccess {
		return ErrnoSuccess
	}
	errno := s.status()
	if errno == ErrnoInprogress {
		return ErrnoAgain
	}
	return errno
}

func (s *kernelSocket) status() Errno {
	if !s.connecting {
		return s.failed
	}
	count := s.edges[writing].Load()
	if count == s.blocked[writing] {
		return ErrnoInprogress
	}
	number, err := syscall.GetsockoptInt(s.fd, syscall.SOL_SOCKET, syscall.SO_ERROR)
	if err != nil {
		number = int(err.(syscall.Errno))
	}
	switch err := syscall.Errno(number); err {
	case 0, syscall.EISCONN:
		if _, err := syscall.Getpeername(s.fd); err != nil {
			s.blocked[writing] = count // woken too early
			return ErrnoInprogress
		}
	case syscall.EINPROGRESS, syscall.EALREADY, syscall.EINTR:
		s.blocked[writing] = count
		return ErrnoInprogress
	default:
		s.failed = ErrnoOf(err)
	}
	s.connecting = false
	if s.failed == ErrnoSuccess {
		s.learn()
		if s.chosen && s.local == s.remote && !s.network.unix {
			// A port that nobody listens on was chosen for this end, and so it connected to itself. Package net tries again then.
			s.failed = ErrnoConnrefused
		}
	}
	return s.failed
}

func (s *kernelSocket) addresses() (local, remote endpoint) { return s.local, s.remote }

func (s *kernelSocket) accept(w *waiter) (socket, Errno) {
	for {
		count := s.edges[reading].Load()
		fd, sa, err := syscall.Accept4(s.fd, syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC)
		if err == syscall.EINTR || err == syscall.ECONNABORTED {
			continue
		}
		if errno := s.outcome(reading, count, err); errno != ErrnoSuccess {
			return nil, errno
		}
		c := &kernelSocket{poller: s.poller, fd: fd, network: s.network, w: w, remote: endpointOfSockaddr(sa)}
		if sa, err := syscall.Getsockname(fd); err == nil {
			c.local = endpointOfSockaddr(sa)
		}
		if err := s.poller.add(c); err != nil {
			closeFD(fd)
			return nil, ErrnoOf(err)
		}
		return c, ErrnoSuccess
	}
}

func (s *kernelSocket) shutdown(read, write bool) Errno {
	if errno := s.connected(); errno == ErrnoAgain {
		return ErrnoNotconn
	}
	how := syscall.SHUT_RDWR
	switch {
	case !write:
		how = syscall.SHUT_RD
	case !read:
		how = syscall.SHUT_WR
	}
	return ErrnoOf(syscall.Shutdown(s.fd, how))
}

func (s *kernelSocket) close() {
	s.poller.remove(s)
	closeFD(s.fd)
}
