package sockets

import (
	"errors"
	"net"
	"path/filepath"
	"testing"

	"github.com/cofaas/cofaas/internal/freeport"
)

// TestSharedListener has two instances listen on one mapped address.
func TestSharedListener(t *testing.T) {
	eachDriver(t, func(t *testing.T, s suite) {
		host := freeport.Address(t)
		n := s.network(t, Config{Policy: &permissive{maps: map[string][2]string{":9090": {"tcp", host}}}})
		a, b := newGuest(t, n), newGuest(t, n)
		la, addr := a.mustListen("tcp", ":9090")
		lb, _ := b.mustListen("tcp", ":9090")
		if addr != "[::]:9090" {
			t.Errorf("the address is %s", addr)
		}
		if _, errno := a.table.Listen("tcp", ":9090"); errno != ErrnoAddrinuse {
			t.Errorf("listening twice: errno %d", errno)
		}
		if errno := a.table.Shutdown(la, true, true); errno != ErrnoNotsup {
			t.Errorf("shutdown: errno %d", errno)
		}
		// Each connection is had by one of them, whoever is quicker.
		conn, err := net.Dial("tcp", host)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		a.wait(la, false)
		b.wait(lb, false)
		in := b.accept(lb)
		if _, errno := a.table.Accept(la); errno != ErrnoAgain {
			t.Errorf("accepted twice: errno %d", errno)
		}
		laddr, raddr, errno := b.table.Status(in)
		b.must(errno, "status")
		if laddr != "127.0.0.1:9090" || raddr != conn.LocalAddr().String() {
			t.Errorf("accepted %s from %s", laddr, raddr)
		}
		// It stays until the last closes.
		b.must(b.table.Close(lb), "close")
		conn2, err := net.Dial("tcp", host)
		if err != nil {
			t.Fatal(err)
		}
		defer conn2.Close()
		a.accept(la)
		a.table.CloseAll()
		if conn, err := net.Dial("tcp", host); err == nil {
			conn.Close()
			t.Error("it is open after the last closed")
		}
		// And then may be opened again.
		b.mustListen("tcp", ":9090")
	})
}

// TestOwnPorts checks that who asks for any port has one of its own.
func TestOwnPorts(t *testing.T) {
	eachDriver(t, func(t *testing.T, s suite) {
		n := s.network(t, Config{})
		a, b := newGuest(t, n), newGuest(t, n)
		_, first := a.mustListen("tcp", "127.0.0.1:0")
		_, second := a.mustListen("tcp", "127.0.0.1:0")
		_, third := b.mustListen("tcp", "127.0.0.1:0")
		if first == second || second == third || first == third {
			t.Errorf("%s, %s, %s", first, second, third)
		}
	})
}

// TestDialMapped checks that an instance reaches what its function listens on, at the address that it knows, whatever the policy.
func TestDialMapped(t *testing.T) {
	eachDriver(t, func(t *testing.T, s suite) {
		path := filepath.Join(shortDir(t), "socket")
		for _, c := range []struct{ network, listen, hostNetwork, host, dial, laddr, raddr string }{
			{"tcp", ":9090", "tcp", "127.0.0.1:0", "127.0.0.1:9090", "127.0.0.1:9090", ""},
			{"tcp", ":9090", "tcp", ":0", "[::1]:9090", "", ""},
			{"tcp", "127.0.0.1:9090", "tcp", ":0", "127.0.0.1:9090", "127.0.0.1:9090", ""},
			{"tcp", ":9090", "unix", path, ":9090", "127.0.0.1:9090", "127.0.0.1:0"},
			{"unix", "/in/guest", "unix", path, "/in/guest", "/in/guest", ""},
			{"unix", "/in/guest", "tcp", "127.0.0.1:0", "/in/guest", "/in/guest", ""},
		} {
			t.Run(c.listen+" "+c.hostNetwork, func(t *testing.T) {
				n := s.network(t, Config{Policy: only{&permissive{maps: map[string][2]string{c.listen: {c.hostNetwork, c.host}}}}})
				a, b := newGuest(t, n), newGuest(t, n)
				l, _ := a.mustListen(c.network, c.listen)
				out := b.mustDial(c.network, c.dial)
				in := a.accept(l)
				b.mustWrite(out, "hello")
				if got := a.readFull(in, 5); got != "hello" {
					t.Errorf("got %q", got)
				}
				_, raddr, errno := b.table.Status(out)
				b.must(errno, "status")
				if want := c.dial; raddr != want && raddr != "127.0.0.1"+want {
					t.Errorf("dialled %s, connected to %s", want, raddr)
				}
				laddr, raddr, errno := a.table.Status(in)
				a.must(errno, "status")
				if c.laddr != "" && laddr != c.laddr || c.raddr != "" && raddr != c.raddr {
					t.Errorf("accepted %s from %s", laddr, raddr)
				}
				// Others are still refused.
				for _, addr := range []string{"127.0.0.1:9091", "192.0.2.1:9090"} {
					if _, errno := b.table.Dial("tcp", "", addr); errno != ErrnoAcces {
						t.Errorf("dial %s: errno %d", addr, errno)
					}
				}
				if _, errno := b.table.Dial("udp", "", "127.0.0.1:9090"); errno != ErrnoAcces {
					t.Errorf("dial by UDP: errno %d", errno)
				}
				a.must(a.table.Close(l), "close")
				if _, errno := b.table.Dial(c.network, "", c.dial); errno != ErrnoAcces {
					t.Errorf("dial after closing: errno %d", errno)
				}
			})
		}
	})
}

