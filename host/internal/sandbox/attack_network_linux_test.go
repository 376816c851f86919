package sandbox

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/cofaas/cofaas/internal/freeport"
)

// rawAddress is an address as the kernel has it.
type rawAddress struct {
	p    [28]byte
	size uintptr
}

func rawOf(ap netip.AddrPort, mapped bool) *rawAddress {
	r := &rawAddress{}
	if ap.Addr().Is4() && !mapped {
		binary.NativeEndian.PutUint16(r.p[:], unix.AF_INET)
		ip := ap.Addr().As4()
		copy(r.p[4:], ip[:])
		r.size = unix.SizeofSockaddrInet4
	} else {
		binary.NativeEndian.PutUint16(r.p[:], unix.AF_INET6)
		ip := ap.Addr().As16()
		copy(r.p[8:], ip[:])
		r.size = unix.SizeofSockaddrInet6
	}
	binary.BigEndian.PutUint16(r.p[2:], ap.Port())
	return r
}

func (r *rawAddress) pointer() uintptr { return uintptr(unsafe.Pointer(&r.p[0])) }

// ways are ways to reach an address, each with what the isolate is told, which is what the policy's refusals are.
var ways = []struct {
	name string
	do   func(to netip.AddrPort) string
	want string
}{
	{"connect", func(to netip.AddrPort) string {
		a := rawOf(to, false)
		return try(unix.SYS_CONNECT, newSocket(unix.AF_INET, unix.SOCK_STREAM), a.pointer(), a.size)
	}, "EACCES"},
	{"connect without waiting", func(to netip.AddrPort) string {
		a := rawOf(to, false)
		return try(unix.SYS_CONNECT, newSocket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK), a.pointer(), a.size)
	}, "EACCES"},
	{"connect by IPv6", func(to netip.AddrPort) string {
		a := rawOf(to, true)
		return try(unix.SYS_CONNECT, newSocket(unix.AF_INET6, unix.SOCK_STREAM), a.pointer(), a.size)
	}, "EACCES"},
	{"connect with a long address", func(to netip.AddrPort) string {
		var long [128]byte
		copy(long[:], rawOf(to, false).p[:])
		return try(unix.SYS_CONNECT, newSocket(unix.AF_INET, unix.SOCK_STREAM), uintptr(unsafe.Pointer(&long[0])), 128)
	}, "EACCES"},
	{"connect to the unspecified address", func(to netip.AddrPort) string {
		a := rawOf(netip.AddrPortFrom(netip.IPv4Unspecified(), to.Port()), false)
		return try(unix.SYS_CONNECT, newSocket(unix.AF_INET, unix.SOCK_STREAM), a.pointer(), a.size)
	}, "EACCES"},
	{"connect a datagram socket", func(to netip.AddrPort) string {
		a := rawOf(to, false)
		return try(unix.SYS_CONNECT, newSocket(unix.AF_INET, unix.SOCK_DGRAM), a.pointer(), a.size)
	}, "EACCES"},
	{"connect nowhere", func(netip.AddrPort) string {
		return try(unix.SYS_CONNECT, newSocket(unix.AF_INET, unix.SOCK_STREAM), 1, 16)
	}, "EFAULT"},
	{"connect no socket", func(to netip.AddrPort) string { return try(unix.SYS_CONNECT, 1, rawOf(to, false).pointer(), 16) }, "ENOTSOCK"},
	{"connect nothing", func(to netip.AddrPort) string { return try(unix.SYS_CONNECT, 900, rawOf(to, false).pointer(), 16) }, "EBADF"},
	{"send to", func(to netip.AddrPort) string {
		a, b := rawOf(to, false), []byte("x")
		return try(unix.SYS_SENDTO, newSocket(unix.AF_INET, unix.SOCK_DGRAM), uintptr(unsafe.Pointer(&b[0])), 1, 0, a.pointer(), a.size)
	}, "EACCES"},
	{"fast open", func(to netip.AddrPort) string {
		a, b := rawOf(to, false), []byte("x")
		return try(unix.SYS_SENDTO, newSocket(unix.AF_INET, unix.SOCK_STREAM), uintptr(unsafe.Pointer(&b[0])), 1, unix.MSG_FASTOPEN, a.pointer(), a.size)
	}, "ENOTSUP"},
	{"fast open by an option", func(netip.AddrPort) string {
		return refusal(unix.SetsockoptInt(int(newSocket(unix.AF_INET, unix.SOCK_STREAM)), unix.IPPROTO_TCP, unix.TCP_FASTOPEN_CONNECT, 1))
	}, "ENOPROTOOPT"},
	{"send a message", func(to netip.AddrPort) string {
		return sendRaw(unix.SYS_SENDMSG, rawOf(to, false), newSocket(unix.AF_INET, unix.SOCK_DGRAM), nil)
	}, "EACCES"},
	{"send messages", func(to netip.AddrPort) string {
		return sendRaw(unix.SYS_SENDMMSG, rawOf(to, false), newSocket(unix.AF_INET, unix.SOCK_DGRAM), nil)
	}, "EACCES"},
	{"pass a descriptor", func(netip.AddrPort) string {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		if err != nil {
			return refusal(err)
		}
		return refusal(unix.Sendmsg(pair[0], []byte("x"), unix.UnixRights(1), nil, 0))
	}, "EPERM"},
	{"control messages that end within a word", func(to netip.AddrPort) string {
		control := make([]byte, 17)
		control[0], control[8], control[12] = 17, unix.IPPROTO_IP, unix.IP_TOS
		return sendRaw(unix.SYS_SENDMSG, rawOf(to, false), newSocket(unix.AF_INET, unix.SOCK_DGRAM), control)
	}, "EACCES"},
	{"control messages that are too long", func(to netip.AddrPort) string {
		control := make([]byte, 20)
		control[0], control[8], control[12] = 200, unix.IPPROTO_IP, unix.IP_TOS
		return sendRaw(unix.SYS_SENDMSG, rawOf(to, false), newSocket(unix.AF_INET, unix.SOCK_DGRAM), control)
	}, "EINVAL"},
	{"send by a pair", func(netip.AddrPort) string {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		if err == nil {
			err = unix.Sendmsg(pair[0], []byte("message"), nil, nil, 0)
		}
		b := make([]byte, 10)
		n := 0
		if err == nil {
			n, err = unix.Read(pair[1], b)
		}
		return fmt.Sprint(string(b[:n]), err)
	}, "message<nil>"},
	{"listen where nothing is bound", func(netip.AddrPort) string {
		fd := newSocket(unix.AF_INET, unix.SOCK_STREAM)
		what := try(unix.SYS_LISTEN, fd, 1)
		sa, _ := unix.Getsockname(int(fd))
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", sa.(*unix.SockaddrInet4).Port))
		if err == nil {
			c.Close()
		}
		return fmt.Sprint(what, err)
	}, "done<nil>"},
	{"listen by a socket that could not connect", func(netip.AddrPort) string {
		fd := newSocket(unix.AF_INET, unix.SOCK_STREAM)
		a := rawOf(closedPort, false)
		first := try(unix.SYS_CONNECT, fd, a.pointer(), a.size)
		return first + try(unix.SYS_LISTEN, fd, 1)
	}, "ECONNREFUSEDdone"},
	{"listen by a socket that was connected", func(netip.AddrPort) string {
		fd := newSocket(unix.AF_INET, unix.SOCK_STREAM)
		a := rawOf(openPort, false)
		first := try(unix.SYS_CONNECT, fd, a.pointer(), a.size)
		var none [16]byte
		second := try(unix.SYS_CONNECT, fd, uintptr(unsafe.Pointer(&none[0])), 16)
		return first + second + try(unix.SYS_LISTEN, fd, 1)
	}, "donedoneEACCES"},
	{"bind a socket that was connected", func(netip.AddrPort) string {
		fd := newSocket(unix.AF_INET, unix.SOCK_STREAM)
		a := rawOf(openPort, false)
		first := try(unix.SYS_CONNECT, fd, a.pointer(), a.size)
		var none [16]byte
		second := try(unix.SYS_CONNECT, fd, uintptr(unsafe.Pointer(&none[0])), 16)
		free := rawOf(netip.AddrPortFrom(closedPort.Addr(), 0), false)
		return first + second + try(unix.SYS_BIND, fd, free.pointer(), free.size)
	}, "donedoneEINVAL"},
	{"connect twice", func(netip.AddrPort) string {
		fd := newSocket(unix.AF_INET, unix.SOCK_STREAM)
		a := rawOf(openPort, false)
		return try(unix.SYS_CONNECT, fd, a.pointer(), a.size) + try(unix.SYS_CONNECT, fd, a.pointer(), a.size)
	}, "doneEISCONN"},
}

