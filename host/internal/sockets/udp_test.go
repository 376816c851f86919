package sockets

import (
	"bytes"
	"net"
	"strings"
	"testing"

	"github.com/cofaas/cofaas/internal/freeport"
)

// packets receives datagrams natively, and sends each back to where it came from.
func packets(t testing.TB, network, address string) string {
	t.Helper()
	c, err := net.ListenPacket(network, address)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for buf := make([]byte, 1<<16); ; {
			n, from, err := c.ReadFrom(buf)
			if err != nil {
				return
			}
			if from != nil {
				c.WriteTo(buf[:n], from)
			}
		}
	}()
	t.Cleanup(func() {
		c.Close()
		<-done
	})
	return c.LocalAddr().String()
}

func (g *guest) readFrom(fd uint32, p []byte) (n int, addr string, truncated bool) {
	g.t.Helper()
	for {
		n, addr, truncated, errno := g.table.ReadFrom(fd, p)
		if errno != ErrnoAgain {
			g.must(errno, "receive")
			return n, addr, truncated
		}
		g.wait(fd, false)
	}
}

func TestDatagrams(t *testing.T) {
	eachDriver(t, func(t *testing.T, s suite) {
		for _, c := range []struct{ network, address string }{{"udp", "127.0.0.1:0"}, {"udp4", "127.0.0.1:0"}, {"udp6", "[::1]:0"}} {
			t.Run(c.network, func(t *testing.T) {
				addr := packets(t, c.network, c.address)
				g := s.guest(t)
				fd := g.mustDial(c.network, addr)
				laddr, raddr, errno := g.table.Status(fd)
				g.must(errno, "status")
				if raddr != addr || laddr == "" {
					t.Errorf("from %s to %s", laddr, raddr)
				}
				if stream, ok := g.table.IsStream(fd); stream || !ok {
					t.Errorf("stream, ok = %v, %v", stream, ok)
				}
				buf := make([]byte, 1<<16)
				if _, _, _, errno := g.table.ReadFrom(fd, buf); errno != ErrnoAgain {
					t.Errorf("before: errno %d", errno)
				}
				// Boundaries stay, also of nothing, and of what is given in several buffers.
				for _, p := range [][][]byte{{[]byte("one")}, {}, {[]byte("and"), nil, []byte("two")}} {
					n, errno := g.table.Write(fd, p)
					g.must(errno, "write")
					if want := length(p); n != want {
						t.Errorf("wrote %d of %d bytes", n, want)
					}
					n, errno = g.read(fd, buf)
					g.must(errno, "read")
					if got, want := string(buf[:n]), string(bytes.Join(p, nil)); got != want {
						t.Errorf("got %q, want %q", got, want)
					}
				}
				// What does not fit is lost.
				g.mustWrite(fd, "datagram")
				if n, from, truncated := g.readFrom(fd, buf[:4]); string(buf[:n]) != "data" || !truncated || from != addr {
					t.Errorf("got %q from %s, truncated %v", buf[:n], from, truncated)
				}
				g.mustWrite(fd, "datagram")
				if n, errno := g.read(fd, buf[:4]); string(buf[:n]) != "data" || errno != ErrnoSuccess {
					t.Errorf("got %q, errno %d", buf[:n], errno)
				}
				g.mustWrite(fd, "next")
				if n, _, truncated := g.readFrom(fd, buf); string(buf[:n]) != "next" || truncated {
					t.Errorf("got %q, truncated %v", buf[:n], truncated)
				}
				if _, errno := g.table.Write(fd, [][]byte{make([]byte, 1<<16)}); errno != ErrnoMsgsize {
					t.Errorf("too large: errno %d", errno)
				}
				g.must(g.table.Shutdown(fd, false, true), "shutdown")
				if _, errno := g.table.Write(fd, [][]byte{{1}}); errno != ErrnoPipe {
					t.Errorf("write after shutdown: errno %d", errno)
				}
				g.must(g.table.Shutdown(fd, true, false), "shutdown")
				if n, errno := g.read(fd, buf); n != 0 || errno != ErrnoSuccess {
					t.Errorf("read after shutdown: %d bytes, errno %d", n, errno)
				}
				if _, errno := g.table.Accept(fd); errno != ErrnoInval {
					t.Errorf("accept: errno %d", errno)
				}
			})
		}
	})
}

// TestDatagramRefused checks that a connected socket hears that nobody receives.
func TestDatagramRefused(t *testing.T) {
	addr := freeport.Address(t)
	eachDriver(t, func(t *testing.T, s suite) {
		g := s.guest(t)
		fd := g.mustDial("udp", addr)
		for range 2 {
			g.mustWrite(fd, "hello?")
			if _, errno := g.read(fd, make([]byte, 1)); errno != ErrnoConnrefused {
				t.Errorf("errno %d", errno)
			}
			if _, errno := g.table.Read(fd, [][]byte{make([]byte, 1)}); errno != ErrnoAgain {
				t.Errorf("again: errno %d", errno)
			}
		}
	})
}

func TestBoundDatagrams(t *testing.T) {
	eachDriver(t, func(t *testing.T, s suite) {
		for _, c := range []struct{ network, address, peer string }{
			{"udp", "127.0.0.1:0", "127.0.0.1:0"}, {"udp", ":0", "127.0.0.1:0"}, {"udp", ":0", "[::1]:0"}, {"udp4", ":0", "127.0.0.1:0"},
		} {
			t.Run(c.network+" "+c.address+" "+c.peer, func(t *testing.T) {
				peer := packets(t, "udp", c.peer)
				g := s.guest(t)
				fd, addr := g.mustListen(c.network, c.address)
				if strings.HasSuffix(addr, ":0") {
					t.Errorf("the address is %s", addr)
				}
				n, errno := g.table.WriteTo(fd, []byte("hello"), peer)
				g.must(errno, "send")
				if n != 5 {
					t.Errorf("sent %d bytes", n)
				}
				buf := make([]byte, 8)
				if n, from, truncated := g.readFrom(fd, buf); string(buf[:n]) != "hello" || from != peer || truncated {
					t.Errorf("got %q from %s, truncated %v", buf[:n], from, truncated)
				}
				if _, errno := g.table.Write(fd, [][]byte{{1}}); errno != ErrnoDestaddrreq {
					t.Errorf("without an address: errno %d", errno)
				}
				if errno := g.table.Shutdown(fd, true, true); errno != ErrnoNotconn {
					t.Errorf("shutdown: errno %d", errno)
				}
				for addr, want := range map[string]Errno{"": ErrnoDestaddrreq, "nobody": ErrnoInval, "127.0.0.1:65536": ErrnoInval} {
					if _, errno := g.table.WriteTo(fd, []byte{1}, addr); errno != want {
						t.Errorf("to %q: errno %d", addr, errno)
					}
				}
			})
		}
	})
}

// TestDatagramFlood sends more than anybody takes: the sender may be told to wait, but gets on.
func TestDatagramFlood(t *testing.T) {
	eachDriver(t, func(t *testing.T, s suite) {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		g := s.guest(t)
		fd := g.mustDial("udp", c.LocalAddr().String())
		p := make([]byte, 8192)
		for range 2000 {
			g.must(g.write(fd, p), "write")
		}
	})
}
