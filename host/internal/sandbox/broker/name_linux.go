package broker

import (
	"encoding/binary"
	"net/netip"
	"strconv"

	"golang.org/x/sys/unix"
)

// name says which address a socket has. Where it is a mapping's it is the one that the process has asked for.
func (b *Broker) name(c *call) {
	sa, err := unix.Getsockname(c.fd)
	if err != nil {
		b.result(c, err)
		return
	}
	at := addressOf(sa)
	if c.outside {
		at = b.shown(c.socket, at)
	}
	raw := at.raw()
	var size [4]byte
	if errno := b.read(&c.notification, c.args[2], size[:]); errno != 0 {
		b.fail(c, errno)
		return
	}
	room := int(int32(binary.NativeEndian.Uint32(size[:])))
	if room < 0 {
		b.fail(c, unix.EINVAL)
		return
	}
	binary.NativeEndian.PutUint32(size[:], uint32(len(raw)))
	errno := b.write(&c.notification, c.args[2], size[:])
	if part := raw[:min(room, len(raw))]; errno == 0 && len(part) > 0 {
		errno = b.write(&c.notification, c.args[1], part)
	}
	b.fail(c, errno)
}

// shown is an address of a socket as the process should see it.
func (b *Broker) shown(s *socket, at address) address {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range b.shares {
		if at.family == unix.AF_UNIX && at.path != m.host.path || at.family != unix.AF_UNIX && at.ap.Port() != m.host.ap.Port() || m.kind != s.kind {
			continue
		}
		asked := m.asked
		if !isIP(int(asked.family)) {
			return asked
		}
		accepts, err := unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
		if listens := err == nil && accepts != 0 || s.kind == unix.SOCK_DGRAM; !listens && asked.ap.Addr().IsUnspecified() {
			ip := at.ap.Addr()
			if !ip.IsValid() { // a Unix socket
				ip = asked.local().ap.Addr()
			}
			asked.ap = netip.AddrPortFrom(ip, asked.ap.Port())
		}
		if asked.ap.Port() == 0 {
			asked.ap = netip.AddrPortFrom(asked.ap.Addr(), m.host.ap.Port())
		}
		return asked
	}
	return at
}

// raw is the address as the kernel has it.
func (a address) raw() []byte {
	p := binary.NativeEndian.AppendUint16(nil, a.family)
	switch a.family {
	case unix.AF_INET:
		p = binary.BigEndian.AppendUint16(p, a.ap.Port())
		ip := a.ap.Addr().As4()
		return append(append(p, ip[:]...), make([]byte, 8)...)
	case unix.AF_INET6:
		p = binary.BigEndian.AppendUint16(p, a.ap.Port())
		p = append(p, make([]byte, 4)...)
		ip := a.ap.Addr().As16()
		p = append(p, ip[:]...)
		zone, _ := strconv.ParseUint(a.ap.Addr().Zone(), 10, 32)
		return binary.NativeEndian.AppendUint32(p, uint32(zone))
	}
	switch {
	case a.path == "":
	case a.path[0] == '@':
		p = append(append(p, 0), a.path[1:]...)
	default:
		p = append(append(p, a.path...), 0)
	}
	return p
}