// What isolates may connect to: a port at which nobody listens, and one at which somebody does.
var closedPort, openPort netip.AddrPort

func newSocket(family, kind int) uintptr {
	fd, err := unix.Socket(family, kind, 0)
	if err != nil {
		panic(err)
	}
	return uintptr(fd)
}

func sendRaw(number uintptr, to *rawAddress, fd uintptr, control []byte) string {
	b := []byte("x")
	iov := unix.Iovec{Base: &b[0], Len: 1}
	type multiple struct {
		unix.Msghdr
		n uint32
	}
	m := &multiple{Msghdr: unix.Msghdr{Name: &to.p[0], Namelen: uint32(to.size), Iov: &iov, Iovlen: 1}}
	if len(control) > 0 {
		m.Control, m.Controllen = &control[0], uint64(len(control))
	}
	args := []uintptr{fd, uintptr(unsafe.Pointer(m)), 0}
	if number == unix.SYS_SENDMMSG {
		args = []uintptr{fd, uintptr(unsafe.Pointer(m)), 1, 0}
	}
	what := try(number, args...)
	runtime.KeepAlive(control)
	return what
}

func init() {
	attacks["ways"] = func(args []string) {
		closedPort, openPort = netip.MustParseAddrPort(args[1]), netip.MustParseAddrPort(args[2])
		for _, w := range ways {
			fmt.Println(w.do(netip.MustParseAddrPort(args[0])))
		}
	}
	// Connects to an address that becomes another one meanwhile.
	attacks["change"] = func(args []string) {
		good, bad := rawOf(netip.MustParseAddrPort(args[0]), false), rawOf(netip.MustParseAddrPort(args[1]), false)
		shared := *good
		var stop atomic.Bool
		go func() {
			for !stop.Load() {
				copy(shared.p[2:4], bad.p[2:4])
				copy(shared.p[2:4], good.p[2:4])
			}
		}()
		count := map[string]int{}
		for range 3000 {
			fd := newSocket(unix.AF_INET, unix.SOCK_STREAM)
			what := try(unix.SYS_CONNECT, fd, shared.pointer(), shared.size)
			if count[what]++; what == "done" {
				unix.SetsockoptLinger(int(fd), unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
			}
			unix.Close(int(fd))
		}
		stop.Store(true)
		fmt.Println(count["done"] > 0, count["EACCES"] > 0, len(count))
	}
	// Asks the host without end, by many threads.
	attacks["flood"] = func(args []string) {
		a := rawOf(netip.MustParseAddrPort(args[0]), false)
		for range 8 {
			go func() {
				runtime.LockOSThread()
				for {
					fd := newSocket(unix.AF_INET, unix.SOCK_STREAM)
					try(unix.SYS_CONNECT, fd, a.pointer(), a.size)
					unix.Close(int(fd))
				}
			}()
		}
		fmt.Println("ready")
		select {}
	}
	attacks["block"] = func(args []string) {
		a := rawOf(netip.MustParseAddrPort(args[0]), false)
		fmt.Println("ready")
		fmt.Println(try(unix.SYS_CONNECT, newSocket(unix.AF_INET, unix.SOCK_STREAM), a.pointer(), a.size))
	}
}

// counting is a server that must not be reached.
func counting(t *testing.T) (address string, reached *atomic.Int32) {
	t.Helper()
	reached = &atomic.Int32{}
	var l net.Listener
	var packets net.PacketConn
	for tries := 0; packets == nil; tries++ {
		var err error
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		// Its port is free for TCP; for UDP it may be somebody else's.
		if packets, err = net.ListenPacket("udp", l.Addr().String()); err != nil {
			l.Close()
			if tries == 100 {
				t.Fatal(err)
			}
		}
	}
	t.Cleanup(func() { l.Close(); packets.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			reached.Add(1)
			conn.Close()
		}
	}()
	go func() {
		for {
			if _, _, err := packets.ReadFrom(make([]byte, 10)); err != nil {
				return
			}
			reached.Add(1)
		}
	}()
	return l.Addr().String(), reached
}

func TestAttack_ways(t *testing.T) {
	forbidden, reached := counting(t)
	open, closed := echo(t, "tcp", "127.0.0.1:0"), freeport.Address(t)
	n, _ := networked(t, open+","+closed, "", nil)
	p := start(t, Config{Network: n}, "ways", forbidden, closed, open)
	for _, w := range ways {
		if got, want := p.line(t), expected(w.name, w.want); got != want {
			t.Errorf("%s: got %s, want %s", w.name, got, want)
		}
	}
	if got := reached.Load(); got != 0 {
		t.Errorf("the server was reached %d times", got)
	}
}

func TestAttack_change(t *testing.T) {
	forbidden, reached := counting(t)
	allowed, _ := counting(t)
	n, _ := networked(t, allowed, "", nil)
	p := start(t, Config{Network: n}, "change", allowed, forbidden)
	if got := p.line(t); got != "true true 2" {
		t.Errorf("got %s", got)
	}
	if got := reached.Load(); got != 0 {
		t.Errorf("the server was reached %d times", got)
	}
}

func TestAttack_flood(t *testing.T) {
	other := newBystander(t)
	server := echo(t, "tcp", "127.0.0.1:0")
	n, _ := networked(t, server, "", nil)
	p := start(t, Config{Network: n}, "flood", freeport.Address(t))
	p.line(t)
	other.check(t)
	// Others of the same function are answered, too.
	for range 3 {
		if got := start(t, Config{Network: n}, "dial", "tcp", server).line(t); got != "ping <nil>" {
			t.Errorf("got %q", got)
		}
	}
	p.Kill()
	p.wait(t)
	other.check(t)
}

// A process that waits for a connection can be ended.
func TestAttack_block(t *testing.T) {
	fd := int(newSocket(unix.AF_INET, unix.SOCK_STREAM))
	defer unix.Close(fd)
	err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	if err == nil {
		err = unix.Listen(fd, 0)
	}
	sa, err2 := unix.Getsockname(fd)
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	full := fmt.Sprintf("127.0.0.1:%d", sa.(*unix.SockaddrInet4).Port)
	for range 2 { // more than the queue takes
		waiting, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(waiting)
		if err := unix.Connect(waiting, sa); err != nil && err != unix.EINPROGRESS {
			t.Fatal(err)
		}
	}
	n, _ := networked(t, full, "", nil)
	p := start(t, Config{Network: n}, "block", full)
	p.line(t)
	p.Kill()
	if got := p.wait(t); got.Signal != "killed" {
		t.Errorf("got %v", got)
	}
	if rest, err := io.ReadAll(p.out); err != nil || strings.TrimSpace(string(rest)) != "" {
		t.Errorf("got %q, %v", rest, err)
	}
}
