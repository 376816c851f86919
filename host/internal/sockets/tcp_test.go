package sockets

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cofaas/cofaas/internal/freeport"
)

// echo hides what the connection is, because package net would otherwise copy by a pipe, which it keeps.
func echo(c net.Conn) { io.Copy(struct{ io.Writer }{c}, struct{ io.Reader }{c}) }

func TestDial(t *testing.T) {
	eachDriver(t, func(t *testing.T, s suite) {
		for _, c := range []struct{ network, address string }{
			{"tcp", "127.0.0.1:0"}, {"tcp4", "127.0.0.1:0"}, {"tcp", "[::1]:0"}, {"tcp6", "[::1]:0"},
		} {
			t.Run(c.network+" "+c.address, func(t *testing.T) {
				seen := make(chan string, 1)
				addr := server(t, c.network, c.address, func(c net.Conn) {
					seen <- c.RemoteAddr().String()
					echo(c)
				})
				g := s.guest(t)
				fd := g.mustDial(c.network, addr)
				laddr, raddr, errno := g.table.Status(fd)
				g.must(errno, "status")
				if peer := <-seen; laddr != peer || raddr != addr {
					t.Errorf("connected %s to %s, but the server sees %s to %s", laddr, raddr, peer, addr)
				}
				if stream, ok := g.table.IsStream(fd); !stream || !ok {
					t.Errorf("stream, ok = %v, %v", stream, ok)
				}
				g.mustWrite(fd, "hello")
				if got := g.readFull(fd, 5); got != "hello" {
					t.Errorf("got %q", got)
				}
				g.must(g.table.Shutdown(fd, false, true), "shutdown")
				if n, errno := g.read(fd, make([]byte, 8)); n != 0 || errno != ErrnoSuccess {
					t.Errorf("at the end: %d bytes, errno %d", n, errno)
				}
				g.must(g.table.Close(fd), "close")
				if errno := g.table.Close(fd); errno != ErrnoBadf {
					t.Errorf("closing twice: errno %d", errno)
				}
			})
		}
	})
}

// TestDialLocal checks that the local address is the one asked for.
func TestDialLocal(t *testing.T) {
	eachDriver(t, func(t *testing.T, s suite) {
		addr := server(t, "tcp", "127.0.0.1:0", echo)
		g := s.guest(t)
		fd, errno := g.dial("tcp", "127.0.0.2:0", addr)
		g.must(errno, "dial")
		laddr, _, _ := g.table.Status(fd)
		if !strings.HasPrefix(laddr, "127.0.0.2:") {
			t.Errorf("local address is %s", laddr)
		}
	})
}

// TestZone dials addresses with the names and numbers of interfaces in them.
func TestZone(t *testing.T) {
	interfaces, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(interfaces, func(i net.Interface) bool { return i.Flags&net.FlagLoopback != 0 })
	eachDriver(t, func(t *testing.T, s suite) {
		_, port, _ := net.SplitHostPort(server(t, "tcp", "[::1]:0", echo))
		g := s.guest(t)
		for _, zone := range []string{interfaces[i].Name, fmt.Sprint(interfaces[i].Index)} {
			fd := g.mustDial("tcp", "[::1%"+zone+"]:"+port)
			g.mustWrite(fd, "hello")
			if got := g.readFull(fd, 5); got != "hello" {
				t.Errorf("got %q", got)
			}
		}
		for _, zone := range []string{"nonexistent", "-1"} {
			if _, errno := g.dial("tcp", "", "[fe80::1%"+zone+"]:1"); errno != ErrnoInval {
				t.Errorf("zone %s: errno %d", zone, errno)
			}
		}
	})
}

// TestDial_Errors compares with package net.
func TestDial_Errors(t *testing.T) {
	closed := freeport.Address(t)
	eachDriver(t, func(t *testing.T, s suite) {
		for _, c := range []struct{ network, laddr, raddr string }{
			{"tcp", "", closed},
			{"tcp", "", strings.Replace(closed, "127.0.0.1", "[::1]", 1)},
			{"tcp", "", "255.255.255.255:80"},
			{"tcp", "", "224.0.0.1:80"},
			{"tcp", "192.0.2.1:0", "127.0.0.1:80"},
			{"unix", "", "/nonexistent/socket"},
			{"unix", "", "/dev/null"},
			{"unix", "", "@cofaas-nobody-listens-here"},
			{"unix", "", "/" + strings.Repeat("long", 30)},
			{"unixgram", "", "/nonexistent/socket"},
			{"udp", "192.0.2.1:0", "127.0.0.1:80"},
		} {
			t.Run(c.network+" "+c.raddr, func(t *testing.T) {
				d := net.Dialer{Timeout: patience}
				if c.laddr != "" {
					n := networks[c.network]
					e, _ := n.parse(c.laddr)
					d.LocalAddr = n.netAddr(e)
				}
				conn, err := d.Dial(c.network, c.raddr)
				if err == nil {
					conn.Close()
					t.Fatal("package net can")
				}
				if _, errno := s.guest(t).dial(c.network, c.laddr, c.raddr); errno != ErrnoOf(err) {
					t.Errorf("errno %d, and package net says %d: %v", errno, ErrnoOf(err), err)
				}
			})
		}
	})
}

