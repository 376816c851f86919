package broker

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strconv"

	"golang.org/x/sys/unix"
)

// address is what a system call names. Of IP it is ap, which is never IPv4 in IPv6, of Unix sockets it is path, with a leading @ for names
// in the abstract name space.
type address struct {
	family uint16
	ap     netip.AddrPort
	path   string
}

// maxAddress is the size of struct sockaddr_storage.
const maxAddress = 128

// maxName is the longest name of a Unix socket that x/sys gives to the kernel, with @ for the first byte of abstract ones.
const maxName = 107

// readAddress copies an address of the process.
func (b *Broker) readAddress(n *notification, at, size uint64) (address, unix.Errno) {
	size = uint64(uint32(size)) // as the kernel has it
	if size < 2 || size > maxAddress {
		return address{}, unix.EINVAL
	}
	p := make([]byte, size)
	if errno := b.read(n, at, p); errno != 0 {
		return address{}, errno
	}
	return parseAddress(p)
}

func parseAddress(p []byte) (address, unix.Errno) {
	a := address{family: binary.NativeEndian.Uint16(p)}
	switch a.family {
	case unix.AF_UNSPEC:
	case unix.AF_INET:
		if len(p) < unix.SizeofSockaddrInet4 {
			return a, unix.EINVAL
		}
		a.ap = netip.AddrPortFrom(netip.AddrFrom4([4]byte(p[4:8])), binary.BigEndian.Uint16(p[2:]))
	case unix.AF_INET6:
		if len(p) < 24 {
			return a, unix.EINVAL
		}
		ip := netip.AddrFrom16([16]byte(p[8:24])).Unmap()
		if len(p) >= unix.SizeofSockaddrInet6 && ip.Is6() {
			if scope := binary.NativeEndian.Uint32(p[24:]); scope != 0 {
				ip = ip.WithZone(strconv.FormatUint(uint64(scope), 10))
			}
		}
		a.ap = netip.AddrPortFrom(ip, binary.BigEndian.Uint16(p[2:]))
	case unix.AF_UNIX:
		path := p[2:]
		switch {
		case len(path) > 108:
			return a, unix.EINVAL
		case len(path) == 0: // any
		case path[0] == 0:
			if bytes.IndexByte(path[1:], 0) >= 0 {
				return a, unix.EINVAL // policies do not have such names
			}
			a.path = "@" + string(path[1:])
		default:
			if end := bytes.IndexByte(path, 0); end >= 0 {
				path = path[:end]
			}
			if path[0] == '@' {
				path = append([]byte("./"), path...) // it is a file
			}
			a.path = string(path)
		}
		if len(a.path) > maxName {
			return a, unix.EINVAL
		}
	default:
		return a, unix.EAFNOSUPPORT
	}
	return a, 0
}

// sockaddr is the address for a socket of a family.
func (a address) sockaddr(family int) (unix.Sockaddr, unix.Errno) {
	if family == unix.AF_UNIX {
		return &unix.SockaddrUnix{Name: a.path}, 0
	}
	ip := a.ap.Addr()
	if family == unix.AF_INET {
		if !ip.Is4() {
			return nil, unix.EAFNOSUPPORT
		}
		return &unix.SockaddrInet4{Port: int(a.ap.Port()), Addr: ip.As4()}, 0
	}
	sa := &unix.SockaddrInet6{Port: int(a.ap.Port()), Addr: ip.As16()}
	if zone, err := strconv.ParseUint(ip.Zone(), 10, 32); err == nil {
		sa.ZoneId = uint32(zone)
	}
	return sa, 0
}

// local is an address to connect to: the unspecified one is the machine itself.
func (a address) local() address {
	switch {
	case !a.ap.Addr().IsUnspecified():
	case a.ap.Addr().Is4():
		a.ap = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), a.ap.Port())
	default:
		a.ap = netip.AddrPortFrom(netip.IPv6Loopback(), a.ap.Port())
	}
	return a
}

// text is the address as policies have it.
func (a address) text() string {
	if a.family == unix.AF_UNIX {
		return a.path
	}
	return a.ap.String()
}

// listenText is the address of a listener as policies have it.
func (a address) listenText() string {
	if a.family != unix.AF_UNIX && a.ap.Addr().IsUnspecified() {
		return ":" + strconv.Itoa(int(a.ap.Port()))
	}
	return a.text()
}

// addressOf is for what the kernel says of a socket.
func addressOf(sa unix.Sockaddr) address {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return address{family: unix.AF_INET, ap: netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))}
	case *unix.SockaddrInet6:
		return address{family: unix.AF_INET6, ap: netip.AddrPortFrom(netip.AddrFrom16(sa.Addr).Unmap(), uint16(sa.Port))}
	case *unix.SockaddrUnix:
		return address{family: unix.AF_UNIX, path: sa.Name}
	}
	return address{}
}
