// Command probe does what programs do with package net, and prints what they get to see: the same in a guest as natively, but for what
// is private to a guest.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"time"
)

var sections = map[string]func(){
	"tcp": tcp, "udp": udp, "unix": unix, "errors": failures, "options": options, "interfaces": interfaces, "files": files,
	"http": web, "tls": encrypted, "names": names, "private": private, "refused": refused,
}

func main() {
	// With this, the native program asks the server that the guest's host asks.
	if server := os.Getenv("PROBE_DNS"); server != "" {
		net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, server)
		}}
	}
	for _, name := range os.Args[1:] {
		fmt.Println("==", name)
		sections[name]()
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// describe tells errors apart as programs do. Texts of system errors differ in case only.
func describe(err error) string {
	if err == nil {
		return "nil"
	}
	var b strings.Builder
	for e := err; e != nil; e = errors.Unwrap(e) {
		fmt.Fprintf(&b, "%T ", e)
	}
	var op *net.OpError
	if errors.As(err, &op) {
		fmt.Fprintf(&b, "op=%s net=%s ", op.Op, op.Net)
	}
	var sys *os.SyscallError
	if errors.As(err, &sys) {
		fmt.Fprintf(&b, "call=%s ", strings.TrimPrefix(sys.Syscall, "fd_")) // Reading is a system call of another name.
	}
	var n net.Error
	if errors.As(err, &n) {
		fmt.Fprintf(&b, "timeout=%t ", n.Timeout())
	}
	for _, target := range []struct {
		name string
		err  error
	}{
		{"refused", syscall.ECONNREFUSED}, {"reset", syscall.ECONNRESET}, {"inuse", syscall.EADDRINUSE}, {"notavail", syscall.EADDRNOTAVAIL},
		{"access", syscall.EACCES}, {"noent", syscall.ENOENT}, {"closed", net.ErrClosed}, {"deadline", os.ErrDeadlineExceeded},
		{"canceled", context.Canceled}, {"ctxdeadline", context.DeadlineExceeded}, {"pipe", syscall.EPIPE}, {"msgsize", syscall.EMSGSIZE},
	} {
		if errors.Is(err, target.err) {
			fmt.Fprintf(&b, "is=%s ", target.name)
		}
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		fmt.Fprintf(&b, "err=%q name=%q notfound=%t temporary=%t ", dns.Err, dns.Name, dns.IsNotFound, dns.IsTemporary)
	}
	return strings.TrimSpace(b.String())
}

// pair returns both ends of a connection.
func pair(network, address string) (client, server net.Conn) {
	l := must(net.Listen(network, address))
	defer l.Close()
	type accepted struct {
		c   net.Conn
		err error
	}
	done := make(chan accepted, 1)
	go func() {
		c, err := l.Accept()
		done <- accepted{c, err}
	}()
	client = must(net.Dial(network, l.Addr().String()))
	a := <-done
	return client, must(a.c, a.err)
}

func tcp() {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0", ":0"} {
		l := must(net.Listen("tcp", address))
		at := l.Addr().(*net.TCPAddr)
		fmt.Println("listen", address, at.IP, at.Port != 0)
		l.Close()
	}
	client, server := pair("tcp", "127.0.0.1:0")
	fmt.Println(client.LocalAddr().String() == server.RemoteAddr().String(), client.RemoteAddr().String() == server.LocalAddr().String())
	// Half-close: the server answers after the end of what it reads.
	go func() {
		text := must(io.ReadAll(server))
		fmt.Fprintf(server, "%d bytes", len(text))
		server.Close()
	}()
	large := make([]byte, 3<<20)
	fmt.Println(client.Write(large))
	fmt.Println(describe(client.(*net.TCPConn).CloseWrite()))
	fmt.Printf("%s\n", must(io.ReadAll(client)))
	_, err := client.Write([]byte("x"))
	fmt.Println("write after CloseWrite", describe(err))
	client.Close()
	_, err = client.Read(make([]byte, 1))
	fmt.Println("read after Close", describe(err))

	client, server = pair("tcp", "[::1]:0")
	client.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	_, err = client.Read(make([]byte, 1))
	fmt.Println("read at deadline", describe(err))
	client.SetReadDeadline(time.Time{})
	go func() {
		time.Sleep(10 * time.Millisecond)
		client.Close()
	}()
	_, err = client.Read(make([]byte, 1))
	fmt.Println("closed while reading", describe(err))
	server.SetReadDeadline(time.Now().Add(10 * time.Second))
	_, err = server.Read(make([]byte, 1))
	fmt.Println("other end closed", err == io.EOF)

	client, server = pair("tcp", "127.0.0.1:0")
	server.(*net.TCPConn).SetLinger(0)
	server.Close()
	_, err = client.Read(make([]byte, 1))
	fmt.Println("reset", describe(err))
	buffers := net.Buffers{[]byte("a"), []byte("bc")}
	client, server = pair("tcp", "127.0.0.1:0")
	fmt.Println(buffers.WriteTo(client))
	client.Close()
	fmt.Printf("%s\n", must(io.ReadAll(server)))

	l := must(net.Listen("tcp", "127.0.0.1:0"))
	_, err = net.Listen("tcp", l.Addr().String())
	fmt.Println("listen twice", describe(err))
	l.(*net.TCPListener).SetDeadline(time.Now().Add(10 * time.Millisecond))
	_, err = l.Accept()
	fmt.Println("accept at deadline", describe(err))
	l.Close()
	_, err = l.Accept()
	fmt.Println("accept after Close", describe(err))
}