func TestListen(t *testing.T) {
	eachDriver(t, func(t *testing.T, s suite) {
		for _, c := range []struct{ network, address, dial string }{
			{"tcp", "127.0.0.1:0", "127.0.0.1"}, {"tcp4", ":0", "127.0.0.1"}, {"tcp6", ":0", "[::1]"},
			{"tcp", ":0", "127.0.0.1"}, {"tcp", "", "[::1]"}, {"tcp", "0.0.0.0:0", "127.0.0.1"}, {"tcp", "[::]:0", "[::1]"},
		} {
			t.Run(c.network+" "+c.address, func(t *testing.T) {
				g := s.guest(t)
				fd, addr := g.mustListen(c.network, c.address)
				if _, errno := g.table.Accept(fd); errno != ErrnoAgain {
					t.Errorf("accept without connections: errno %d", errno)
				}
				_, port, _ := net.SplitHostPort(addr)
				conn, err := net.Dial("tcp", c.dial+":"+port)
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				in := g.accept(fd)
				laddr, raddr, errno := g.table.Status(in)
				g.must(errno, "status")
				if laddr != conn.RemoteAddr().String() || raddr != conn.LocalAddr().String() {
					t.Errorf("accepted %s from %s, but the client is %s to %s", laddr, raddr, conn.LocalAddr(), conn.RemoteAddr())
				}
				g.mustWrite(in, "hello")
				buf := make([]byte, 5)
				if _, err := io.ReadFull(conn, buf); err != nil || string(buf) != "hello" {
					t.Errorf("got %q, %v", buf, err)
				}
				conn.Close()
				if n, errno := g.read(in, buf); n != 0 || errno != ErrnoSuccess {
					t.Errorf("at the end: %d bytes, errno %d", n, errno)
				}
			})
		}
	})
}

// TestReset checks that a connection that the peer resets says so in reading and writing, as it does natively.
func TestReset(t *testing.T) {
	eachDriver(t, func(t *testing.T, s suite) {
		reset := make(chan struct{})
		addr := server(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
			c.(*net.TCPConn).SetLinger(0)
			<-reset
		})
		g := s.guest(t)
		fd := g.mustDial("tcp", addr)
		if _, errno := g.table.Read(fd, [][]byte{make([]byte, 1)}); errno != ErrnoAgain {
			t.Errorf("before: errno %d", errno)
		}
		close(reset)
		g.wait(fd, false)
		g.wait(fd, true)
		if _, errno := g.read(fd, make([]byte, 1)); errno != ErrnoConnreset {
			t.Errorf("read: errno %d", errno)
		}
		if errno := g.write(fd, []byte{1}); errno != ErrnoPipe && !(s.isPumps() && errno == ErrnoSuccess) {
			t.Errorf("write: errno %d", errno)
		}
		if n, errno := g.read(fd, make([]byte, 1)); n != 0 || errno != ErrnoSuccess {
			t.Errorf("read again: %d bytes, errno %d", n, errno)
		}
	})
}

// TestResetByGuest checks that no lingering resets the connection.
func TestResetByGuest(t *testing.T) {
	eachDriver(t, func(t *testing.T, s suite) {
		result := make(chan error, 1)
		addr := server(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
			_, err := c.Read(make([]byte, 1))
			result <- err
		})
		g := s.guest(t)
		fd := g.mustDial("tcp", addr)
		g.must(g.table.SetOption(fd, optionLinger, 0), "linger")
		g.must(g.table.Close(fd), "close")
		if err := <-result; ErrnoOf(err) != ErrnoConnreset {
			t.Errorf("the peer sees %v", err)
		}
	})
}

