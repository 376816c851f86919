package netrules

import (
	"net/netip"
	"strings"
)

// Entry is one entry of an allow-list. Entries are immutable.
type Entry struct {
	text string
	kind kind
	// network is "tcp" or "udp", of all kinds that have ports, or "lookup" without any.
	network string
	// name is a name, the suffix with its dot, or the path of a socket.
	name   string
	prefix netip.Prefix
	// zone is that of an address that has one: the prefix cannot.
	zone        string
	first, last uint16
}

type kind uint8

const (
	everything kind = iota + 1
	none
	path    // a Unix domain socket
	exact   // a name
	below   // *.suffix
	prefix  // an address or a network
	anyHost // *:port
)

// String returns the entry as Parse reads it: in lower case, with what may be left out left out.
func (e Entry) String() string { return e.text }

// IsNone reports whether the entry is none, which allows nothing and takes back what a function states itself.
func (e Entry) IsNone() bool { return e.kind == none }

// IsUDP reports whether the entry allows UDP.
func (e Entry) IsUDP() bool { return e.kind == everything || e.network == "udp" }

// Unrestricted reports whether the entry allows everything.
func (e Entry) Unrestricted() bool { return e.kind == everything }

// CoversPath reports whether the entry allows a Unix domain socket, of any type. Paths are compared as they are: what ".." means
// depends on symbolic links, and a relative path on who reads it.
func (e Entry) CoversPath(p string) bool {
	return e.kind == everything || e.kind == path && e.name == p
}

// CoversPort reports whether the entry is for a port of a network, "tcp" or "udp".
func (e Entry) CoversPort(network string, port uint16) bool {
	return e.kind == everything || e.network == network && e.first <= port && port <= e.last
}

// CoversName reports whether a [Name] is one that the entry is for, and so may be looked up.
func (e Entry) CoversName(name string) bool {
	switch e.kind {
	case everything, anyHost:
		return true
	case exact:
		return name == e.name
	case below:
		return len(name) > len(e.name) && strings.HasSuffix(name, e.name)
	}
	return false
}

// CoversAddr reports whether the entry is for an [Addr] whatever names it has.
func (e Entry) CoversAddr(a netip.Addr) bool {
	switch e.kind {
	case everything:
		return true
	case anyHost:
		return !Guarded(a)
	case prefix:
		return e.prefix.Contains(a.WithZone("")) && (e.zone == "" || e.zone == a.Zone())
	case exact:
		// This name always stands for the machine itself (RFC 6761, section 6.3), and libraries write either.
		return e.name == Localhost && (a == netip.AddrFrom4([4]byte{127, 0, 0, 1}) || a == netip.IPv6Loopback())
	}
	return false
}

// Opens reports whether the entry is for an [Addr] because it is what the look-up of a [Name] gave. Whoever answers for a name decides
// what it opens, so there is a limit to it: an answer never leads to where clouds hand out credentials and other addresses that only
// mean something on the machine or its network segment, and to the machine itself only if the operator named exactly this name.
func (e Entry) Opens(name string, a netip.Addr) bool {
	switch e.kind {
	case everything:
		return true
	case exact:
		return e.CoversName(name) && !reserved(a.WithZone(""))
	case below, anyHost:
		return e.CoversName(name) && !Guarded(a)
	}
	return false
}

// Localhost is the name of the machine itself.
const Localhost = "localhost"

// Name returns a name as entries compare it. Only letters of ASCII have two cases: others that Unicode would make equal, such as the
// Kelvin sign and a k, are other names to a resolver.
func Name(s string) string {
	s = strings.TrimSuffix(s, ".")
	for i := range len(s) {
		if c := s[i]; 'A' <= c && c <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if c := b[i]; 'A' <= c && c <= 'Z' {
					b[i] = c + 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}

// ServiceName returns the name whose service a [Name] of an SRV record such as _mongodb._tcp.example.com is about.
func ServiceName(name string) (of string, ok bool) {
	service, rest, _ := strings.Cut(name, ".")
	proto, of, _ := strings.Cut(rest, ".")
	return of, of != "" && strings.HasPrefix(service, "_") && strings.HasPrefix(proto, "_")
}

// Addr returns an address as entries compare it, which is as systems connect to it: IPv4 in IPv6 as IPv4, and the unspecified
// address as that of the machine itself.
func Addr(a netip.Addr) netip.Addr {
	switch a = a.Unmap(); {
	case !a.IsUnspecified():
		return a
	case a.Is4():
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	default:
		return netip.IPv6Loopback()
	}
}

// Guarded reports whether an [Addr] is one that * does not cover: of the machine itself, of its network segment, or of a
// cloud's metadata.
func Guarded(a netip.Addr) bool {
	a = a.WithZone("")
	return a.IsLoopback() || reserved(a)
}

// metadata has addresses at which clouds hand out credentials and that are not link-local: AWS and Google over IPv6, Alibaba and
// Oracle's older ones.
var metadata = []netip.Prefix{
	netip.MustParsePrefix("fd00:ec2::/32"),
	netip.MustParsePrefix("fd20:ce::254/128"),
	netip.MustParsePrefix("100.100.100.200/32"),
	netip.MustParsePrefix("192.0.0.192/32"),
}

// reserved reports whether no answer to a look-up opens an address without a zone.
func reserved(a netip.Addr) bool {
	if a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return true
	}
	for _, p := range metadata {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