func udp() {
	for _, network := range []string{"udp4", "udp6", "udp"} {
		address := map[string]string{"udp4": "127.0.0.1:0", "udp6": "[::1]:0", "udp": "127.0.0.1:0"}[network]
		a, b := must(net.ListenPacket(network, address)).(*net.UDPConn), must(net.ListenPacket(network, address)).(*net.UDPConn)
		to := b.LocalAddr().(*net.UDPAddr)
		from := a.LocalAddr().String()
		buf := make([]byte, 16)
		fmt.Println(a.WriteTo([]byte("one"), to))
		n, addr, err := b.ReadFrom(buf)
		fmt.Println(n, addr.String() == from, err)
		fmt.Println(a.WriteToUDP([]byte("two"), to))
		n, ua, err := b.ReadFromUDP(buf)
		fmt.Println(n, ua.String() == from, err)
		fmt.Println(a.WriteToUDPAddrPort([]byte("three"), to.AddrPort()))
		n, ap, err := b.ReadFromUDPAddrPort(buf)
		fmt.Println(n, ap.String() == from, err)
		n, oobn, err := a.WriteMsgUDP([]byte("four"), nil, to)
		fmt.Println(n, oobn, err)
		n, oobn, _, ua, err = b.ReadMsgUDP(buf, nil)
		fmt.Println(n, oobn, ua.String() == from, err)
		n, oobn, err = a.WriteMsgUDPAddrPort(nil, nil, to.AddrPort())
		fmt.Println(n, oobn, err)
		n, oobn, _, ap, err = b.ReadMsgUDPAddrPort(buf, nil)
		fmt.Println("empty", n, oobn, ap.String() == from, err)
		a.WriteTo([]byte("more than there is room"), to)
		n, _, flags, _, err := b.ReadMsgUDPAddrPort(buf[:4], nil)
		fmt.Println("truncated", n, flags != 0, err)
		b.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		_, _, err = b.ReadFrom(buf)
		fmt.Println("deadline", describe(err))
		c := must(net.DialUDP(network, nil, to))
		fmt.Println(c.Write([]byte("five")))
		b.SetReadDeadline(time.Time{})
		n, ap, err = b.ReadFromUDPAddrPort(buf)
		fmt.Println(n, ap.String() == c.LocalAddr().String(), err)
		b.WriteToUDPAddrPort([]byte("six"), ap)
		fmt.Println(c.Read(buf))
		b.WriteToUDPAddrPort([]byte("seven"), ap)
		n, addr, err = c.ReadFrom(buf)
		fmt.Println(n, addr.String() == to.String(), err)
		_, err = c.WriteTo([]byte("x"), to)
		fmt.Println("connected", describe(err))
		_, err = a.WriteTo(make([]byte, 70000), to)
		fmt.Println("too long", describe(err))
		_, err = a.Write([]byte("x"))
		fmt.Println("nowhere", err != nil)
		b.Close()
		c.Write([]byte("x"))
		c.SetReadDeadline(time.Now().Add(10 * time.Second))
		_, err = c.Read(buf)
		fmt.Println("nobody there", describe(err))
		_, err = b.WriteTo([]byte("x"), to)
		fmt.Println("closed", describe(err))
	}
}

