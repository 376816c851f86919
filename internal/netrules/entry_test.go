package netrules

import (
	"net/netip"
	"testing"
)

func TestEntry_CoversName(t *testing.T) {
	for _, tt := range []struct {
		entry, name string
		want        bool
	}{
		{"cache:1", "cache", true},
		{"cache:1", "CACHE.", true},
		{"cache:1", "cache.example.com", false},
		{"kache:1", "\u212aache", false}, // the Kelvin sign, which Unicode says is a k
		{"*.example.com:1", "a.example.com", true},
		{"*.example.com:1", "a.B.Example.COM.", true},
		{"*.example.com:1", "example.com", false},
		{"*.example.com:1", ".example.com", false},
		{"*.example.com:1", "badexample.com", false},
		{"*.example.com:1", "a.example.com.evil.org", false},
		{"*:1", "anything", true},
		{"*", "anything", true},
		{"lookup:a", "a", true},
		{"10.0.0.1:1", "10.0.0.1", false},
		{"unix:/a", "/a", false},
		{"none", "none", false},
	} {
		if got := parse(t, tt.entry)[0].CoversName(Name(tt.name)); got != tt.want {
			t.Errorf("%s and %q: got %t", tt.entry, tt.name, got)
		}
	}
}

func TestEntry_CoversAddr(t *testing.T) {
	for _, tt := range []struct {
		entry, addr string
		want        bool
	}{
		{"10.0.0.5:1", "10.0.0.5", true},
		{"10.0.0.5:1", "::ffff:10.0.0.5", true},
		{"10.0.0.5:1", "::ffff:10.0.0.5%eth0", true},
		{"10.0.0.5:1", "10.0.0.6", false},
		{"10.0.0.0/8:1", "10.255.0.1", true},
		{"10.0.0.0/8:1", "::ffff:10.255.0.1", true},
		{"10.0.0.0/8:1", "11.0.0.1", false},
		{"[::/0]:1", "10.0.0.1", false},
		{"[::/0]:1", "::ffff:10.0.0.1", false},
		{"0.0.0.0/0:1", "2001:db8::1", false},
		{"127.0.0.1:1", "0.0.0.0", true}, // which is where the system connects to
		{"[::1]:1", "::", true},
		{"0.0.0.0:1", "0.0.0.0", false},
		{"[fe80::1]:1", "fe80::1%eth0", true},
		{"[fe80::/10]:1", "fe80::1%eth0", true},
		{"[fe80::1%eth0]:1", "fe80::1%eth0", true},
		{"[fe80::1%eth0]:1", "fe80::1%eth1", false},
		{"[fe80::1%eth0]:1", "fe80::1", false},
		{"localhost:1", "127.0.0.1", true},
		{"localhost:1", "::1", true},
		{"localhost:1", "127.0.0.2", false},
		{"cache:1", "127.0.0.1", false},
		{"*:1", "10.0.0.1", true},
		{"*:1", "127.0.0.1", false},
		{"*:1", "0.0.0.0", false},
		{"*:1", "::1%lo", false},
		{"*:1", "169.254.169.254", false},
		{"*:1", "::ffff:169.254.169.254", false},
		{"*:1", "fe80::1%eth0", false},
		{"*:1", "224.0.0.1", false},
		{"*:1", "255.255.255.255", false},
		{"*:1", "fd00:ec2::254", false},
		{"*:1", "100.100.100.200", false},
		{"*", "169.254.169.254", true},
		{"*", "127.0.0.1", true},
		{"none", "10.0.0.1", false},
	} {
		if got := parse(t, tt.entry)[0].CoversAddr(Addr(netip.MustParseAddr(tt.addr))); got != tt.want {
			t.Errorf("%s and %s: got %t", tt.entry, tt.addr, got)
		}
	}
}

