package broker

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"golang.org/x/sys/unix"

	"github.com/cofaas/cofaas/host/internal/sockets"
)

func (b *Broker) bind(c *call) {
	at, errno := b.readAddress(&c.notification, c.args[1], c.args[2])
	switch {
	case errno != 0:
	case !b.listener.valid(&c.notification):
		return
	case int(at.family) != c.family:
		errno = unix.EAFNOSUPPORT
	case c.outside && b.ownNetwork:
		errno = unix.EINVAL // it is bound, or was connected
	}
	if errno != 0 {
		b.fail(c, errno)
		return
	}
	if isProbe(c.socket, at) {
		b.fail(c, b.bindInside(c, at))
		return
	}
	hostNetwork, hostAddress, err := b.net.cfg.Policy.Listen(c.network(), at.listenText())
	switch {
	case errors.Is(err, sockets.ErrPrivate):
		errno = b.bindInside(c, at)
	case err != nil:
		errno = unix.EACCES
	default:
		errno = b.bindMapped(c, at, hostNetwork, hostAddress)
	}
	b.fail(c, errno)
}

// isProbe says whether a socket gets an address at which nobody is expected: package net looks in this way for what it can have.
func isProbe(s *socket, at address) bool {
	if s.family == unix.AF_UNIX {
		return at.path == ""
	}
	return s.kind == unix.SOCK_STREAM && at.ap.Port() == 0 && at.ap.Addr().IsLoopback()
}

// bindInside gives a socket an address in the process's own network.
func (b *Broker) bindInside(c *call, at address) unix.Errno {
	if !b.ownNetwork && isProbe(c.socket, at) {
		return unix.EACCES
	}
	if !b.ownNetwork {
		b.net.refuseListener(c.network() + " " + at.listenText())
		return unix.EACCES
	}
	if c.family == unix.AF_UNIX && at.path != "" && at.path[0] != '@' {
		return b.bindPath(c, at.path)
	}
	sa, errno := at.sockaddr(c.family)
	if errno != 0 {
		return errno
	}
	if errno := errnoOf(unix.Bind(c.fd, sa)); errno != 0 {
		return errno
	}
	switch {
	case c.isIP() && c.kind == unix.SOCK_DGRAM:
		b.keepPrivate(c.socket)
	case c.family == unix.AF_UNIX && at.path != "":
		return b.keepPath(at.path, at.path)
	}
	return 0
}

// maxPaths is how many paths a process may have for itself.
const maxPaths = 1024

// bindPath gives a socket a path that nobody else sees: it is a name in the process's own network.
func (b *Broker) bindPath(c *call, path string) unix.Errno {
	name := "@" + path
	if len(name) > maxName {
		sum := sha256.Sum256([]byte(path))
		name = "@" + hex.EncodeToString(sum[:])
	}
	if err := unix.Bind(c.fd, &unix.SockaddrUnix{Name: name}); err != nil {
		return errnoOf(err)
	}
	return b.keepPath(path, name)
}

// keepPath notes that the process has a path for itself.
func (b *Broker) keepPath(path, name string) unix.Errno {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.paths) == maxPaths {
		return unix.ENOSPC
	}
	b.paths[path], b.names[name] = name, true
	return 0
}

// privatePath returns the name in the process's own network of a path that it has for itself, which may be given as that name: its sockets
// say that they have it.
func (b *Broker) privatePath(path string) (string, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.names[path] {
		return path, true
	}
	name, ok := b.paths[path]
	return name, ok
}

// bindMapped puts the host's listener in the place of the process's socket.
func (b *Broker) bindMapped(c *call, at address, hostNetwork, hostAddress string) unix.Errno {
	if hostNetwork == "" {
		hostNetwork = c.network()
	}
	m, errno := b.net.mapped.open(mappingKey{network: c.network(), at: at.listenText(), hostNetwork: hostNetwork, hostAddress: hostAddress}, at, c.socket)
	if errno != 0 {
		return errno
	}
	b.mu.Lock()
	b.shares = append(b.shares, m)
	b.mu.Unlock()
	return b.replace(c, &socket{fd: m.fd})
}

// listen makes a socket accept connections: in the process's own network, or at a mapping, which does already.
func (b *Broker) listen(c *call) {
	if c.outside && b.ownNetwork || !b.ownNetwork {
		accepts, err := unix.GetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
		if err == nil && accepts == 0 {
			err = unix.EACCES // who connects may not be connected to
		}
		b.result(c, err)
		return
	}
	err := unix.Listen(c.fd, int(int32(c.args[1])))
	if err == nil && c.isIP() {
		b.keepPrivate(c.socket)
	}
	b.result(c, err)
}