// TestHalfOpen checks that either direction goes on after the other ended.
func TestHalfOpen(t *testing.T) {
	eachDriver(t, func(t *testing.T, s suite) {
		addr := server(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
			c.Write([]byte("greetings"))
			c.(*net.TCPConn).CloseWrite()
			text, err := io.ReadAll(c)
			if err != nil || string(text) != "and farewell" {
				t.Errorf("the peer got %q, %v", text, err)
			}
		})
		g := s.guest(t)
		fd := g.mustDial("tcp", addr)
		if got := g.readFull(fd, 9); got != "greetings" {
			t.Errorf("got %q", got)
		}
		for range 2 { // the end stays
			if n, errno := g.read(fd, make([]byte, 1)); n != 0 || errno != ErrnoSuccess {
				t.Errorf("at the end: %d bytes, errno %d", n, errno)
			}
			g.wait(fd, false)
		}
		g.mustWrite(fd, "and farewell")
		g.must(g.table.Shutdown(fd, false, true), "shutdown")
		if errno := g.write(fd, []byte{1}); errno != ErrnoPipe {
			t.Errorf("write after shutdown: errno %d", errno)
		}
	})
}

func TestShutdownRead(t *testing.T) {
	eachDriver(t, func(t *testing.T, s suite) {
		addr := server(t, "tcp", "127.0.0.1:0", echo)
		g := s.guest(t)
		fd := g.mustDial("tcp", addr)
		g.must(g.table.Shutdown(fd, true, false), "shutdown")
		g.wait(fd, false)
		if n, errno := g.read(fd, make([]byte, 1)); n != 0 || errno != ErrnoSuccess {
			t.Errorf("read: %d bytes, errno %d", n, errno)
		}
	})
}

// TestBackPressure writes to a peer that does not read, until that is too much, and goes on when the peer does.
func TestBackPressure(t *testing.T) {
	eachDriver(t, func(t *testing.T, s suite) {
		proceed := make(chan struct{})
		sum := make(chan int, 1)
		addr := server(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
			<-proceed
			n, _ := io.Copy(io.Discard, c)
			sum <- int(n)
		})
		g := s.guest(t)
		fd := g.mustDial("tcp", addr)
		block := make([]byte, 1<<16)
		written := 0
		// The kernel moves what is written to its peer's buffer, so being full is no state that stays until both are.
		deadline := time.Now().Add(patience)
	writing:
		for {
			n, errno := g.table.Write(fd, [][]byte{block})
			written += n
			if errno == ErrnoSuccess {
				if written > 1<<30 {
					t.Fatal("it takes everything")
				}
				continue
			}
			if errno != ErrnoAgain {
				t.Fatalf("write: errno %d", errno)
			}
			ready := false
			for i := 0; i < 20 && !ready; i++ {
				time.Sleep(5 * time.Millisecond)
				ready, _ = g.table.Ready(fd, true)
			}
			if !ready {
				g.table.Await(fd, true)
				select {
				case <-g.news:
					if ready, _ := g.table.Ready(fd, true); !ready {
						t.Error("notified although it is full")
					}
				case <-time.After(20 * time.Millisecond):
					break writing
				}
			}
			if time.Now().After(deadline) {
				t.Fatal("it is never full")
			}
		}
		close(proceed)
		g.wait(fd, true)
		g.must(g.write(fd, block), "write")
		g.must(g.table.Close(fd), "close")
		if got := <-sum; got != written+len(block) {
			t.Errorf("wrote %d bytes, of which %d arrived", written+len(block), got)
		}
	})
}

// TestBulk moves much both ways at once, in pieces of odd sizes and several buffers each.
func TestBulk(t *testing.T) {
	const size = 8 << 20
	eachDriver(t, func(t *testing.T, s suite) {
		addr := server(t, "tcp", "127.0.0.1:0", echo)
		g := s.guest(t)
		fd := g.mustDial("tcp", addr)
		data := make([]byte, size)
		for i := range data {
			data[i] = byte(i * i >> 8)
		}
		var got []byte
		buf := make([]byte, 99991)
		for sent := 0; len(got) < size; {
			if sent < size {
				p := data[sent:min(sent+77777, size)]
				n, errno := g.table.Write(fd, [][]byte{p[:len(p)/3], nil, p[len(p)/3:]})
				if errno != ErrnoSuccess && errno != ErrnoAgain {
					t.Fatalf("write: errno %d", errno)
				}
				sent += n
			}
			n, errno := g.table.Read(fd, [][]byte{buf[:1000], {}, buf[1000:]})
			if errno == ErrnoAgain {
				if sent == size {
					g.wait(fd, false)
				}
				continue
			}
			g.must(errno, "read")
			got = append(got, buf[:n]...)
		}
		if !bytes.Equal(got, data) {
			t.Error("what comes back is not what was sent")
		}
	})
}

