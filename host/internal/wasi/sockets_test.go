package wasi_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/cofaas/cofaas/host/engine"
	"github.com/cofaas/cofaas/host/internal/sockets"
	"github.com/cofaas/cofaas/host/internal/wasi"
	"github.com/cofaas/cofaas/internal/abi"
)

// guest is an instance without an engine: a memory and a table.
type guest struct {
	t      *testing.T
	mem    []byte
	net    *sockets.Network
	table  *sockets.Table
	notify chan struct{}
	funcs  map[string]engine.Import
}

func newGuest(t *testing.T, p sockets.Policy) *guest {
	g := &guest{t: t, mem: make([]byte, 1<<16), net: sockets.New(sockets.Config{Policy: p}), notify: make(chan struct{}, 1), funcs: map[string]engine.Import{}}
	for _, imp := range append(wasi.Sockets(), wasi.Net()...) {
		g.funcs[imp.Name] = imp
	}
	t.Cleanup(func() {
		if err := g.net.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

func (g *guest) Bytes() []byte { return g.mem }

func (g *guest) Sockets(make bool) *sockets.Table {
	if g.table == nil && make {
		g.table = g.net.NewTable(func() {
			select {
			case g.notify <- struct{}{}:
			default:
			}
		})
	}
	return g.table
}

// Where the guest has what it passes.
const (
	textAt   = 1 << 10 // strings, one after the other
	bufAt    = 1 << 12
	vectorAt = 1 << 14
	outAt    = 1 << 15
)

// call calls a function with strings as addresses and lengths. The engine leaves junk in the upper half of an i32.
func (g *guest) call(name string, args ...any) int {
	g.t.Helper()
	imp, at := g.funcs[name], textAt
	var stack []uint64
	add := func(v uint32) { stack = append(stack, 0xdeadbeef<<32|uint64(v)) }
	for _, a := range args {
		switch a := a.(type) {
		case string:
			copy(g.mem[at:], a)
			add(uint32(at))
			add(uint32(len(a)))
			at += len(a)
		case int64:
			stack = append(stack, uint64(a))
		case int:
			add(uint32(a))
		case uint32:
			add(a)
		}
	}
	if len(stack) != len(imp.Params) {
		g.t.Fatalf("%s has %d parameters, not %d", name, len(imp.Params), len(stack))
	}
	if err := imp.Func(g, stack); err != nil {
		g.t.Fatalf("%s: %v", name, err)
	}
	return int(stack[0])
}

func (g *guest) out(n int) uint32 { return binary.LittleEndian.Uint32(g.mem[outAt+4*n:]) }

// must is call of what must succeed.
func (g *guest) must(name string, args ...any) {
	g.t.Helper()
	if errno := g.call(name, args...); errno != 0 {
		g.t.Fatalf("%s %v: %d", name, args, errno)
	}
}

// await waits until a descriptor is ready.
func (g *guest) await(fd uint32, write bool) {
	g.t.Helper()
	g.table.Await(fd, write)
	defer g.table.Disarm()
	for {
		if ready, ok := g.table.Ready(fd, write); ready || !ok {
			return
		}
		select {
		case <-g.notify:
			g.table.Await(fd, write)
		case <-time.After(time.Minute):
			g.t.Fatal("not ready")
		}
	}
}

// receive calls what receives by a descriptor, when that is ready: which may be said once too often.
func (g *guest) receive(fd uint32, name string, args ...any) {
	g.t.Helper()
	const eagain = 6
	errno := eagain
	for tries := 0; errno == eagain && tries < 10; tries++ {
		g.await(fd, false)
		errno = g.call(name, append([]any{fd}, args...)...)
	}
	if errno != 0 {
		g.t.Fatalf("%s %v: %d", name, args, errno)
	}
}

// vector makes a list of buffers out of the lengths.
func (g *guest) vector(lengths ...int) {
	at := uint32(bufAt)
	for i, n := range lengths {
		binary.LittleEndian.PutUint32(g.mem[vectorAt+8*i:], at)
		binary.LittleEndian.PutUint32(g.mem[vectorAt+8*i+4:], uint32(n))
		at += uint32(n)
	}
}

// everything is allowed.
type everything struct{}

func (everything) Dial(string, string) error                 { return nil }
func (everything) Lookup(string) error                       { return nil }
func (everything) Answered(string, []netip.Addr)             {}
func (everything) Listen(n, a string) (_, _ string, _ error) { return n, a, nil }

// A connection from dial to close, against a server of package net.
func TestStream(t *testing.T) {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer lis.Close()
	go func() {
		conn, err := lis.Accept()
		if err != nil {
			return
		}
		_, _ = io.Copy(conn, conn)
		_ = conn.Close()
	}()

	g := newGuest(t, everything{})
	g.must("dial", "tcp", "", lis.Addr().String(), outAt)
	fd := g.out(0)
	if !wasi.IsSocket(fd) {
		t.Fatalf("descriptor %d", fd)
	}
	g.await(fd, true)
	g.must("status", fd, bufAt, 100, outAt)
	local, remote, _ := strings.Cut(string(g.mem[bufAt:bufAt+g.out(0)]), "\x00")
	if host, _, _ := net.SplitHostPort(local); host != "127.0.0.1" || remote != lis.Addr().String() {
		t.Errorf("addresses %q, %q", local, remote)
	}
	const erange = 68
	if errno := g.call("status", fd, bufAt, 3, outAt); errno != erange || int(g.out(0)) != len(local)+1+len(remote) {
		t.Errorf("a small buffer: %d, needs %d", errno, g.out(0))
	}
	g.must("fd_fdstat_get", fd, bufAt)
	if got := g.mem[bufAt : bufAt+4]; !bytes.Equal(got, []byte{6, 0, 4, 0}) {
		t.Errorf("fdstat % x", got)
	}
	g.must("fd_fdstat_set_flags", fd, 4)
	g.must("set-option", fd, 7, int64(1))

	copy(g.mem[bufAt:], "hello, world")
	g.vector(5, 0, 7)
	g.must("fd_write", fd, vectorAt, 3, outAt)
	if n := g.out(0); n != 12 {
		t.Fatalf("wrote %d", n)
	}
	const shutWrite = 2
	g.must("sock_shutdown", fd, shutWrite)
	var got []byte
	for {
		g.vector(3, 2)
		g.receive(fd, "fd_read", vectorAt, 2, outAt)
		n := g.out(0)
		if n == 0 {
			break
		}
		got = append(got, g.mem[bufAt:bufAt+n]...)
	}
	if string(got) != "hello, world" {
		t.Errorf("read %q", got)
	}
	g.must("fd_close", fd)
	const ebadf = 8
	if errno := g.call("fd_close", fd); errno != ebadf {
		t.Errorf("a second close: %d", errno)
	}
	if n := g.net.Open(); n != 0 {
		t.Errorf("%d descriptors are left", n)
	}
}

// A guest that listens accepts what dials it.
func TestAccept(t *testing.T) {
	g := newGuest(t, everything{})
	g.must("listen", "tcp", "127.0.0.1:0", outAt)
	lis := g.out(0)
	g.must("status", lis, bufAt, 100, outAt)
	addr, _, _ := strings.Cut(string(g.mem[bufAt:bufAt+g.out(0)]), "\x00")
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	g.receive(lis, "sock_accept", 4, outAt)
	g.must("status", g.out(0), bufAt, 100, outAt)
	if got := string(g.mem[bufAt : bufAt+g.out(0)]); got != addr+"\x00"+conn.LocalAddr().String() {
		t.Errorf("addresses %q", got)
	}
}

// Datagrams carry addresses, and say when they were cut.
func TestDatagram(t *testing.T) {
	peer, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	g := newGuest(t, everything{})
	g.must("listen", "udp", "127.0.0.1:0", outAt)
	fd := g.out(0)
	copy(g.mem[bufAt:], "ping")
	g.must("send-to", fd, bufAt, 4, peer.LocalAddr().String(), outAt)
	buf := make([]byte, 100)
	n, from, err := peer.ReadFrom(buf)
	if err != nil || string(buf[:n]) != "ping" {
		t.Fatalf("got %q, %v", buf[:n], err)
	}
	for _, tt := range []struct{ size, n, addr, cut int }{{100, 4, len(peer.LocalAddr().String()), 0}, {3, 3, 0, 1}} {
		if _, err := peer.WriteTo([]byte("pong"), from); err != nil {
			t.Fatal(err)
		}
		// The second time there is no room for the address.
		g.receive(fd, "recv-from", bufAt, tt.size, vectorAt, tt.addr, outAt)
		if got := fmt.Sprint(g.out(0), g.out(1), g.out(2)); got != fmt.Sprint(tt.n, tt.addr, tt.cut) {
			t.Errorf("got %s", got)
		}
	}
	g.must("fd_fdstat_get", fd, bufAt)
	if g.mem[bufAt] != 5 {
		t.Errorf("file type %d", g.mem[bufAt])
	}
}

// Whatever a guest passes: an errno, and nothing is touched.
func TestHostile(t *testing.T) {
	const (
		size          = 1 << 16
		ebadf, efault = 8, 21
		einval, nosys = 28, 58
	)
	g := newGuest(t, everything{})
	if errno := g.call("fd_read", 1<<20, 0, 0, 0); errno != ebadf {
		t.Errorf("a guest that never had a socket reads: %d", errno)
	}
	g.must("listen", "udp", "127.0.0.1:0", outAt)
	fd := g.out(0)
	for _, tt := range []struct {
		name  string
		args  []any
		errno int
	}{
		{"dial", []any{"tcp", "", size, 1, outAt}, efault},
		{"dial", []any{"tcp", "", "127.0.0.1:1", size - 3}, efault},
		{"dial", []any{0xffffffff, 0xffffffff, "", "", outAt}, efault},
		{"dial", []any{"tcp", "", "\xff\xfe", outAt}, efault},
		{"dial", []any{"tcp", "", strings.Repeat("x", 1025), outAt}, efault},
		{"listen", []any{"tcp", 1, 0xffffffff, outAt}, efault},
		{"status", []any{fd, bufAt, 100, size - 1}, efault},
		{"status", []any{fd, size - 5, 6, outAt}, efault},
		{"status", []any{7, bufAt, 100, outAt}, ebadf},
		{"recv-from", []any{fd, size, 1, bufAt, 10, outAt}, efault},
		{"recv-from", []any{fd, bufAt, 10, size, 1, outAt}, efault},
		{"recv-from", []any{fd, bufAt, 10, bufAt, 10, size - 11}, efault},
		{"send-to", []any{fd, 0xffffffff, 1, "127.0.0.1:9", outAt}, efault},
		{"lookup", []any{1, "ip", 1, size, outAt}, efault},
		{"interfaces", []any{1, size, outAt}, efault},
		{"message", []any{0xffffffff, 1, size, outAt}, efault},
		{"fd_read", []any{fd, vectorAt, 1025, outAt}, einval},
		{"fd_read", []any{fd, size - 7, 1, outAt}, efault},
		{"fd_write", []any{fd, vectorAt, 1, size - 3}, efault},
		{"fd_write", []any{fd, size, 0, 0xffffffff}, efault},
		{"fd_read", []any{0x7ffeffff, vectorAt, 1, outAt}, ebadf},
		{"fd_fdstat_get", []any{fd, size - 23}, efault},
		{"fd_fdstat_set_flags", []any{fd, 0}, nosys},
		{"fd_fdstat_set_flags", []any{0x7fffffff, 4}, ebadf},
		{"sock_accept", []any{fd, 4, size}, efault},
		{"sock_shutdown", []any{fd, 0}, einval},
		{"sock_shutdown", []any{fd, 4}, einval},
	} {
		t.Run(fmt.Sprint(tt.name, tt.args), func(t *testing.T) {
			binary.LittleEndian.PutUint32(g.mem[vectorAt:], size-1)
			binary.LittleEndian.PutUint32(g.mem[vectorAt+4:], 1)
			if errno := g.call(tt.name, tt.args...); errno != tt.errno {
				t.Errorf("got %d, want %d", errno, tt.errno)
			}
		})
	}
	// A buffer that is not in the memory, among others that are.
	g.vector(1, 1)
	binary.LittleEndian.PutUint32(g.mem[vectorAt+12:], size)
	if errno := g.call("fd_write", fd, vectorAt, 2, outAt); errno != efault {
		t.Errorf("got %d", errno)
	}
}

// Descriptors that are not of sockets are the engine's.
func TestSockets_default(t *testing.T) {
	g := newGuest(t, everything{})
	for _, imp := range wasi.Sockets() {
		stack := make([]uint64, len(imp.Params)+1)
		stack[0] = 0xffffffff<<32 | 3
		if err := imp.Func(g, stack); err != engine.ErrDefault {
			t.Errorf("%s: %v", imp.Name, err)
		}
		if len(imp.Results) != 1 || imp.Results[0] != abi.I32 {
			t.Errorf("%s has results %v", imp.Name, imp.Results)
		}
	}
}

// Whatever a guest subscribes to, and wherever: it gets an answer or an error.
func FuzzPoll(f *testing.F) {
	f.Add([]byte{1, 2, 3}, uint32(0), uint32(64), uint32(1), uint32(128), 0)
	f.Add(bytes.Repeat([]byte{0xff}, 100), uint32(0), uint32(10), uint32(2), uint32(0xffffffff), 1)
	f.Fuzz(func(t *testing.T, mem []byte, in, out, n, count uint32, place int) {
		p, errno, err := wasi.NewPoll(mem, in, out, n, count)
		if errno != 0 || err != nil {
			return
		}
		if p.Len() != int(n) {
			t.Fatalf("%d of %d", p.Len(), n)
		}
		for i := range p.Len() {
			if s := p.At(i); s.Timeout < 0 {
				t.Fatalf("got %+v", s)
			}
		}
		for range p.Len() + 1 { // one more than there is room for
			p.Answer(int(uint32(place)%n), 1)
		}
		p.Done()
		if p.Answered() != p.Len() {
			t.Fatalf("answered %d", p.Answered())
		}
	})
}