func TestEntry_Opens(t *testing.T) {
	for _, tt := range []struct {
		entry, name, addr string
		want              bool
	}{
		{"cache:1", "cache", "10.0.0.1", true},
		{"cache:1", "cache", "127.0.0.1", true},
		{"cache:1", "cache", "0.0.0.0", true}, // the machine, as 127.0.0.1
		{"cache:1", "other", "10.0.0.1", false},
		{"cache:1", "cache", "169.254.169.254", false},
		{"cache:1", "cache", "fe80::1%eth0", false},
		{"cache:1", "cache", "fd00:ec2::254", false},
		{"*.example.com:1", "a.example.com", "10.0.0.1", true},
		{"*.example.com:1", "a.example.com", "127.0.0.1", false},
		{"*.example.com:1", "a.example.com", "0.0.0.0", false},
		{"*.example.com:1", "a.example.com", "::ffff:127.0.0.1", false},
		{"*.example.com:1", "a.example.com", "::1", false},
		{"*:1", "a", "10.0.0.1", true},
		{"*:1", "a", "127.0.0.1", false},
		{"*", "a", "169.254.169.254", true},
		{"10.0.0.1:1", "a", "10.0.0.1", false},
	} {
		if got := parse(t, tt.entry)[0].Opens(tt.name, Addr(netip.MustParseAddr(tt.addr))); got != tt.want {
			t.Errorf("%s, %s at %s: got %t", tt.entry, tt.name, tt.addr, got)
		}
	}
}

func TestEntry_CoversPort(t *testing.T) {
	for _, tt := range []struct {
		entry, network string
		port           uint16
		want           bool
	}{
		{"a:1", "tcp", 1, true},
		{"a:1", "tcp", 2, false},
		{"a:1", "udp", 1, false},
		{"udp:a:1", "udp", 1, true},
		{"udp:a:1", "tcp", 1, false},
		{"a:5-7", "tcp", 4, false},
		{"a:5-7", "tcp", 5, true},
		{"a:5-7", "tcp", 7, true},
		{"a:5-7", "tcp", 8, false},
		{"a:*", "tcp", 65535, true},
		{"*", "udp", 1, true},
		{"unix:/a", "tcp", 0, false},
		{"lookup:a", "tcp", 0, false},
		{"none", "tcp", 0, false},
	} {
		if got := parse(t, tt.entry)[0].CoversPort(tt.network, tt.port); got != tt.want {
			t.Errorf("%s and %s %d: got %t", tt.entry, tt.network, tt.port, got)
		}
	}
}

func TestEntry_CoversPath(t *testing.T) {
	for _, tt := range []struct {
		entry, path string
		want        bool
	}{
		{"unix:/run/a.sock", "/run/a.sock", true},
		{"unix:/run/a.sock", "/run/../run/a.sock", false},
		{"unix:/run/a.sock", "//run/a.sock", false},
		{"unix:/run/a.sock", "run/a.sock", false},
		{"unix:/run/a.sock", "@/run/a.sock", false},
		{"unix:@a", "@a", true},
		{"unix:@a", "\x00a", false},
		{"*", "/run/a.sock", true},
		{"*:*", "/run/a.sock", false},
		{"a:1", "a", false},
	} {
		if got := parse(t, tt.entry)[0].CoversPath(tt.path); got != tt.want {
			t.Errorf("%s and %q: got %t", tt.entry, tt.path, got)
		}
	}
}

func TestServiceName(t *testing.T) {
	for _, tt := range []struct {
		name, of string
		ok       bool
	}{
		{"_mongodb._tcp.cluster.example.net", "cluster.example.net", true},
		{"_a._b", "", false},
		{"_a.b.c", "b.c", false},
		{"a._b.c", "c", false},
		{"cache", "", false},
	} {
		if of, ok := ServiceName(tt.name); ok != tt.ok || ok && of != tt.of {
			t.Errorf("%s: got %q, %t", tt.name, of, ok)
		}
	}
}
