package broker

import (
	"net/netip"
	"os"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// mappings are the addresses of the host at which it serves what the function listens on. The first process that listens opens one, all of
// the function's have the same socket, so that the kernel gives each connection to one of them, and it closes with the last process.
type mappings struct {
	mu     sync.Mutex
	byKey  map[mappingKey]*mapping
	closed bool
}

// mappingKey is what was asked for, and what the policy says is to be had.
type mappingKey struct{ network, at, hostNetwork, hostAddress string }

type mapping struct {
	key   mappingKey
	fd    int
	asked address
	host  address // as it was opened
	users int
	path  string // the file that was made
	kind  int    // SOCK_STREAM and so on
}

// open returns the mapping of a key, and counts a user.
func (m *mappings) open(key mappingKey, asked address, like *socket) (*mapping, unix.Errno) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, unix.ENETDOWN
	}
	if found := m.byKey[key]; found != nil {
		found.users++
		return found, 0
	}
	opened, errno := listenOutside(key, like)
	if errno != 0 {
		return nil, errno
	}
	opened.key, opened.asked, opened.users = key, asked, 1
	if m.byKey == nil {
		m.byKey = map[mappingKey]*mapping{}
	}
	if !opened.chosen() {
		m.byKey[key] = opened
	}
	return opened, 0
}

// chosen says that the kernel chose the port, so that each listener has one of its own.
func (m *mapping) chosen() bool { return strings.HasSuffix(m.key.hostAddress, ":0") }

// listenOutside opens a socket at an address of the host.
func listenOutside(key mappingKey, like *socket) (*mapping, unix.Errno) {
	at, family, errno := hostAddress(key)
	if errno != 0 {
		return nil, errno
	}
	s, errno := like.like(family)
	if errno != 0 {
		return nil, errno
	}
	m := &mapping{fd: s.fd, kind: s.kind}
	if errno := m.bind(at, family, like.kind); errno != 0 {
		m.close()
		return nil, errno
	}
	return m, 0
}

func (m *mapping) bind(at address, family, kind int) unix.Errno {
	if family == unix.AF_INET6 && strings.HasPrefix(at.listenText(), ":") {
		// Any address is any of both families.
		if err := unix.SetsockoptInt(m.fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 0); err != nil {
			return errnoOf(err)
		}
	}
	if kind == unix.SOCK_STREAM && family != unix.AF_UNIX {
		if err := unix.SetsockoptInt(m.fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
			return errnoOf(err)
		}
	}
	sa, errno := at.sockaddr(family)
	if errno != 0 {
		return errno
	}
	if err := unix.Bind(m.fd, sa); err != nil {
		return errnoOf(err)
	}
	if family == unix.AF_UNIX && at.path[0] != '@' {
		m.path = at.path
	}
	if kind != unix.SOCK_DGRAM {
		if err := unix.Listen(m.fd, unix.SOMAXCONN); err != nil {
			return errnoOf(err)
		}
	}
	bound, err := unix.Getsockname(m.fd)
	if err != nil {
		return errnoOf(err)
	}
	m.host = addressOf(bound)
	return 0
}

// hostAddress reads an address of the host as policies have it.
func hostAddress(key mappingKey) (address, int, unix.Errno) {
	if strings.HasPrefix(key.hostNetwork, "unix") {
		if key.hostAddress == "" {
			return address{}, 0, unix.EINVAL
		}
		return address{family: unix.AF_UNIX, path: key.hostAddress}, unix.AF_UNIX, 0
	}
	text := key.hostAddress
	if strings.HasPrefix(text, ":") {
		text = "[::]" + text
	}
	ap, err := netip.ParseAddrPort(text)
	if err != nil {
		return address{}, 0, unix.EINVAL
	}
	a := ipAddress(netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()))
	return a, int(a.family), 0
}

// reach says where on the host somebody listens whom the function would reach at an address of its own.
func (m *mappings) reach(network string, to address) (address, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, found := range m.byKey {
		if found.key.network == network && found.isAt(to) {
			there := found.host
			return there.local(), true
		}
	}
	return address{}, false
}

// isAt says whether the function reaches the mapping at an address.
func (m *mapping) isAt(to address) bool {
	if to.family == unix.AF_UNIX {
		return m.asked.path == to.path
	}
	if to.ap == m.host.ap {
		return true // it has been told
	}
	ip := m.asked.ap.Addr()
	return to.ap.Addr().IsLoopback() && m.asked.ap.Port() == to.ap.Port() && (ip.IsUnspecified() || ip == to.ap.Addr())
}

// leave takes back what open counted.
func (m *mappings) leave(left *mapping) {
	m.mu.Lock()
	defer m.mu.Unlock()
	left.users--
	if left.users == 0 {
		if m.byKey[left.key] == left {
			delete(m.byKey, left.key)
		}
		left.close()
	}
}

func (m *mapping) close() {
	if m.path != "" {
		// Somebody else may have been quicker.
		_ = os.Remove(m.path)
	}
	_ = unix.Close(m.fd)
}

// close lets no more be opened. What is open belongs to processes, and closes with them.
func (m *mappings) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
}