// TestThousand has a thousand connections at once, all of which talk.
func TestThousand(t *testing.T) {
	const count = 1000
	eachDriver(t, func(t *testing.T, s suite) {
		addr := server(t, "tcp", "127.0.0.1:0", echo)
		g := s.guest(t)
		var fds []uint32
		for range count {
			fds = append(fds, g.mustDial("tcp", addr))
		}
		for i, fd := range fds {
			g.mustWrite(fd, fmt.Sprintf("%04d", i))
		}
		// Waiting for all at once, as an instance does.
		open := make(map[uint32]string)
		for i, fd := range fds {
			open[fd] = fmt.Sprintf("%04d", i)
		}
		got := make(map[uint32]string)
		for len(open) > 0 {
			ready := 0
			for fd, want := range open {
				if r, _ := g.table.Ready(fd, false); !r {
					continue
				}
				ready++
				buf := make([]byte, 4)
				n, errno := g.table.Read(fd, [][]byte{buf})
				if errno == ErrnoAgain {
					continue
				}
				g.must(errno, "read")
				got[fd] += string(buf[:n])
				if got[fd] == want {
					delete(open, fd)
				}
			}
			if ready > 0 {
				continue
			}
			for fd := range open {
				g.table.Await(fd, false)
			}
			select {
			case <-g.news:
			case <-time.After(patience):
				t.Fatalf("%d are silent", len(open))
			}
			g.table.Disarm()
		}
		if n := g.table.Len(); n != count {
			t.Errorf("%d descriptors", n)
		}
		g.table.CloseAll()
		if n := g.table.Len(); n != 0 {
			t.Errorf("%d descriptors after closing all", n)
		}
	})
}

func TestSetOption(t *testing.T) {
	eachDriver(t, func(t *testing.T, s suite) {
		addr := server(t, "tcp", "127.0.0.1:0", echo)
		datagrams := packets(t, "udp", "127.0.0.1:0")
		path := server(t, "unix", filepath.Join(shortDir(t), "socket"), echo)
		g := s.guest(t) // closes before the servers, which wait for it
		fd := g.mustDial("tcp", addr)
		for option, value := range map[uint32]int64{
			optionReadBuffer: 1 << 16, optionWriteBuffer: 1 << 40, optionKeepAlive: 1, optionKeepAliveIdle: 1500e6,
			optionKeepAliveInterval: 1, optionKeepAliveCount: 3, optionNoDelay: 1, optionLinger: -1,
		} {
			if errno := g.table.SetOption(fd, option, value); errno != ErrnoSuccess {
				t.Errorf("option %d: errno %d", option, errno)
			}
		}
		for _, option := range []uint32{0, 10, 1 << 31} {
			if errno := g.table.SetOption(fd, option, 1); errno != ErrnoNoprotoopt {
				t.Errorf("option %d: errno %d", option, errno)
			}
		}
		if errno := g.table.SetOption(fd, optionKeepAliveCount, -1); errno != ErrnoInval {
			t.Errorf("a negative count: errno %d", errno)
		}
		udp, unix := g.mustDial("udp", datagrams), g.mustDial("unix", path)
		listener, _ := g.mustListen("tcp", "127.0.0.1:0")
		for _, other := range []uint32{udp, unix, listener} {
			for _, option := range []uint32{optionReadBuffer, optionWriteBuffer, optionKeepAlive, optionBroadcast} {
				if errno := g.table.SetOption(other, option, 1<<16); errno != ErrnoSuccess {
					t.Errorf("option %d of %d: errno %d", option, other, errno)
				}
			}
			if errno := g.table.SetOption(other, optionNoDelay, 1); errno != ErrnoNoprotoopt && other != listener {
				t.Errorf("no delay of %d: errno %d", other, errno)
			}
		}
		// To linger does not make closing wait, even if there is something to send.
		g.must(g.table.SetOption(fd, optionLinger, 1000), "linger")
		g.mustWrite(fd, strings.Repeat("x", 1<<20))
		begin := time.Now()
		g.must(g.table.Close(fd), "close")
		if d := time.Since(begin); d > patience {
			t.Errorf("closing took %v", d)
		}
	})
}
