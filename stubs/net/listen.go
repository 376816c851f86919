package net

import (
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// Listen returns a listener for a network of "tcp", "tcp4", "tcp6", "unix" or "unixpacket" and an address. Within a
// guest an address can be listened on once at a time, as with the real Listen.
func Listen(network, address string) (net.Listener, error) {
	l, err := newListener(network, address)
	if err != nil {
		return nil, err
	}
	return l, nil
}

func newListener(network, address string) (*listener, error) {
	addr, err := resolve(network, address)
	if err != nil {
		// addr is set when the address is fine but of the wrong kind.
		return nil, &net.OpError{Op: "listen", Net: network, Addr: addr, Err: err}
	}
	l := &listener{network: network, closed: make(chan struct{})}
	if l.addr, err = bound.add(addr, l); err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Addr: addr, Err: os.NewSyscallError("bind", err)}
	}
	return l, nil
}

// listener is a listener that accepts nothing.
type listener struct {
	network string
	addr    net.Addr
	closing sync.Once
	closed  chan struct{}
}

// Accept waits until the listener is closed, and returns an error that wraps [net.ErrClosed].
func (l *listener) Accept() (net.Conn, error) {
	<-l.closed
	return nil, l.errClosed("accept")
}

// Close ends Accept. A second Close returns an error that wraps [net.ErrClosed].
func (l *listener) Close() error {
	err := l.errClosed("close")
	l.closing.Do(func() {
		bound.remove(l.addr)
		close(l.closed)
		err = nil
	})
	return err
}

// Addr returns the address that the listener has.
func (l *listener) Addr() net.Addr { return l.addr }

func (l *listener) errClosed(op string) error {
	return &net.OpError{Op: op, Net: l.network, Addr: l.addr, Err: net.ErrClosed}
}

// namedAddr is an address with a host name, which a guest cannot resolve.
type namedAddr struct {
	network, host string
	port          int
}

func (a namedAddr) Network() string { return a.network }
func (a namedAddr) String() string  { return net.JoinHostPort(a.host, strconv.Itoa(a.port)) }

// resolve checks an address. The result is a *net.TCPAddr, a *net.UnixAddr or a namedAddr.
func resolve(network, address string) (net.Addr, error) {
	switch network {
	case "unix", "unixgram", "unixpacket":
		return &net.UnixAddr{Name: address, Net: network}, nil
	case "tcp", "tcp4", "tcp6":
		return resolveTCP(network, address)
	case "udp", "udp4", "udp6":
		addr, err := resolveUDP(network, address)
		if err != nil {
			return nil, err
		}
		return addr, &net.AddrError{Err: "unexpected address type", Addr: address}
	default:
		return nil, net.UnknownNetworkError(network)
	}
}

func resolveTCP(network, address string) (net.Addr, error) {
	host, port, err := hostPort(network, address)
	if err != nil {
		return nil, err
	}
	if host == "" {
		return anyHost(network, port), nil
	}
	ip, err := parseIP(network, host)
	switch {
	case err != nil:
		return nil, err
	case !ip.IsValid():
		return namedAddr{"tcp", host, port}, nil
	case network == "tcp" && ip == netip.IPv4Unspecified():
		// As the real package does where sockets for IPv6 take IPv4 as well.
		return anyHost(network, port), nil
	}
	return &net.TCPAddr{IP: ip.Unmap().AsSlice(), Port: port, Zone: ip.Zone()}, nil
}

// resolveUDP does without net.ResolveUDPAddr, which looks names up: the resolver, and the dialling that it needs, would be a
// fifteenth of a guest, in which they never get an answer.
func resolveUDP(network, address string) (net.Addr, error) {
	host, port, err := hostPort(network, address)
	if err != nil {
		return nil, err
	}
	if host == "" {
		return &net.UDPAddr{Port: port}, nil
	}
	ip, err := parseIP(network, host)
	switch {
	case err != nil:
		return nil, err
	case !ip.IsValid():
		return namedAddr{"udp", host, port}, nil
	}
	return &net.UDPAddr{IP: ip.Unmap().AsSlice(), Port: port, Zone: ip.Zone()}, nil
}

// hostPort splits an address; an empty one stands for every address of the host.
func hostPort(network, address string) (host string, port int, err error) {
	if address == "" {
		return "", 0, nil
	}
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	port, err = net.LookupPort(network, service)
	return host, port, err
}

// parseIP returns the address of a host that is not a name, or that is localhost, and an invalid one for other names.
func parseIP(network, host string) (netip.Addr, error) {
	only4, only6 := strings.HasSuffix(network, "4"), strings.HasSuffix(network, "6")
	if host == "localhost" {
		if only6 {
			return netip.IPv6Loopback(), nil
		}
		return netip.AddrFrom4([4]byte{127, 0, 0, 1}), nil
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}, nil
	}
	if v4 := ip.Unmap().Is4(); v4 && only6 || !v4 && only4 {
		return netip.Addr{}, &net.AddrError{Err: "no suitable address found", Addr: host}
	}
	return ip, nil
}

// anyHost is the address that stands for every address of the host.
func anyHost(network string, port int) *net.TCPAddr {
	if network == "tcp4" {
		return &net.TCPAddr{IP: net.IPv4zero, Port: port}
	}
	return &net.TCPAddr{IP: net.IPv6unspecified, Port: port}
}

// firstPort is the first number for port 0, from the range that is kept for that purpose.
const firstPort = 49152

// bindings are the addresses that have a listener.
type bindings struct {
	mu   sync.Mutex
	used map[string]*listener
	next int
}

var bound = bindings{used: map[string]*listener{}, next: firstPort}

// add reserves an address, after giving it a port if it has none.
func (b *bindings) add(addr net.Addr, l *listener) (net.Addr, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch a := addr.(type) {
	case *net.TCPAddr:
		if a.Port == 0 {
			a.Port = b.freePort()
		}
	case namedAddr:
		if a.port == 0 {
			a.port = b.freePort()
		}
		addr = a
	}
	key := addr.Network() + " " + addr.String()
	if b.used[key] != nil {
		return nil, syscall.EADDRINUSE
	}
	b.used[key] = l
	return addr, nil
}

func (b *bindings) remove(addr net.Addr) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.used, addr.Network()+" "+addr.String())
}

func (b *bindings) freePort() int {
	port := b.next
	if b.next++; b.next > 65535 {
		b.next = firstPort
	}
	return port
}
