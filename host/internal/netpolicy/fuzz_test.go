package netpolicy

import (
	"net/netip"
	"strings"
	"testing"
)

// Whatever a guest asks for, it gets what the list says in the plainest reading, and no more.
func FuzzPolicy(f *testing.F) {
	for _, s := range []string{
		"10.0.0.1:5432", "[::ffff:10.0.0.1]:5432", "192.0.2.1:6379", "192.0.2.2:443", "127.0.0.1:443", "[::1%lo]:443", "0.0.0.0:443", "169.254.169.254:443",
		"/run/a", "/run/../run/a", "@b", "\x00b", "cache", "CACHE.", "cache..", "x.example.com", "*.example.com", ".example.com", "_a._b.cache", "10.0.0.1", "::", "", "::%/", "[fe80::1%a,*:1]:1", "0.0.70.0:000",
	} {
		for _, network := range []string{"tcp", "udp6", "unix", "ip"} {
			f.Add(network, s)
		}
	}
	f.Fuzz(func(t *testing.T, network, text string) {
		p, _ := newPolicy(t, "cache:6379,*.example.com:443,10.0.0.0/8:5432,udp:10.0.0.2:53,unix:/run/a,unix:@b", false)
		p.answer("cache", "192.0.2.1", "169.254.0.1")
		p.answer("a.example.com", "192.0.2.2", "127.0.0.1", "::1")
		if err := p.Dial(network, text); err == nil && !plainlyOpen(network, text) {
			t.Errorf("%s %q is open", network, text)
		}
		if err := p.Lookup(text); err == nil && !plainlyAllowed(text) {
			t.Errorf("%q may be looked up", text)
		}
		if _, _, ok := p.Mapping(network, text); ok && !(strings.HasPrefix(network, "udp") && (text == "" || strings.HasSuffix(text, "0"))) {
			t.Errorf("%s %q is served by the host", network, text)
		}
		audit, _ := newPolicy(t, "", true)
		_, _, _ = audit.Dial(network, text), audit.Lookup(text), audit.Dial("unix", text)
		allow, _ := audit.Recorded()
		for _, entry := range allow {
			if strings.Contains(entry, "*") && !strings.HasPrefix(entry, "unix:") || strings.Contains(entry, ",") {
				t.Errorf("%s %q is recorded as %s", network, text, entry)
			}
		}
		newPolicy(t, strings.Join(append(allow, "lookup:x"), ","), false) // all are entries
	})
}

func plainlyOpen(network, text string) bool {
	switch network {
	case "unix", "unixgram", "unixpacket":
		return text == "/run/a" || text == "@b"
	}
	ap, err := netip.ParseAddrPort(text)
	if err != nil {
		return false
	}
	addr, port := ap.Addr().Unmap(), ap.Port()
	switch network {
	case "tcp", "tcp4", "tcp6":
		return port == 5432 && addr.Is4() && addr.As4()[0] == 10 ||
			port == 6379 && addr == netip.MustParseAddr("192.0.2.1") ||
			port == 443 && addr == netip.MustParseAddr("192.0.2.2")
	case "udp", "udp4", "udp6":
		return port == 53 && addr == netip.MustParseAddr("10.0.0.2")
	}
	return false
}

func plainlyAllowed(text string) bool {
	if addr, err := netip.ParseAddr(text); err == nil {
		addr = addr.Unmap()
		return addr.Is4() && addr.As4()[0] == 10 || addr == netip.MustParseAddr("192.0.2.1") || addr == netip.MustParseAddr("192.0.2.2")
	}
	name := strings.TrimSuffix(text, ".")
	for _, allowed := range []string{"cache", "localhost"} {
		if strings.EqualFold(name, allowed) && len(name) == len(allowed) {
			return true
		}
		if i := len(name) - len(allowed); i > 0 && strings.EqualFold(name[i:], allowed) && name[i-1] == '.' && strings.Count(name[:i], ".") == 2 && name[0] == '_' && allowed == "cache" {
			return true // a service of it
		}
	}
	const suffix = ".example.com"
	i := len(name) - len(suffix)
	return i > 0 && strings.EqualFold(name[i:], suffix)
}
