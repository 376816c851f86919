package broker

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// names plays the name servers that processes find in resolv.conf, at addresses of the host's that only sockets of theirs are led to.
type names struct {
	mu      sync.Mutex
	closed  bool
	known   []netip.Addr // servers that there have been
	packets *net.UDPConn
	streams *net.TCPListener
	serving sync.WaitGroup
}

// portDNS is that of name servers.
const portDNS = 53

// server returns where a name server is played, if an address is that of one.
func (n *names) server(of *Network, network string, to netip.AddrPort) (netip.AddrPort, bool) {
	if to.Port() != portDNS {
		return netip.AddrPort{}, false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	// Files change, and a process may have read an older one.
	for _, addr := range readResolvers().servers {
		if !slices.Contains(n.known, addr) {
			n.known = append(n.known, addr)
		}
	}
	if !slices.Contains(n.known, to.Addr()) || n.closed {
		return netip.AddrPort{}, false
	}
	if err := n.open(of); err != nil {
		of.cfg.Log.Error("names cannot be looked up", "function", of.cfg.Function, "error", err)
		return netip.AddrPort{}, false
	}
	if network == "udp" {
		return n.packets.LocalAddr().(*net.UDPAddr).AddrPort(), true
	}
	return n.streams.Addr().(*net.TCPAddr).AddrPort(), true
}

// open begins to serve, once. The caller holds n.mu.
func (n *names) open(of *Network) error {
	if n.packets != nil {
		return nil
	}
	loopback := net.IPv4(127, 0, 0, 1)
	packets, err := net.ListenUDP("udp4", &net.UDPAddr{IP: loopback})
	if err != nil {
		return err
	}
	streams, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: loopback})
	if err != nil {
		return errors.Join(err, packets.Close())
	}
	n.packets, n.streams = packets, streams
	n.serving.Go(func() { n.servePackets(of) })
	n.serving.Go(func() { n.serveStreams(of) })
	return nil
}

func (n *names) close() {
	n.mu.Lock()
	n.closed = true
	if n.packets != nil {
		_ = n.packets.Close()
		_ = n.streams.Close()
	}
	n.mu.Unlock()
	n.serving.Wait()
}

const (
	maxQuery = 4096
	// maxQueries is how many questions of a function are under way at once. Datagrams beyond are lost, as in any network.
	maxQueries = 64
	idleStream = 10 * time.Second
)

func (n *names) servePackets(of *Network) {
	places := make(chan struct{}, maxQueries)
	buf := make([]byte, maxQuery)
	for {
		size, from, err := n.packets.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // who has asked is gone
		}
		select {
		case places <- struct{}{}:
		default:
			continue
		}
		query := slices.Clone(buf[:size])
		n.serving.Go(func() {
			defer func() { <-places }()
			if answer := of.answer(query, false); answer != nil {
				_, _ = n.packets.WriteToUDPAddrPort(answer, from) // it asks again
			}
		})
	}
}

func (n *names) serveStreams(of *Network) {
	places := make(chan struct{}, maxQueries)
	for {
		conn, err := n.streams.Accept()
		if err != nil {
			return
		}
		select {
		case places <- struct{}{}:
		default:
			_ = conn.Close()
			continue
		}
		n.serving.Go(func() {
			defer func() { <-places }()
			stop := make(chan struct{})
			defer close(stop)
			defer conn.Close()
			go func() {
				select {
				case <-of.ctx.Done():
					_ = conn.Close()
				case <-stop:
				}
			}()
			serveStream(of, conn)
		})
	}
}

func serveStream(of *Network, conn net.Conn) {
	for {
		_ = conn.SetDeadline(time.Now().Add(idleStream)) // fails if it is closed, as what follows does
		var size [2]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(conn, query); err != nil {
			return
		}
		answer := of.answer(query, true)
		if answer == nil {
			return
		}
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
			return
		}
	}
}

// resolvers are the settings of resolv.conf that matter here.
type resolvers struct {
	servers []netip.Addr
	search  []string
}

// resolvConf is the file with them.
var resolvConf = "/etc/resolv.conf"

// readResolvers reads the settings as resolvers do: without any, the machine itself is the server.
func readResolvers() (r resolvers) {
	text, _ := os.ReadFile(resolvConf) // none has none
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		switch fields[0] {
		case "nameserver":
			if addr, err := netip.ParseAddr(fields[1]); err == nil {
				r.servers = append(r.servers, addr.Unmap().WithZone(""))
			}
		case "search", "domain":
			r.search = nil
			for _, domain := range fields[1:] {
				if domain = strings.ToLower(strings.Trim(domain, ".")); domain != "" {
					r.search = append(r.search, domain)
				}
			}
		}
	}
	if len(r.servers) == 0 {
		r.servers = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
	}
	return r
}
