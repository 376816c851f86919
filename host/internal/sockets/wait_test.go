package sockets

import (
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// counted returns a table that counts how often its owner is notified.
func counted(n *Network) (*Table, *atomic.Int64) {
	var count atomic.Int64
	return n.NewTable(func() { count.Add(1) }), &count
}

// settle waits until a count has a value, and a little whether it gets larger.
func settle(t *testing.T, count *atomic.Int64, want int64) {
	t.Helper()
	for deadline := time.Now().Add(patience); count.Load() < want && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(5 * time.Millisecond)
	if got := count.Load(); got != want {
		t.Fatalf("notified %d times, want %d", got, want)
	}
}

func TestAwait(t *testing.T) {
	eachDriver(t, func(t *testing.T, s suite) {
		send := make(chan net.Conn, 2)
		addr := server(t, "tcp", "127.0.0.1:0", func(c net.Conn) { send <- c; c.Read(make([]byte, 1)) })
		n := s.network(t, Config{})
		table, count := counted(n)
		var fds []uint32
		var peers []net.Conn
		for range 2 {
			fd, errno := table.Dial("tcp", "", addr)
			if errno != ErrnoSuccess {
				t.Fatalf("errno %d", errno)
			}
			fds = append(fds, fd)
			peers = append(peers, <-send)
		}
		for _, fd := range fds {
			for _, _, errno := table.Status(fd); errno == ErrnoInprogress; _, _, errno = table.Status(fd) {
				time.Sleep(time.Millisecond)
			}
		}
		// At once, if it is ready.
		count.Store(0)
		table.Await(fds[0], true)
		if n := count.Load(); n != 1 {
			t.Errorf("notified %d times before it returned", n)
		}
		// Not, while nothing comes; and what is ready in the other direction does not count.
		quietly(t, count, func() {
			table.Await(fds[0], false)
			table.Await(fds[1], false)
		})
		for _, p := range peers {
			p.Write([]byte("x"))
		}
		settle(t, count, 1) // for both, once
		// All are disarmed; and what is forgotten does not notify.
		read := func(fd uint32) {
			for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
				if ready, _ := table.Ready(fd, false); ready {
					break
				}
				if time.Now().After(deadline) {
					t.Fatal("nothing has come")
				}
			}
			for {
				if _, errno := table.Read(fd, [][]byte{make([]byte, 8)}); errno == ErrnoAgain {
					return
				}
			}
		}
		read(fds[0])
		read(fds[1])
		count.Store(0)
		peers[0].Write([]byte("x"))
		settle(t, count, 0)
		read(fds[0])
		quietly(t, count, func() {
			table.Await(fds[0], false)
			table.Disarm()
			peers[0].Write([]byte("x"))
			read(fds[0])
		})
		// Nor after closing.
		quietly(t, count, func() { table.Await(fds[1], false) })
		table.CloseAll()
		peers[1].Write([]byte("x"))
		settle(t, count, 0)
	})
}

// quietly does what notifies nobody: who was on the way to do so, for what has been before, may have been held up, but not each time.
func quietly(t *testing.T, count *atomic.Int64, do func()) {
	t.Helper()
	for tries := 0; ; tries++ {
		count.Store(0)
		do()
		time.Sleep(5 * time.Millisecond)
		if count.Load() == 0 {
			return
		}
		if tries == 5 {
			t.Fatalf("notified %d times for nothing", count.Load())
		}
	}
}

// TestReady checks that being ready is a state that lasts until there is nothing, and not an event.
func TestReady(t *testing.T) {
	eachDriver(t, func(t *testing.T, s suite) {
		peer := make(chan net.Conn, 1)
		addr := server(t, "tcp", "127.0.0.1:0", func(c net.Conn) { peer <- c; c.Read(make([]byte, 1)) })
		g := s.guest(t)
		fd := g.mustDial("tcp", addr)
		c := <-peer
		for range 3 {
			c.Write([]byte("abc"))
			for range 3 {
				g.wait(fd, false)
				if ready, _ := g.table.Ready(fd, false); !ready {
					t.Error("not ready while there is something to read")
				}
				g.readFull(fd, 1)
			}
			// There was no EAGAIN, but there is nothing either. The system may say late of what has been read that it is there, but not
			// each time.
			for tries := 0; ; tries++ {
				if ready, _ := g.table.Ready(fd, false); !ready {
					break
				}
				if n, errno := g.table.Read(fd, [][]byte{make([]byte, 1)}); errno != ErrnoAgain || tries == 5 {
					t.Fatalf("ready although all was read: %d bytes, errno %d", n, errno)
				}
			}
		}
		c.(*net.TCPConn).CloseWrite()
		for range 3 {
			g.wait(fd, false)
			if n, errno := g.table.Read(fd, [][]byte{make([]byte, 1)}); n != 0 || errno != ErrnoSuccess {
				t.Errorf("at the end: %d bytes, errno %d", n, errno)
			}
		}
	})
}

