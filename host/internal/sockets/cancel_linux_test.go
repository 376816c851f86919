package sockets

import (
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

// fullListener returns the address of a listener with a full queue: the kernel drops attempts to connect to it, as a black hole does.
func fullListener(t *testing.T) string {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "listener")
	defer f.Close()
	l, err := net.FileListener(f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	addr := l.Addr().String()
	failed := 0
	for range 100 {
		conn, err := net.DialTimeout("tcp", addr, 200*time.Millisecond)
		if err != nil {
			// Once may be for want of a processor.
			if failed++; failed == 2 {
				return addr
			}
			continue
		}
		failed = 0
		t.Cleanup(func() { conn.Close() })
	}
	t.Fatal("the queue does not fill")
	return ""
}

// TestCancelDial closes a descriptor whose dial does not end.
func TestCancelDial(t *testing.T) {
	eachDriver(t, func(t *testing.T, s suite) {
		addr := fullListener(t)
		g := s.guest(t)
		fd, errno := g.table.Dial("tcp", "", addr)
		g.must(errno, "dial")
		for range 3 {
			if _, _, errno := g.table.Status(fd); errno != ErrnoInprogress {
				t.Fatalf("status: errno %d", errno)
			}
			for _, write := range []bool{false, true} {
				if ready, _ := g.table.Ready(fd, write); ready {
					t.Errorf("ready (write: %v)", write)
				}
			}
			time.Sleep(time.Millisecond)
		}
		if _, errno := g.table.Read(fd, [][]byte{make([]byte, 1)}); errno != ErrnoAgain {
			t.Errorf("read: errno %d", errno)
		}
		if _, errno := g.table.Write(fd, [][]byte{make([]byte, 1)}); errno != ErrnoAgain {
			t.Errorf("write: errno %d", errno)
		}
		if errno := g.table.Shutdown(fd, true, true); errno != ErrnoNotconn {
			t.Errorf("shutdown: errno %d", errno)
		}
		g.must(g.table.Close(fd), "close")
	})
}