func unix() {
	dir := must(os.MkdirTemp("", "probe"))
	defer os.RemoveAll(dir)
	at := func(name string) string { return filepath.Join(dir, name) }
	client, server := pair("unix", at("stream"))
	fmt.Fprint(client, "hello")
	client.(*net.UnixConn).CloseWrite()
	fmt.Printf("%s\n", must(io.ReadAll(server)))
	fmt.Println(server.LocalAddr().String() == at("stream"), client.RemoteAddr().String() == at("stream"))
	a := must(net.ListenUnixgram("unixgram", &net.UnixAddr{Name: at("a"), Net: "unixgram"}))
	b := must(net.ListenUnixgram("unixgram", &net.UnixAddr{Name: at("b"), Net: "unixgram"}))
	buf := make([]byte, 16)
	fmt.Println(a.WriteTo([]byte("one"), b.LocalAddr()))
	n, addr, err := b.ReadFrom(buf)
	fmt.Println(n, addr.String() == at("a"), err)
	n, oobn, err := a.WriteMsgUnix([]byte("two"), nil, b.LocalAddr().(*net.UnixAddr))
	fmt.Println(n, oobn, err)
	n, _, _, ua, err := b.ReadMsgUnix(buf, nil)
	fmt.Println(n, ua.String() == at("a"), err)
	c := must(net.DialUnix("unixgram", &net.UnixAddr{Name: at("c"), Net: "unixgram"}, b.LocalAddr().(*net.UnixAddr)))
	fmt.Println(c.Write([]byte("three")))
	n, addr, err = b.ReadFrom(buf)
	fmt.Println(n, addr.String() == at("c"), err)
	fmt.Println(b.WriteTo([]byte("four"), addr))
	fmt.Println(c.Read(buf))
	_, err = net.Dial("unix", at("none"))
	fmt.Println("none", describe(err))
}

// listenLow listens at a port that the system gives to nobody who asks for any, so that nobody has it once it is closed.
func listenLow() net.Listener {
	for {
		l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", 10000+rand.IntN(5000)))
		if err == nil {
			return l
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			panic(err)
		}
	}
}

func failures() {
	l := listenLow()
	free := l.Addr().String()
	l.Close()
	_, err := net.Dial("tcp", free)
	fmt.Println("refused", describe(err))
	fmt.Println(strings.ToLower(strings.Replace(err.Error(), free, "FREE", 1)))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = new(net.Dialer).DialContext(ctx, "tcp", free)
	fmt.Println("canceled before", describe(err))
	_, err = net.DialTimeout("tcp", free, -1)
	fmt.Println("timeout before", describe(err))
	_, err = net.Listen("tcp", "203.0.113.7:0")
	fmt.Println("address", describe(err))
	_, err = net.Dial("tcp4", "[::1]:80")
	fmt.Println("family", describe(err))
	_, err = net.Dial("ipx", "1")
	fmt.Println("network", describe(err))
	// Functions for control see the address, and may say no.
	d := net.Dialer{Control: func(network, address string, _ syscall.RawConn) error {
		fmt.Println("control", network, address == free)
		return errors.New("no")
	}}
	_, err = d.Dial("tcp", free)
	fmt.Println("control", describe(err), errors.Unwrap(err))
	lc := net.ListenConfig{Control: func(network, address string, _ syscall.RawConn) error {
		fmt.Println("control", network, address)
		return nil
	}}
	must(lc.Listen(context.Background(), "tcp", "127.0.0.1:0")).Close()
	must(lc.ListenPacket(context.Background(), "udp", "127.0.0.1:0")).Close()
}

