package sockets

import (
	"sync/atomic"
	"syscall"
)

// kernel makes sockets of the kernel's.
type kernel struct{}

func newDriver() driver { return kernel{} }

// kernelSocket is a socket of the kernel's, which does not block.
//
// Its readiness is two counts of edges, one for each direction, that its watcher raises once somebody waited for the direction. A direction
// is taken for blocked if an operation answered EAGAIN and there was no edge since before that operation; so an edge that comes during it
// counts. As there is no edge while data remains, after an operation that went well the kernel is asked.
type kernelSocket struct {
	fd      int
	network network
	w       *waiter
	watcher *watcher

	watched [2]bool
	edges   [2]atomic.Uint32
	blocked [2]uint32 // the count as of the last EAGAIN
	doubt   [2]uint32 // the count as of the last success

	connecting    bool
	failed        Errno  // why connecting did
	ended         bool   // reading was shut down
	chosen        bool   // the kernel chose the local port
	path          string // the file that was made for the local end
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

func (kernel) dial(n network, local, remote endpoint, w *waiter) (socket, Errno) {
	family := n.familyOf(remote, local)
	fd, err := n.open(family)
	if err != nil {
		return nil, ErrnoOf(err)
	}
	s := &kernelSocket{fd: fd, network: n, w: w, remote: remote, chosen: local.port == 0}
	if err := s.connect(family, local); err != nil {
		s.removePath()
		closeFD(fd)
		return nil, ErrnoOf(err)
	}
	// Not before: the runtime would be told that a socket that does not connect yet is hung up.
	if errno := s.start(); errno != ErrnoSuccess {
		s.removePath()
		return nil, errno
	}
	if s.connecting {
		s.watch(writing)
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
		s.path = local.path
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
	return nil
}

// start makes the descriptor one that can be watched. If that fails it is closed.
func (s *kernelSocket) start() (errno Errno) {
	var err error
	s.watcher, err = newWatcher(s.fd)
	return ErrnoOf(err)
}

// watch begins to watch a direction.
func (s *kernelSocket) watch(d direction) {
	s.watched[d] = true
	go s.watcher.watch(d, func(begin bool) {
		if begin && !s.poll(d) {
			return
		}
		s.edges[d].Add(1)
		s.w.wake(d)
	})
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

func (kernel) listen(n network, local endpoint) (bound, Errno) {
	fd, err := n.bind(local)
	if err != nil {
		return nil, ErrnoOf(err)
	}
	b := &kernelBound{fd: fd, network: n}
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
	s := &kernelSocket{fd: int(fd), network: b.network, w: w, local: b.local}
	if errno := s.start(); errno != ErrnoSuccess {
		return nil, errno
	}
	return s, ErrnoSuccess
}

func (b *kernelBound) close() {
	b.network.removePath(b.local)
	if b.network.kind != datagram {
		// Another descriptor may still be on its way to be closed. Fails only if the socket does not listen after all.
		_ = syscall.Shutdown(b.fd, syscall.SHUT_RDWR)
	}
	closeFD(b.fd)
}

func (s *kernelSocket) ready(d direction) bool {
	if !s.watched[d] {
		if s.poll(d) {
			return true
		}
		s.watch(d)
		return false
	}
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

// probe implements prober.
func (s *kernelSocket) probe(d direction) bool {
	if s.watched[d] && s.edges[d].Load() == s.blocked[d] && s.poll(d) {
		s.edges[d].Add(1) // The watcher will say so too, later.
	}
	return s.ready(d)
}

// outcome notes what a result says of a direction, whose count was read before the operation.
func (s *kernelSocket) outcome(d direction, count uint32, err error) Errno {
	switch err {
	case nil:
		s.doubt[d] = s.edges[d].Load()
		return ErrnoSuccess
	case syscall.EAGAIN:
		if d == reading && s.ended {
			return ErrnoSuccess // of datagrams, Linux says that it is ready for ever
		}
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
		c := &kernelSocket{fd: fd, network: s.network, w: w, remote: endpointOfSockaddr(sa)}
		if sa, err := syscall.Getsockname(fd); err == nil {
			c.local = endpointOfSockaddr(sa)
		}
		if errno := c.start(); errno != ErrnoSuccess {
			return nil, errno
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
	err := syscall.Shutdown(s.fd, how)
	s.ended = s.ended || read && err == nil
	return ErrnoOf(err)
}

// removePath removes what the guest has no other way to remove.
func (s *kernelSocket) removePath() { s.network.removePath(endpoint{path: s.path}) }

func (s *kernelSocket) close() {
	s.removePath()
	s.watcher.close()
}