// only refuses every dial.
type only struct{ *permissive }

func (only) Dial(network, address string) error {
	return errors.New("refused: " + network + " " + address)
}

// TestSharedDatagrams has two instances receive at one mapped address.
func TestSharedDatagrams(t *testing.T) {
	eachDriver(t, func(t *testing.T, s suite) {
		host := freeport.Address(t)
		n := s.network(t, Config{Policy: &permissive{maps: map[string][2]string{":53": {"udp", host}}}})
		a, b := newGuest(t, n), newGuest(t, n)
		fa, _ := a.mustListen("udp", ":53")
		fb, _ := b.mustListen("udp", ":53")
		conn, err := net.Dial("udp", host)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
		a.wait(fa, false)
		b.wait(fb, false)
		buf := make([]byte, 8)
		count, from, _ := a.readFrom(fa, buf)
		if string(buf[:count]) != "hello" {
			t.Errorf("got %q", buf[:count])
		}
		if _, _, _, errno := b.table.ReadFrom(fb, buf); errno != ErrnoAgain {
			t.Errorf("received twice: errno %d", errno)
		}
		_, errno := b.table.WriteTo(fb, []byte("back"), from)
		b.must(errno, "send")
		if count, err := conn.Read(buf); err != nil || string(buf[:count]) != "back" {
			t.Errorf("got %q, %v", buf[:count], err)
		}
	})
}

// TestListen_Errors checks what cannot be mapped.
func TestListen_Errors(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	eachDriver(t, func(t *testing.T, s suite) {
		n := s.network(t, Config{Policy: &permissive{maps: map[string][2]string{
			":1": {"udp", ":0"}, ":2": {"tcp", "localhost:0"}, ":3": {"carrier pigeon", ":0"}, ":4": {"tcp", taken.Addr().String()},
			":5": {"", "192.0.2.1:0"}, ":6": {"unix", ""},
		}}})
		g := newGuest(t, n)
		for _, c := range []struct {
			network, address string
			want             Errno
		}{
			{"tcp", ":1", ErrnoInval}, {"tcp", ":2", ErrnoInval}, {"tcp", ":3", ErrnoInval}, {"tcp", ":4", ErrnoAddrinuse},
			{"tcp", ":5", ErrnoAddrnotavail}, {"tcp", ":6", ErrnoInval},
			{"ip", ":0", ErrnoProtonosupport}, {"tcp", "localhost:0", ErrnoInval}, {"tcp4", "[::1]:0", ErrnoAfnosupport},
		} {
			if _, errno := g.table.Listen(c.network, c.address); errno != c.want {
				t.Errorf("%s %s: errno %d, want %d", c.network, c.address, errno, c.want)
			}
		}
		if n := n.Open(); n != 0 {
			t.Errorf("%d descriptors are open", n)
		}
	})
}