func options() {
	client, server := pair("tcp", "127.0.0.1:0")
	c := client.(*net.TCPConn)
	fmt.Println(c.SetNoDelay(false), c.SetNoDelay(true), c.SetKeepAlive(true), c.SetKeepAlivePeriod(30*time.Second), c.SetLinger(5), c.SetLinger(-1))
	fmt.Println(c.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: time.Minute, Interval: 10 * time.Second, Count: 3}))
	fmt.Println(c.SetReadBuffer(1<<16), c.SetWriteBuffer(1<<16))
	server.Close()
	c.Close()
	fmt.Println(describe(c.SetNoDelay(true)))
	u := must(net.ListenPacket("udp", "127.0.0.1:0")).(*net.UDPConn)
	fmt.Println(u.SetReadBuffer(1<<16), u.SetWriteBuffer(1<<16))
}

func interfaces() {
	for _, i := range must(net.Interfaces()) {
		fmt.Println(i.Index, i.MTU, i.Name, i.HardwareAddr, i.Flags, must(i.Addrs()))
		fmt.Println(must(net.InterfaceByIndex(i.Index)).Name, must(net.InterfaceByName(i.Name)).Index)
	}
	// The kernel lists those of all interfaces in another order.
	all := must(net.InterfaceAddrs())
	slices.SortFunc(all, func(a, b net.Addr) int { return strings.Compare(a.String(), b.String()) })
	fmt.Println(all)
	_, err := net.InterfaceByName("none")
	fmt.Println(describe(err))
}

func files() {
	client, server := pair("tcp", "127.0.0.1:0")
	f := must(client.(*net.TCPConn).File())
	again := must(net.FileConn(f))
	fmt.Println(reflect.TypeOf(again), again.LocalAddr().String() == client.LocalAddr().String(), again.RemoteAddr().String() == client.RemoteAddr().String())
	fmt.Println(f.Close(), client.Close())
	fmt.Fprint(again, "still open")
	fmt.Println(again.Close())
	fmt.Printf("%s\n", must(io.ReadAll(server)))
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	lf := must(l.(*net.TCPListener).File())
	l.Close()
	l2 := must(net.FileListener(lf))
	lf.Close()
	done := make(chan string)
	go func() { done <- must(l2.Accept()).LocalAddr().String() }()
	must(net.Dial("tcp", l2.Addr().String()))
	fmt.Println(<-done == l2.Addr().String())
	u := must(net.ListenPacket("udp", "127.0.0.1:0"))
	uf := must(u.(*net.UDPConn).File())
	u2 := must(net.FilePacketConn(uf))
	fmt.Println(reflect.TypeOf(u2), u2.LocalAddr().String() == u.LocalAddr().String())
	raw := must(server.(*net.TCPConn).SyscallConn())
	fmt.Println(raw.Control(func(fd uintptr) { fmt.Println(fd > 2) }))
	_, err := client.(*net.TCPConn).File()
	fmt.Println("closed", describe(err))
	_, err = net.FileConn(must(os.Open(os.Args[0])))
	fmt.Println("no socket", err != nil)
}