// TestNoWakeUpIsLost has many exchanges in which data and waiting race.
func TestNoWakeUpIsLost(t *testing.T) {
	eachDriver(t, func(t *testing.T, s suite) {
		addr := server(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
			for buf := make([]byte, 1); ; {
				if _, err := c.Read(buf); err != nil {
					return
				}
				for range rand.IntN(300) {
					_ = time.Now()
				}
				c.Write(buf)
			}
		})
		n := s.network(t, Config{})
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				g := newGuest(t, n)
				var fds []uint32
				for range 3 {
					fds = append(fds, g.mustDial("tcp", addr))
				}
				for range 300 {
					for _, fd := range fds {
						g.mustWrite(fd, "x")
					}
					for range rand.IntN(300) {
						_ = time.Now()
					}
					for _, fd := range fds {
						g.readFull(fd, 1)
					}
				}
			})
		}
		all.Wait()
	})
}

// TestCloseAllWhileBusy closes a table by another goroutine than its own, as who ends an instance does.
func TestCloseAllWhileBusy(t *testing.T) {
	eachDriver(t, func(t *testing.T, s suite) {
		addr := server(t, "tcp", "127.0.0.1:0", echo)
		n := s.network(t, Config{})
		for range 20 {
			table, _ := counted(n)
			begun := make(chan struct{})
			var busy sync.WaitGroup
			busy.Go(func() {
				var once sync.Once
				for {
					fd, errno := table.Dial("tcp", "", addr)
					if errno == ErrnoBadf {
						return
					}
					once.Do(func() { close(begun) })
					for range 10 {
						table.Write(fd, [][]byte{{1}})
						table.Read(fd, [][]byte{make([]byte, 1)})
						table.Ready(fd, false)
						table.Await(fd, true)
						table.Await(fd, false)
						table.Disarm()
					}
					table.Close(fd)
				}
			})
			<-begun
			table.CloseAll()
			busy.Wait()
			if open := n.Open(); open != 0 {
				t.Fatalf("%d descriptors are open", open)
			}
		}
	})
}

// TestCloseNetwork checks that closing a network closes its tables, and those made afterwards have nothing.
func TestCloseNetwork(t *testing.T) {
	eachDriver(t, func(t *testing.T, s suite) {
		addr := server(t, "tcp", "127.0.0.1:0", echo)
		n := s.network(t, Config{})
		g := newGuest(t, n)
		g.mustDial("tcp", addr)
		g.mustListen("tcp", "127.0.0.1:0")
		closeNetwork(t, n)
		if g.table.Len() != 0 {
			t.Error("the table has descriptors")
		}
		if err := n.Close(); err == nil {
			t.Error("it closes twice")
		}
		if _, errno := n.NewTable(func() {}).Dial("tcp", "", addr); errno != ErrnoBadf {
			t.Errorf("errno %d", errno)
		}
	})
}

// TestNotifyWaitsForCloser has notify wait for a lock that is held while the table is closed, as that of an instance is.
func TestNotifyWaitsForCloser(t *testing.T) {
	eachDriver(t, func(t *testing.T, s suite) {
		send := make(chan struct{})
		addr := server(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
			<-send
			c.Write([]byte("x"))
			c.Read(make([]byte, 1))
		})
		var lock sync.Mutex
		begun := make(chan struct{}, 1)
		n := s.network(t, Config{})
		table := n.NewTable(func() {
			select {
			case begun <- struct{}{}:
			default:
			}
			lock.Lock()
			defer lock.Unlock()
		})
		fd, errno := table.Dial("tcp", "", addr)
		if errno != ErrnoSuccess {
			t.Fatalf("errno %d", errno)
		}
		lock.Lock()
		for {
			if ready, _ := table.Ready(fd, true); ready {
				break
			}
			time.Sleep(time.Millisecond)
		}
		table.Await(fd, false)
		close(send)
		<-begun
		closed := make(chan struct{})
		go func() {
			table.CloseAll()
			close(closed)
		}()
		select {
		case <-closed:
		case <-time.After(patience):
			t.Error("closing waits for notify")
		}
		lock.Unlock()
	})
}
