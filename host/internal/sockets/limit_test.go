package sockets

import (
	"net"
	"testing"
)

// TestMaxDescriptors checks that all tables of a network have one limit, to which everything counts.
func TestMaxDescriptors(t *testing.T) {
	eachDriver(t, func(t *testing.T, s suite) {
		addr := server(t, "tcp", "127.0.0.1:0", echo)
		n := s.network(t, Config{MaxDescriptors: 4})
		a, b := newGuest(t, n), newGuest(t, n)
		l, laddr := a.mustListen("tcp", "127.0.0.1:0")
		a.mustDial("tcp", addr)
		fd := b.mustDial("tcp", addr)
		conn, err := net.Dial("tcp", laddr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		a.wait(l, false)
		answer, errno := b.table.Lookup(lookupHost, "", "localhost")
		b.must(errno, "lookup")
		if open := n.Open(); open != 4 {
			t.Errorf("%d descriptors are open", open)
		}
		for name, errno := range map[string]Errno{
			"dial":   second(b.table.Dial("tcp", "", addr)),
			"listen": second(b.table.Listen("tcp", "127.0.0.1:0")),
			"accept": second(a.table.Accept(l)),
			"lookup": second(a.table.Lookup(lookupHost, "", "localhost")),
		} {
			if errno != ErrnoMfile {
				t.Errorf("%s: errno %d", name, errno)
			}
		}
		// Each that is closed makes room for another, and a connection that could not be accepted is not lost.
		b.must(b.table.Close(answer), "close")
		in := a.accept(l)
		a.must(a.table.Close(in), "close")
		b.must(b.table.Close(fd), "close")
		a.mustDial("tcp", addr)
		a.table.CloseAll()
		b.table.CloseAll()
		if open := n.Open(); open != 0 {
			t.Errorf("%d descriptors are open after closing all", open)
		}
	})
}

func second(_ uint32, errno Errno) Errno { return errno }

// TestNumbers checks that descriptors are not used again.
func TestNumbers(t *testing.T) {
	eachDriver(t, func(t *testing.T, s suite) {
		g := s.guest(t)
		fd, _ := g.mustListen("tcp", "127.0.0.1:0")
		if fd != firstDescriptor {
			t.Errorf("the first descriptor is %d", fd)
		}
		g.must(g.table.Close(fd), "close")
		kept, _ := g.mustListen("tcp", "127.0.0.1:0")
		if kept != fd+1 {
			t.Errorf("the second descriptor is %d", kept)
		}
		// Only after the last.
		g.table.next = lastDescriptor
		last, _ := g.mustListen("tcp", "127.0.0.1:0")
		again, _ := g.mustListen("tcp", "127.0.0.1:0")
		next, _ := g.mustListen("tcp", "127.0.0.1:0")
		if last != lastDescriptor || again != firstDescriptor || next != kept+1 {
			t.Errorf("%d is followed by %d and %d", last, again, next)
		}
	})
}

// TestNoDescriptor checks that every operation says of what does not exist that it does not.
func TestNoDescriptor(t *testing.T) {
	eachDriver(t, func(t *testing.T, s suite) {
		g := s.guest(t)
		open, _ := g.mustListen("tcp", "127.0.0.1:0")
		for _, closed := range []bool{false, true} {
			if closed {
				g.table.CloseAll()
				g.table.CloseAll()
				for name, errno := range map[string]Errno{
					"dial":   second(g.table.Dial("tcp", "", "127.0.0.1:1")),
					"listen": second(g.table.Listen("tcp", "127.0.0.1:0")),
					"lookup": second(g.table.Lookup(lookupHost, "", "localhost")),
				} {
					if errno != ErrnoBadf {
						t.Errorf("%s: errno %d", name, errno)
					}
				}
			}
			for _, fd := range []uint32{0, 1, 3, firstDescriptor - 1, open + 1, lastDescriptor, 0x7fff0000, noDescriptor} {
				checkNoDescriptor(t, g.table, fd)
			}
		}
		checkNoDescriptor(t, g.table, open)
	})
}

func checkNoDescriptor(t *testing.T, table *Table, fd uint32) {
	t.Helper()
	p := make([]byte, 1)
	_, accept := table.Accept(fd)
	_, _, status := table.Status(fd)
	_, read := table.Read(fd, [][]byte{p})
	_, write := table.Write(fd, [][]byte{p})
	_, _, _, readFrom := table.ReadFrom(fd, p)
	_, writeTo := table.WriteTo(fd, p, "127.0.0.1:1")
	for name, errno := range map[string]Errno{
		"accept": accept, "status": status, "read": read, "write": write, "receive": readFrom, "send": writeTo,
		"shutdown": table.Shutdown(fd, true, true), "option": table.SetOption(fd, optionNoDelay, 1), "close": table.Close(fd),
	} {
		if errno != ErrnoBadf {
			t.Errorf("%s of %d: errno %d", name, fd, errno)
		}
	}
	if _, ok := table.IsStream(fd); ok {
		t.Errorf("%d is a stream, or not", fd)
	}
	if _, ok := table.Ready(fd, true); ok {
		t.Errorf("%d is ready, or not", fd)
	}
	table.Await(fd, true)
	table.Disarm()
	if m := table.Message(fd); m != "" {
		t.Errorf("message of %d: %q", fd, m)
	}
}
