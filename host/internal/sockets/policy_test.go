package sockets

import (
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// recorder refuses everything, and notes what it was asked.
type recorder struct {
	mu    sync.Mutex
	asked []string
}

func (r *recorder) refuse(question string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, question)
	return errors.New("refused: " + question)
}

func (r *recorder) Dial(network, address string) error {
	return r.refuse("dial " + network + " " + address)
}
func (r *recorder) Lookup(name string) error { return r.refuse("lookup " + name) }
func (r *recorder) Answered(name string, addrs []netip.Addr) {
	r.refuse(fmt.Sprint("answered ", name, " ", addrs))
}
func (r *recorder) Listen(network, address string) (string, string, error) {
	return "", "", r.refuse("listen " + network + " " + address)
}

func TestRefusals(t *testing.T) {
	eachDriver(t, func(t *testing.T, s suite) {
		r := &recorder{}
		n := s.network(t, Config{Policy: r})
		g := newGuest(t, n)
		for _, c := range []struct{ do, network, address, want string }{
			{"dial", "tcp", "192.0.2.1:80", "dial tcp 192.0.2.1:80"},
			{"dial", "tcp", "[::ffff:192.0.2.1]:80", "dial tcp 192.0.2.1:80"},
			{"dial", "tcp4", ":80", "dial tcp4 127.0.0.1:80"},
			{"dial", "tcp", "0.0.0.0:80", "dial tcp 127.0.0.1:80"},
			{"dial", "tcp6", ":80", "dial tcp6 [::1]:80"},
			{"dial", "udp", "[::]:80", "dial udp [::1]:80"},
			{"dial", "udp", "[fe80::1%lo]:80", "dial udp [fe80::1%lo]:80"},
			{"dial", "tcp", "[2001:0db8:0::1]:80", "dial tcp [2001:db8::1]:80"},
			{"dial", "unix", "/run/a/../b", "dial unix /run/a/../b"},
			{"dial", "unixgram", "@abstract", "dial unixgram @abstract"},
			{"listen", "tcp", ":80", "listen tcp :80"},
			{"listen", "tcp", "", "listen tcp :0"},
			{"listen", "udp", "127.0.0.1:53", "listen udp 127.0.0.1:53"},
			{"listen", "unix", "/run/a", "listen unix /run/a"},
			{"lookup", "", "example.com", "lookup example.com"},
		} {
			r.asked = nil
			var errno Errno
			switch c.do {
			case "dial":
				_, errno = g.table.Dial(c.network, "", c.address)
			case "listen":
				_, errno = g.table.Listen(c.network, c.address)
			case "lookup":
				_, errno = g.table.Lookup(lookupHost, "", c.address)
			}
			if errno != ErrnoAcces || !slices.Equal(r.asked, []string{c.want}) {
				t.Errorf("%s %s %s: errno %d, asked %q", c.do, c.network, c.address, errno, r.asked)
			}
			if got, want := g.table.Message(noDescriptor), "refused: "+c.want; got != want {
				t.Errorf("message %q, want %q", got, want)
			}
		}
		// The message is that of the last one.
		if _, errno := g.table.Dial("tcp", "", "192.0.2.1:80"); errno != ErrnoAcces {
			t.Errorf("errno %d", errno)
		}
		if n.Open() != 0 || g.table.Len() != 0 {
			t.Errorf("%d descriptors are open", n.Open())
		}
	})
}

// allowed allows nothing but one address.
type allowed struct {
	recorder
	address string
}

func (a *allowed) Dial(network, address string) error {
	if address == a.address {
		return nil
	}
	return a.recorder.Dial(network, address)
}

func (*allowed) Listen(network, address string) (string, string, error) { return network, address, nil }

// TestRefusedDatagram checks that the policy is asked about each datagram of a socket that is not connected.
func TestRefusedDatagram(t *testing.T) {
	eachDriver(t, func(t *testing.T, s suite) {
		peer := packets(t, "udp", "127.0.0.1:0")
		g := newGuest(t, s.network(t, Config{Policy: &allowed{address: peer}}))
		fd, _ := g.mustListen("udp", "127.0.0.1:0")
		if _, errno := g.table.WriteTo(fd, []byte("x"), "127.0.0.1:9"); errno != ErrnoAcces {
			t.Errorf("errno %d", errno)
		}
		if got := g.table.Message(fd); got != "refused: dial udp 127.0.0.1:9" {
			t.Errorf("message %q", got)
		}
		_, errno := g.table.WriteTo(fd, []byte("x"), peer)
		g.must(errno, "send")
		if got := g.table.Message(fd); got != "" {
			t.Errorf("message %q after sending", got)
		}
		g.readFrom(fd, make([]byte, 1))
	})
}

// private maps nothing.
type private struct{ *permissive }

func (private) Listen(string, string) (string, string, error) { return "", "", ErrPrivate }

func TestPrivate(t *testing.T) {
	eachDriver(t, func(t *testing.T, s suite) {
		g := newGuest(t, s.network(t, Config{Policy: private{}}))
		if _, errno := g.table.Listen("tcp", ":80"); errno != ErrnoNotcapable {
			t.Errorf("errno %d", errno)
		}
		// The local end of a Unix socket would be a file of the host.
		local := filepath.Join(shortDir(t), "local")
		if _, errno := g.table.Dial("unixgram", local, "/run/any"); errno != ErrnoAcces {
			t.Errorf("errno %d", errno)
		}
		if g.table.Message(noDescriptor) == "" {
			t.Error("there is no message")
		}
	})
}

// TestNoPolicy checks that nothing is allowed by default.
func TestNoPolicy(t *testing.T) {
	n := New(Config{})
	defer n.Close()
	table := n.NewTable(func() {})
	if _, errno := table.Dial("tcp", "", "127.0.0.1:1"); errno != ErrnoAcces || table.Message(noDescriptor) == "" {
		t.Errorf("dial: errno %d, message %q", errno, table.Message(noDescriptor))
	}
	if _, errno := table.Lookup(lookupHost, "", "localhost"); errno != ErrnoAcces || table.Message(noDescriptor) == "" {
		t.Errorf("lookup: errno %d, message %q", errno, table.Message(noDescriptor))
	}
	if _, errno := table.Listen("tcp", ":1"); errno != ErrnoNotcapable {
		t.Errorf("listen: errno %d", errno)
	}
}
