package sockets

import (
	"errors"
	"net/netip"
)

// mapping is an address of the function that the operator mapped to one of the host. The first instance that listens opens it, all of the
// function's take from it, and it closes with the last.
type mapping struct {
	key       mappingKey
	shared    bool // the key is in the network's table; else the host chose the port, and every listener has one of its own
	guestNet  network
	guest     endpoint // the address that was asked for, with the host's port if it asked for none
	hostNet   network
	host      endpoint // as it was opened
	bound     bound
	listeners int
}

type mappingKey struct {
	guestNet, hostNet string
	guest, host       endpoint
}

// listen attaches a listener to the mapping of what the guest asked for. It returns the text of a refusal.
func (t *Table) listen(n network, guest endpoint, w *waiter) (socket, *mapping, string, Errno) {
	hostNetwork, hostAddress, err := t.net.policy.Listen(n.name, n.text(guest))
	switch {
	case errors.Is(err, ErrPrivate):
		return nil, nil, "", ErrnoNotcapable
	case err != nil:
		return nil, nil, err.Error(), ErrnoAcces
	}
	if hostNetwork == "" {
		hostNetwork = n.name
	}
	hostNet, ok := networks[hostNetwork]
	if !ok || hostNet.kind != n.kind {
		return nil, nil, "cofaas: cannot map network " + n.name + " to network " + hostNetwork, ErrnoInval
	}
	host, errno := hostNet.parse(hostAddress)
	if errno != ErrnoSuccess || hostNet.unix && host.path == "" {
		return nil, nil, "cofaas: cannot map " + n.text(guest) + " to address " + hostAddress, ErrnoInval
	}
	m, errno := t.net.mapping(mappingKey{n.name, hostNet.name, guest, host}, n, hostNet, t.listens)
	if errno != ErrnoSuccess {
		return nil, nil, "", errno
	}
	s, errno := m.bound.attach(w)
	if errno != ErrnoSuccess {
		t.net.leave(m)
		return nil, nil, "", errno
	}
	return s, m, "", ErrnoSuccess
}

// listens says that a descriptor of the table is attached already.
func (t *Table) listens(m *mapping) bool {
	for _, d := range t.fds {
		if d.listens && d.mapping == m {
			return true
		}
	}
	return false
}

// mapping returns the mapping of the key, opened if it was not, and counts a listener. If taken says that the caller has it, the address is
// in use.
func (n *Network) mapping(key mappingKey, guestNet, hostNet network, taken func(*mapping) bool) (*mapping, Errno) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if m := n.mappings[key]; m != nil {
		if taken(m) {
			return nil, ErrnoAddrinuse
		}
		m.listeners++
		return m, ErrnoSuccess
	}
	b, errno := n.driver.listen(hostNet, key.host)
	if errno != ErrnoSuccess {
		return nil, errno
	}
	m := &mapping{
		key: key, guestNet: guestNet, guest: key.guest, hostNet: hostNet, host: b.address(), bound: b, listeners: 1,
		shared: hostNet.unix || key.host.port != 0,
	}
	if !guestNet.unix && m.guest.port == 0 {
		m.guest.port = m.host.port
	}
	if !m.shared {
		m.key.host = m.host // so that dials find it, but nobody who asks for any port
	}
	n.mappings[m.key] = m
	return m, ErrnoSuccess
}

// leave takes back what mapping counted.
func (n *Network) leave(m *mapping) {
	n.mu.Lock()
	defer n.mu.Unlock()
	m.listeners--
	if m.listeners == 0 {
		delete(n.mappings, m.key)
		m.bound.close()
	}
}

// mapped says where on the host somebody listens whom the function would reach at an address of its own: a loopback address, or a path.
func (n *Network) mapped(dialled network, to endpoint) (network, endpoint, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, m := range n.mappings {
		if m.guestNet.kind != dialled.kind || m.guestNet.unix != dialled.unix || !m.reachableAt(to) {
			continue
		}
		return m.hostNet, m.hostNet.toLocal(m.host), true
	}
	return network{}, endpoint{}, false
}

func (m *mapping) reachableAt(to endpoint) bool {
	switch {
	case m.guestNet.unix:
		return m.guest.path == to.path
	case !to.ip.IsLoopback() || m.guest.port != to.port:
		return false
	case m.guest.ip.IsValid() && !m.guest.ip.IsUnspecified():
		return m.guest.ip == to.ip
	}
	return m.guestNet.version == 0 || (m.guestNet.version == 4) == to.ip.Is4()
}

// accepted gives the addresses of a connection that a listener accepted, as the function should see them.
func (m *mapping) accepted(local, remote endpoint) (laddr, raddr string) {
	switch {
	case m.guestNet.unix:
		laddr = m.guest.path
		if m.hostNet.unix {
			return laddr, remote.path
		}
		return laddr, ""
	case m.hostNet.unix:
		here := m.guestNet.toLocal(m.guest)
		return m.guestNet.text(here), netip.AddrPortFrom(here.ip, 0).String()
	}
	if m.guest.ip.IsValid() && !m.guest.ip.IsUnspecified() {
		local.ip = m.guest.ip
	}
	local.port = m.guest.port
	return m.guestNet.text(local), m.guestNet.text(remote)
}
