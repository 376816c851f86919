package sockets

import (
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// network is what package net calls a network, taken apart.
type network struct {
	name    string
	kind    kind
	unix    bool
	version int // of IP: 4, 6, or 0 for either
}

type kind int

const (
	stream kind = iota
	packet      // a stream of messages
	datagram
)

var networks = map[string]network{
	"tcp":        {name: "tcp"},
	"tcp4":       {name: "tcp4", version: 4},
	"tcp6":       {name: "tcp6", version: 6},
	"udp":        {name: "udp", kind: datagram},
	"udp4":       {name: "udp4", kind: datagram, version: 4},
	"udp6":       {name: "udp6", kind: datagram, version: 6},
	"unix":       {name: "unix", unix: true},
	"unixpacket": {name: "unixpacket", unix: true, kind: packet},
	"unixgram":   {name: "unixgram", unix: true, kind: datagram},
}

// endpoint is an address of a network. Its zero value is any.
type endpoint struct {
	ip   netip.Addr // not valid if any; never IPv4 in IPv6
	port uint16
	path string // of a Unix socket; a leading @ is for a name in the abstract name space
}

// isAny says that the system may choose.
func (e endpoint) isAny() bool { return e == endpoint{} }

// text is the address as package net writes it. Any IP address is the empty host.
func (n network) text(e endpoint) string {
	if n.unix {
		return e.path
	}
	if !e.ip.IsValid() {
		return ":" + strconv.Itoa(int(e.port))
	}
	return netip.AddrPortFrom(e.ip, e.port).String()
}

// maxAddress bounds the text of an address. Paths are shorter in every system, IP addresses too.
const maxAddress = 1024

// parse reads an address of the network. The empty text is any.
func (n network) parse(text string) (endpoint, Errno) {
	switch {
	case text == "":
		return endpoint{}, ErrnoSuccess
	case len(text) > maxAddress:
		return endpoint{}, ErrnoNametoolong
	case n.unix:
		if strings.IndexByte(text, 0) >= 0 {
			return endpoint{}, ErrnoInval // else what the policy is asked for is not what the system opens
		}
		return endpoint{path: text}, ErrnoSuccess
	}
	if port, ok := strings.CutPrefix(text, ":"); ok {
		p, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return endpoint{}, ErrnoInval
		}
		return endpoint{port: uint16(p)}, ErrnoSuccess
	}
	ap, err := netip.ParseAddrPort(text)
	if err != nil || strings.ContainsAny(ap.Addr().Zone(), "[]%:") {
		return endpoint{}, ErrnoInval // such zones would make the text ambiguous for those who split it
	}
	e := endpoint{ip: ap.Addr().Unmap(), port: ap.Port()}
	if n.version == 4 && !e.ip.Is4() || n.version == 6 && e.ip.Is4() {
		return endpoint{}, ErrnoAfnosupport
	}
	return e, ErrnoSuccess
}

// parseRemote reads an address to connect or send to. No address, or the unspecified one, is the machine itself, as it is for package
// net; it becomes the loopback address here so that the policy is asked about what it means.
func (n network) parseRemote(text string) (endpoint, Errno) {
	if text == "" {
		return endpoint{}, ErrnoDestaddrreq
	}
	e, errno := n.parse(text)
	if errno != ErrnoSuccess || n.unix {
		return e, errno
	}
	return n.toLocal(e), ErrnoSuccess
}

// toLocal makes an address that can be connected to of one that can be listened on.
func (n network) toLocal(e endpoint) endpoint {
	switch {
	case n.unix:
	case !e.ip.IsValid() && n.version == 6, e.ip.IsValid() && e.ip.Is6() && e.ip.IsUnspecified():
		e.ip = netip.IPv6Loopback().WithZone(e.ip.Zone())
	case !e.ip.IsValid(), e.ip.IsUnspecified():
		e.ip = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return e
}

// shown is the address of a listener as package net shows it: any IP address is the unspecified one.
func (n network) shown(e endpoint) string {
	if !n.unix && !e.ip.IsValid() {
		e.ip = netip.IPv6Unspecified()
		if n.version == 4 {
			e.ip = netip.IPv4Unspecified()
		}
	}
	return n.text(e)
}

// endpointOf is for addresses of package net; what it does not know, and nil, is any.
func endpointOf(a net.Addr) endpoint {
	switch a := a.(type) {
	case *net.TCPAddr:
		return endpointOfIP(a.AddrPort())
	case *net.UDPAddr:
		return endpointOfIP(a.AddrPort())
	case *net.UnixAddr:
		if a != nil {
			return endpoint{path: a.Name}
		}
	}
	return endpoint{}
}

func endpointOfIP(ap netip.AddrPort) endpoint {
	return endpoint{ip: ap.Addr().Unmap(), port: ap.Port()}
}

// removePath removes the file of a Unix socket.
func (n network) removePath(e endpoint) {
	if n.unix && e.path != "" && e.path[0] != '@' {
		// Somebody else may have been quicker, or have taken its place.
		_ = os.Remove(e.path)
	}
}
