//go:build !windows

package sockets

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestUnixDial(t *testing.T) {
	eachDriver(t, func(t *testing.T, s suite) {
		paths := []string{filepath.Join(shortDir(t), "socket")}
		if runtime.GOOS == "linux" {
			paths = append(paths, "@cofaas-"+filepath.Base(shortDir(t)))
		}
		for _, path := range paths {
			addr := server(t, "unix", path, echo)
			g := s.guest(t)
			fd := g.mustDial("unix", path)
			if _, raddr, errno := g.table.Status(fd); raddr != addr || errno != ErrnoSuccess {
				t.Errorf("connected to %q, errno %d", raddr, errno)
			}
			g.mustWrite(fd, "hello")
			if got := g.readFull(fd, 5); got != "hello" {
				t.Errorf("got %q", got)
			}
			g.must(g.table.Shutdown(fd, false, true), "shutdown")
			if n, errno := g.read(fd, make([]byte, 1)); n != 0 || errno != ErrnoSuccess {
				t.Errorf("at the end: %d bytes, errno %d", n, errno)
			}
		}
	})
}

func TestUnixListen(t *testing.T) {
	eachDriver(t, func(t *testing.T, s suite) {
		path := filepath.Join(shortDir(t), "socket")
		g := s.guest(t)
		fd, addr := g.mustListen("unix", path)
		if addr != path {
			t.Errorf("the address is %q", addr)
		}
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		in := g.accept(fd)
		if laddr, _, errno := g.table.Status(in); laddr != path || errno != ErrnoSuccess {
			t.Errorf("accepted at %q, errno %d", laddr, errno)
		}
		g.mustWrite(in, "hello")
		g.must(g.table.Close(in), "close")
		if text, err := io.ReadAll(conn); string(text) != "hello" || err != nil {
			t.Errorf("got %q, %v", text, err)
		}
		g.must(g.table.Close(fd), "close")
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("the socket's file is left: %v", err)
		}
		if _, errno := g.table.Listen("unix", ""); errno != ErrnoInval {
			t.Errorf("without a path: errno %d", errno)
		}
	})
}

func TestUnixDatagrams(t *testing.T) {
	eachDriver(t, func(t *testing.T, s suite) {
		dir := shortDir(t)
		peer := packets(t, "unixgram", filepath.Join(dir, "peer"))
		g := s.guest(t)
		fd, addr := g.mustListen("unixgram", filepath.Join(dir, "bound"))
		_, errno := g.table.WriteTo(fd, []byte("hello"), peer)
		g.must(errno, "send")
		buf := make([]byte, 8)
		if n, from, _ := g.readFrom(fd, buf); string(buf[:n]) != "hello" || from != peer || addr != filepath.Join(dir, "bound") {
			t.Errorf("%q got %q from %q", addr, buf[:n], from)
		}
		// One that is connected needs an address of its own to be answered.
		local := filepath.Join(dir, "local")
		fd, errno = g.dial("unixgram", local, peer)
		g.must(errno, "dial")
		g.mustWrite(fd, "again")
		if n, errno := g.read(fd, buf); string(buf[:n]) != "again" || errno != ErrnoSuccess {
			t.Errorf("got %q, errno %d", buf[:n], errno)
		}
		// It is gone with the descriptor, as a guest could not remove it; and not if it was there before.
		if _, errno := g.dial("unixgram", local, peer); errno != ErrnoAddrinuse {
			t.Errorf("the same local end: errno %d", errno)
		}
		if _, err := os.Stat(local); err != nil {
			t.Error(err)
		}
		g.must(g.table.Close(fd), "close")
		if _, err := os.Stat(local); !os.IsNotExist(err) {
			t.Errorf("the socket's file is left: %v", err)
		}
		// Nor is it left if there is nobody to connect to.
		if _, errno := g.dial("unixgram", local, filepath.Join(dir, "nobody")); errno != ErrnoNoent {
			t.Errorf("errno %d", errno)
		}
		if _, err := os.Stat(local); s.isPumps() != (err == nil) {
			t.Errorf("the socket's file: %v", err)
		}
	})
}

// TestUnixDatagramsFull checks that a receiver that does not take its datagrams makes no sender wait here, and lets it go on later.
func TestUnixDatagramsFull(t *testing.T) {
	eachDriver(t, func(t *testing.T, s suite) {
		path := filepath.Join(shortDir(t), "peer")
		c, err := net.ListenPacket("unixgram", path)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		g := s.guest(t)
		fd := g.mustDial("unixgram", path)
		sent := 0
		for {
			_, errno := g.table.Write(fd, [][]byte{[]byte("x")})
			if errno == ErrnoAgain {
				break
			}
			g.must(errno, "write")
			if sent++; sent > 1<<20 {
				t.Fatal("it takes everything")
			}
		}
		buf := make([]byte, 8)
		for range sent {
			if _, _, err := c.ReadFrom(buf); err != nil {
				t.Fatal(err)
			}
		}
		g.wait(fd, true)
		g.mustWrite(fd, "last")
	})
}

// TestUnixPackets needs a system with them, which the pumps are not for.
func TestUnixPackets(t *testing.T) {
	eachDriver(t, func(t *testing.T, s suite) {
		path := filepath.Join(shortDir(t), "socket")
		g := s.guest(t)
		fd, errno := g.table.Listen("unixpacket", path)
		if s.isPumps() || runtime.GOOS != "linux" {
			if errno != ErrnoProtonosupport {
				t.Errorf("errno %d", errno)
			}
			return
		}
		g.must(errno, "listen")
		out := g.mustDial("unixpacket", path)
		in := g.accept(fd)
		g.mustWrite(out, "one")
		g.mustWrite(out, "two")
		buf := make([]byte, 8)
		for _, want := range []string{"one", "two"} {
			if n, errno := g.read(in, buf); string(buf[:n]) != want || errno != ErrnoSuccess {
				t.Errorf("got %q, errno %d", buf[:n], errno)
			}
		}
		g.must(g.table.Close(out), "close")
		if n, errno := g.read(in, buf); n != 0 || errno != ErrnoSuccess {
			t.Errorf("at the end: %d bytes, errno %d", n, errno)
		}
	})
}