func names() {
	fmt.Println(net.LookupHost("two.test"))
	fmt.Println(net.LookupHost("192.0.2.1"))
	fmt.Println(net.LookupIP("two.test"))
	for _, network := range []string{"ip", "ip4", "ip6"} {
		fmt.Println(net.DefaultResolver.LookupIP(context.Background(), network, "two.test"))
		fmt.Println(net.DefaultResolver.LookupNetIP(context.Background(), network, "two.test"))
	}
	fmt.Println(net.LookupCNAME("alias.test"))
	cname, srvs, err := net.LookupSRV("http", "tcp", "two.test")
	fmt.Println(cname, err)
	for _, s := range srvs {
		fmt.Println(*s)
	}
	mxs, err := net.LookupMX("two.test")
	for _, mx := range mxs {
		fmt.Println(*mx)
	}
	fmt.Println(err)
	nss, err := net.LookupNS("two.test")
	for _, ns := range nss {
		fmt.Println(*ns)
	}
	fmt.Println(err)
	fmt.Println(net.LookupTXT("two.test"))
	fmt.Println(net.LookupAddr("192.0.2.1"))
	fmt.Println(net.LookupPort("tcp", "https"))
	fmt.Println(net.ResolveTCPAddr("tcp", "two.test:80"))
	for _, lookup := range []func(string) error{
		func(name string) error { _, err := net.LookupHost(name); return err },
		func(name string) error { _, err := net.LookupIP(name); return err },
		func(name string) error { _, err := net.LookupCNAME(name); return err },
		func(name string) error { _, _, err := net.LookupSRV("http", "tcp", name); return err },
		func(name string) error { _, err := net.LookupMX(name); return err },
		func(name string) error { _, err := net.LookupNS(name); return err },
		func(name string) error { _, err := net.LookupTXT(name); return err },
	} {
		for _, name := range []string{"none.test", "failing.test", "", "-."} {
			fmt.Printf("%q %s\n", name, describe(lookup(name)))
		}
	}
	_, err = net.LookupAddr("no address")
	fmt.Println(describe(err))
	_, err = net.Dial("tcp", "none.test:80")
	fmt.Println(describe(err))
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	// How far a resolver came shows in its error.
	var dns *net.DNSError
	_, err = net.DefaultResolver.LookupTXT(ctx, "silent.test")
	fmt.Println("timeout", errors.As(err, &dns), dns.Name, dns.IsTimeout, dns.IsNotFound, errors.Is(err, context.DeadlineExceeded))
	ctx, cancel = context.WithCancel(context.Background())
	time.AfterFunc(20*time.Millisecond, cancel)
	_, err = net.DefaultResolver.LookupHost(ctx, "silent.test")
	fmt.Println("canceled", errors.As(err, &dns), dns.Name, dns.IsTimeout, dns.IsNotFound, errors.Is(err, context.Canceled))
}

// private is for a guest that may do nothing.
func private() {
	l := must(net.Listen("tcp", ":9090"))
	fmt.Println(l.Addr())
	_, err := net.Listen("tcp", ":9090")
	fmt.Println("twice", errors.Is(err, syscall.EADDRINUSE))
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			io.Copy(c, c)
			c.Close()
		}
	}()
	for _, address := range []string{"127.0.0.1:9090", "localhost:9090", "[::1]:9090", ":9090"} {
		c, err := net.Dial("tcp", address)
		if err != nil {
			fmt.Println(address, err)
			continue
		}
		fmt.Fprint(c, "hello")
		c.(*net.TCPConn).CloseWrite()
		fmt.Printf("%s: %s from %s\n", address, must(io.ReadAll(c)), c.RemoteAddr())
	}
	u := must(net.ListenPacket("udp", "127.0.0.1:0"))
	c := must(net.Dial("udp", u.LocalAddr().String()))
	c.Write([]byte("datagram"))
	buf := make([]byte, 16)
	n, from, err := u.ReadFrom(buf)
	fmt.Printf("%s %t %v\n", buf[:n], from.String() == c.LocalAddr().String(), err)
	ul := must(net.Listen("unix", "/no/such/folder/socket"))
	go ul.Accept()
	uc := must(net.Dial("unix", "/no/such/folder/socket"))
	fmt.Println(uc.RemoteAddr())
	d := net.Dialer{Control: func(network, address string, _ syscall.RawConn) error {
		fmt.Println("control", network, address)
		return nil
	}}
	must(d.Dial("tcp", "127.0.0.1:9090")).Close()
	_, err = net.ListenMulticastUDP("udp", nil, &net.UDPAddr{IP: net.IPv4(224, 0, 0, 254), Port: 5353})
	fmt.Println(err)
}

// refused is for a guest that may do nothing.
func refused() {
	show := func(err error) {
		var n net.Error
		fmt.Println(err)
		fmt.Println(errors.Is(err, syscall.EACCES), errors.Is(err, os.ErrPermission), errors.As(err, &n) && !n.Timeout())
	}
	_, err := net.Dial("tcp", "192.0.2.1:80")
	show(err)
	_, err = net.Dial("tcp", "example.com:80")
	show(err)
	_, err = net.LookupTXT("example.com")
	show(err)
	_, err = net.Dial("unix", "/var/run/other.sock")
	show(err)
	_, err = net.Listen("tcp", "192.0.2.1:80")
	show(err)
	u := must(net.ListenPacket("udp", "192.0.2.1:1"))
	_, err = u.(*net.UDPConn).WriteToUDPAddrPort([]byte("x"), netip.MustParseAddrPort("192.0.2.1:53"))
	show(err)
}
