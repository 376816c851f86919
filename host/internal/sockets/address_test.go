package sockets

import (
	"net"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		network, text, want string
		errno               Errno
	}{
		{"tcp", "", ":0", 0},
		{"tcp", ":80", ":80", 0},
		{"tcp", "1.2.3.4:80", "1.2.3.4:80", 0},
		{"tcp", "[::1]:80", "[::1]:80", 0},
		{"tcp", "[::ffff:1.2.3.4]:80", "1.2.3.4:80", 0},
		{"tcp6", "[fe80::1%eth0]:80", "[fe80::1%eth0]:80", 0},
		{"unix", "", "", 0},
		{"unix", "@abstract", "@abstract", 0},
		{"unix", "/a b/ü", "/a b/ü", 0},
		{"tcp", ":", "", ErrnoInval},
		{"tcp", ":-1", "", ErrnoInval},
		{"tcp", ":65536", "", ErrnoInval},
		{"tcp", "1.2.3.4", "", ErrnoInval},
		{"tcp", "::1:80", "", ErrnoInval},
		{"tcp", "01.2.3.4:80", "", ErrnoInval},
		{"tcp", "localhost:80", "", ErrnoInval},
		{"tcp", "1.2.3.4:http", "", ErrnoInval},
		{"tcp", "1.2.3.4:80\x00", "", ErrnoInval},
		{"tcp", "[fe80::1%lo]:80::1%lo]:11", "", ErrnoInval},
		{"tcp4", "[::1]:80", "", ErrnoAfnosupport},
		{"tcp6", "1.2.3.4:80", "", ErrnoAfnosupport},
		{"tcp6", "[::ffff:1.2.3.4]:80", "", ErrnoAfnosupport},
		{"unix", "/allowed\x00/not", "", ErrnoInval},
		{"unix", strings.Repeat("x", maxAddress+1), "", ErrnoNametoolong},
	} {
		n := networks[c.network]
		e, errno := n.parse(c.text)
		if errno != c.errno {
			t.Errorf("%s %q: errno %d, want %d", c.network, c.text, errno, c.errno)
		} else if got := n.text(e); errno == ErrnoSuccess && got != c.want {
			t.Errorf("%s %q: %q, want %q", c.network, c.text, got, c.want)
		}
	}
}

// FuzzParse checks that what is taken for an address is one for package net too, which then means the same.
func FuzzParse(f *testing.F) {
	for _, network := range []string{"tcp", "tcp4", "udp6", "unix", "pigeon"} {
		for _, text := range []string{"", ":80", "1.2.3.4:80", "[::1]:80", "[fe80::1%lo]:1", "[::ffff:1.2.3.4]:80", "@x", "/x", "0.0.0.0:0"} {
			f.Add(network, text)
		}
	}
	f.Fuzz(func(t *testing.T, network, text string) {
		n, ok := networks[network]
		if !ok {
			return
		}
		if e, errno := n.parseRemote(text); errno == ErrnoSuccess && !n.unix && (!e.ip.IsValid() || e.ip.IsUnspecified() || e.ip.Is4In6()) {
			t.Errorf("%q: the policy would be asked about %s", text, n.text(e))
		}
		e, errno := n.parse(text)
		if errno != ErrnoSuccess || text == "" {
			return
		}
		again, errno := n.parse(n.text(e))
		if errno != ErrnoSuccess || again != e {
			t.Errorf("%q is written %q", text, n.text(e))
		}
		if n.unix {
			return
		}
		native, err := net.ResolveTCPAddr(strings.Replace(network, "udp", "tcp", 1), text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if got := endpointOf(native); got != e && !(native.IP == nil && !e.ip.IsValid() && native.Port == int(e.port)) {
			t.Errorf("%q is %s, and for package net %s", text, n.text(e), n.text(got))
		}
	})
}
