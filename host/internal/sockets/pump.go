package sockets

import (
	"context"
	"net"
	"sync"
	"time"
)

// pumps makes sockets of package net's connections, which wait, and of goroutines that pump between them and bounded buffers. It is for
// systems without a driver of their own. It differs from those in that bytes count as written once they are in a buffer.
type pumps struct{}

const (
	// pumpBuffer bounds what is buffered in each direction of a connection, in bytes.
	pumpBuffer = 64 << 10
	// pumpQueue bounds the connections or datagrams that nobody has taken yet.
	pumpQueue = 16
	// flushTime is how long a closed descriptor goes on writing what the guest wrote.
	flushTime = 5 * time.Second
)

// dial connects in a goroutine.
func (pumps) dial(n network, local, remote endpoint, w *waiter) (socket, Errno) {
	if n.kind == packet {
		return nil, ErrnoProtonosupport // the systems that pumps are for have none
	}
	dialer := net.Dialer{KeepAlive: -1} // the guest says what it wants
	if !local.isAny() {
		dialer.LocalAddr = n.netAddr(local)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &pumpDial{network: n, local: local, cancel: cancel}
	go func() {
		conn, err := dialer.DialContext(ctx, n.name, n.text(remote))
		s.mu.Lock()
		switch {
		case s.closed:
			if conn != nil {
				n.removePath(local)
				_ = conn.Close() // nobody is left to hear of it
			}
		case err != nil:
			s.failed = ErrnoOf(err)
		case n.kind == datagram:
			p := newPumpPacket(n, conn.(packetConn), true)
			p.in.attach(w)
			p.out.attach(w)
			s.socket = &pumpPacketSocket{pumpPacket: p, w: w, owner: true}
		default:
			s.socket = newPumpStream(conn, w)
		}
		s.over = true
		s.mu.Unlock()
		w.wakeBoth()
	}()
	return s, ErrnoSuccess
}

// netAddr is an address of package net.
func (n network) netAddr(e endpoint) net.Addr {
	switch {
	case n.unix:
		return &net.UnixAddr{Name: e.path, Net: n.name}
	case n.kind == datagram:
		return &net.UDPAddr{IP: e.ip.AsSlice(), Port: int(e.port), Zone: e.ip.Zone()}
	}
	return &net.TCPAddr{IP: e.ip.AsSlice(), Port: int(e.port), Zone: e.ip.Zone()}
}

// pumpDial is a socket that was dialled: what its connection can do, once there is one.
type pumpDial struct {
	network network
	local   endpoint // as it was asked for
	cancel  context.CancelFunc

	mu     sync.Mutex
	over   bool
	closed bool
	failed Errno
	socket socket
}

// get returns the socket, or ErrnoInprogress, or why there is none.
func (s *pumpDial) get() (socket, Errno) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over {
		return nil, ErrnoInprogress
	}
	return s.socket, s.failed
}

// connected is get for operations that can be tried again.
func (s *pumpDial) connected() (socket, Errno) {
	c, errno := s.get()
	if errno == ErrnoInprogress {
		errno = ErrnoAgain
	}
	return c, errno
}

func (s *pumpDial) read(p [][]byte) (int, Errno) {
	c, errno := s.connected()
	if errno != ErrnoSuccess {
		return 0, errno
	}
	return c.read(p)
}

func (s *pumpDial) write(p [][]byte) (int, Errno) {
	c, errno := s.connected()
	if errno != ErrnoSuccess {
		return 0, errno
	}
	return c.write(p)
}

func (s *pumpDial) readFrom(p []byte) (int, endpoint, bool, Errno) {
	c, errno := s.connected()
	if errno != ErrnoSuccess {
		return 0, endpoint{}, false, errno
	}
	return c.readFrom(p)
}

func (s *pumpDial) writeTo(p []byte, to endpoint) (int, Errno) {
	c, errno := s.connected()
	if errno != ErrnoSuccess {
		return 0, errno
	}
	return c.writeTo(p, to)
}

func (s *pumpDial) accept(*waiter) (socket, Errno) { return nil, ErrnoInval }

func (s *pumpDial) status() Errno {
	_, errno := s.get()
	return errno
}

func (s *pumpDial) addresses() (local, remote endpoint) {
	c, errno := s.get()
	if errno != ErrnoSuccess {
		return
	}
	return c.addresses()
}

func (s *pumpDial) shutdown(read, write bool) Errno {
	c, errno := s.get()
	switch errno {
	case ErrnoSuccess:
		return c.shutdown(read, write)
	case ErrnoInprogress:
		return ErrnoNotconn
	}
	return errno
}

func (s *pumpDial) setOption(option uint32, value int64) Errno {
	c, errno := s.connected()
	if errno != ErrnoSuccess {
		return errno
	}
	return c.setOption(option, value)
}

func (s *pumpDial) ready(d direction) bool {
	c, errno := s.get()
	if errno != ErrnoSuccess {
		return errno != ErrnoInprogress
	}
	return c.ready(d)
}

func (s *pumpDial) close() {
	s.cancel()
	s.mu.Lock()
	s.closed = true
	c := s.socket
	s.mu.Unlock()
	if c != nil {
		s.network.removePath(s.local)
		c.close()
	}
}

// setPumpOption sets an option of a connection of package net.
func setPumpOption(c any, option uint32, value int64) Errno {
	tcp, isTCP := c.(*net.TCPConn)
	buffers, hasBuffers := c.(interface {
		SetReadBuffer(int) error
		SetWriteBuffer(int) error
	})
	v, errno := optionValue(option, value)
	if errno != ErrnoSuccess {
		return errno
	}
	switch {
	case option == optionReadBuffer && hasBuffers:
		return ErrnoOf(buffers.SetReadBuffer(v))
	case option == optionWriteBuffer && hasBuffers:
		return ErrnoOf(buffers.SetWriteBuffer(v))
	case option == optionBroadcast || option == optionKeepAlive && !isTCP:
		return ErrnoSuccess // package net lets datagrams be broadcast, and the rest of sockets ignores both
	case !isTCP:
		return ErrnoNoprotoopt
	}
	keepAlive := net.KeepAliveConfig{Enable: true, Idle: -1, Interval: -1, Count: -1}
	switch option {
	case optionKeepAlive:
		return ErrnoOf(tcp.SetKeepAlive(v != 0))
	case optionKeepAliveIdle:
		keepAlive.Idle = time.Duration(v) * time.Second
	case optionKeepAliveInterval:
		keepAlive.Interval = time.Duration(v) * time.Second
	case optionKeepAliveCount:
		keepAlive.Count = v
	case optionNoDelay:
		return ErrnoOf(tcp.SetNoDelay(v != 0))
	case optionLinger:
		// For a time, closing would wait.
		if v != 0 {
			v = -1
		}
		return ErrnoOf(tcp.SetLinger(v))
	default:
		return ErrnoNoprotoopt
	}
	return ErrnoOf(tcp.SetKeepAliveConfig(keepAlive))
}
