package sockets

import (
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long tests wait for what must happen.
const patience = 30 * time.Second

// drivers are the implementations, all of which pass the same tests.
var drivers = map[string]driver{"system": newDriver(), "pumps": pumps{}}

// eachDriver runs a test with every implementation, and checks that nothing is left of it.
func eachDriver(t *testing.T, test func(*testing.T, suite)) {
	for name, d := range drivers {
		t.Run(name, func(t *testing.T) {
			before := usage(t)
			// Cleaning up goes backwards, so this is the last.
			t.Cleanup(func() {
				if !t.Failed() {
					before.wait(t)
				}
			})
			test(t, suite{name, d})
		})
	}
}

type suite struct {
	name   string
	driver driver
}

func (s suite) isPumps() bool { return s.name == "pumps" }

// network returns a network that is closed with the test.
func (s suite) network(t testing.TB, c Config) *Network {
	if c.Policy == nil {
		c.Policy = &permissive{}
	}
	n := newNetwork(c, s.driver)
	t.Cleanup(func() { closeNetwork(t, n) })
	return n
}

func closeNetwork(t testing.TB, n *Network) {
	if err := n.Close(); err != nil && err != errClosed {
		t.Error(err)
	}
	if n := n.Open(); n != 0 {
		t.Errorf("%d descriptors are open after closing", n)
	}
}

// guest returns a guest on a network of its own.
func (s suite) guest(t testing.TB) *guest { return newGuest(t, s.network(t, Config{})) }

// permissive allows everything, and maps every address to itself or to what is in its table.
type permissive struct {
	maps map[string][2]string // network and address
}

func (*permissive) Dial(string, string) error     { return nil }
func (*permissive) Lookup(string) error           { return nil }
func (*permissive) Answered(string, []netip.Addr) {}
func (p *permissive) Listen(network, address string) (string, string, error) {
	if m, ok := p.maps[address]; ok {
		return m[0], m[1], nil
	}
	return network, address, nil
}

// guest is an instance that waits as instances do.
type guest struct {
	t     testing.TB
	table *Table
	news  chan struct{}
}

func newGuest(t testing.TB, n *Network) *guest {
	g := &guest{t: t, news: make(chan struct{}, 1)}
	g.table = n.NewTable(func() {
		select {
		case g.news <- struct{}{}:
		default:
		}
	})
	return g
}

// wait waits until a direction is ready.
func (g *guest) wait(fd uint32, write bool) {
	g.t.Helper()
	deadline := time.After(patience)
	for {
		ready, ok := g.table.Ready(fd, write)
		if !ok {
			g.t.Fatalf("there is no descriptor %d", fd)
		}
		if ready {
			return
		}
		g.table.Await(fd, write)
		select {
		case <-g.news:
		case <-deadline:
			g.t.Fatalf("descriptor %d did not get ready (write: %v)", fd, write)
		}
		g.table.Disarm()
	}
}

// must fails the test unless an operation went well.
func (g *guest) must(errno Errno, what string) {
	g.t.Helper()
	if errno != ErrnoSuccess {
		g.t.Fatalf("%s: errno %d", what, errno)
	}
}

// dial dials, and waits until that is over.
func (g *guest) dial(network, laddr, raddr string) (uint32, Errno) {
	g.t.Helper()
	fd, errno := g.table.Dial(network, laddr, raddr)
	if errno != ErrnoSuccess {
		return 0, errno
	}
	g.wait(fd, true)
	_, _, errno = g.table.Status(fd)
	if errno == ErrnoInprogress {
		g.t.Fatal("a dial is ready but not over")
	}
	return fd, errno
}

func (g *guest) mustDial(network, raddr string) uint32 {
	g.t.Helper()
	fd, errno := g.dial(network, "", raddr)
	g.must(errno, "dial "+network+" "+raddr)
	return fd
}

func (g *guest) mustListen(network, laddr string) (fd uint32, addr string) {
	g.t.Helper()
	fd, errno := g.table.Listen(network, laddr)
	g.must(errno, "listen "+network+" "+laddr)
	addr, _, errno = g.table.Status(fd)
	g.must(errno, "status of listener")
	return fd, addr
}

func (g *guest) accept(fd uint32) uint32 {
	g.t.Helper()
	for {
		g.wait(fd, false)
		conn, errno := g.table.Accept(fd)
		if errno == ErrnoAgain {
			continue // another one was quicker
		}
		g.must(errno, "accept")
		return conn
	}
}

// read reads once, when there is something.
func (g *guest) read(fd uint32, p []byte) (int, Errno) {
	g.t.Helper()
	for {
		n, errno := g.table.Read(fd, [][]byte{p})
		if errno != ErrnoAgain {
			return n, errno
		}
		g.wait(fd, false)
	}
}

func (g *guest) readFull(fd uint32, size int) string {
	g.t.Helper()
	p := make([]byte, size)
	for at := 0; at < size; {
		n, errno := g.read(fd, p[at:])
		g.must(errno, "read")
		if n == 0 {
			g.t.Fatalf("the stream ended after %d of %d bytes", at, size)
		}
		at += n
	}
	return string(p)
}

// write writes everything.
func (g *guest) write(fd uint32, p []byte) Errno {
	g.t.Helper()
	for len(p) > 0 {
		n, errno := g.table.Write(fd, [][]byte{p})
		switch errno {
		case ErrnoSuccess:
			p = p[n:]
		case ErrnoAgain:
			g.wait(fd, true)
		default:
			return errno
		}
	}
	return ErrnoSuccess
}

func (g *guest) mustWrite(fd uint32, text string) {
	g.t.Helper()
	g.must(g.write(fd, []byte(text)), "write")
}

// server accepts connections natively, and calls a function with each in a goroutine. It ends with the test.
func server(t testing.TB, network, address string, handle func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer conn.Close()
				handle(conn)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		running.Wait()
	})
	return l.Addr().String()
}

// shortDir returns a directory whose name leaves room for that of a socket, which t.TempDir's may not.
func shortDir(t testing.TB) string {
	dir, err := os.MkdirTemp("", "s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func TestMain(m *testing.M) {
	// The runtime's poller has descriptors of its own from its first use on, which are no test's.
	if r, w, err := os.Pipe(); err == nil {
		r.Close()
		w.Close()
	}
	os.Exit(m.Run())
}

// resources are what a test must give back.
type resources struct{ goroutines, files int }

func usage(t testing.TB) resources {
	r := resources{goroutines: runtime.NumGoroutine(), files: -1}
	if runtime.GOOS == "linux" {
		list, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		r.files = len(list)
	}
	return r
}

// wait waits until no more resources are in use.
func (r resources) wait(t *testing.T) {
	deadline := time.Now().Add(patience)
	for now := usage(t); now.goroutines > r.goroutines || now.files > r.files; now = usage(t) {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<16)
			stacks = stacks[:runtime.Stack(stacks, true)]
			t.Fatalf("goroutines: %d before, %d after; files: %d before, %d after\n%s", r.goroutines, now.goroutines, r.files, now.files,
				strings.TrimSpace(string(stacks)))
		}
		time.Sleep(time.Millisecond)
	}
}
