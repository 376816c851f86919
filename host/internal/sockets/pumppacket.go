package sockets

import (
	"bytes"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// maxDatagram is more than UDP carries.
const maxDatagram = 64 << 10

// message is a datagram, or an error that came in its place.
type message struct {
	data []byte
	peer endpoint
	err  error
}

// pumpPacket is a datagram socket. One goroutine receives and one sends.
type pumpPacket struct {
	network   network
	conn      packetConn
	connected bool
	in, out   *queue[message]
	outErr    atomic.Pointer[error] // of a datagram that was taken for sent; the next operation tells it
	closing   sync.WaitGroup
}

// packetConn is what *net.UDPConn and *net.UnixConn are.
type packetConn interface {
	net.Conn
	net.PacketConn
}

func newPumpPacket(n network, conn packetConn, connected bool) *pumpPacket {
	b := &pumpPacket{network: n, conn: conn, connected: connected, in: newQueue[message](reading), out: newQueue[message](writing)}
	b.closing.Add(2)
	go b.pumpIn()
	go b.pumpOut()
	return b
}

func (b *pumpPacket) pumpIn() {
	defer b.closing.Done()
	buf := make([]byte, maxDatagram)
	for {
		n, from, err := b.conn.ReadFrom(buf)
		switch {
		case errors.Is(err, net.ErrClosed), errors.Is(err, os.ErrDeadlineExceeded):
			return
		case err != nil:
			if !b.in.put(message{err: err}) {
				return
			}
			b.out.wake() // an error makes both ready
		case !b.in.put(message{data: bytes.Clone(buf[:n]), peer: endpointOf(from)}):
			return
		}
	}
}

func (b *pumpPacket) pumpOut() {
	defer b.closing.Done()
	for {
		m, ok := b.out.get()
		if !ok {
			return
		}
		var err error
		if m.peer.isAny() {
			_, err = b.conn.Write(m.data)
		} else {
			_, err = b.conn.WriteTo(m.data, b.network.netAddr(m.peer))
		}
		if err != nil {
			b.outErr.Store(&err)
			b.in.wake()
			b.out.wake()
		}
	}
}

func (b *pumpPacket) address() endpoint { return endpointOf(b.conn.LocalAddr()) }

func (b *pumpPacket) attach(w *waiter) (socket, Errno) {
	b.in.attach(w)
	b.out.attach(w)
	return &pumpPacketSocket{pumpPacket: b, w: w}, ErrnoSuccess
}

// close lets the goroutines end, the sender once all is sent or it takes too long, and then closes the socket.
func (b *pumpPacket) close() {
	// Deadlines cannot be set only of what is closed.
	_ = b.conn.SetReadDeadline(past)
	_ = b.conn.SetWriteDeadline(time.Now().Add(flushTime))
	b.in.close()
	b.out.close()
	b.network.removePath(b.address())
	go func() {
		b.closing.Wait()
		_ = b.conn.Close() // nobody is left to hear of it
	}()
}

// pumpPacketSocket is a descriptor of a datagram socket.
type pumpPacketSocket struct {
	*pumpPacket
	w       *waiter
	owner   bool // nobody else is attached
	noRead  bool
	noWrite bool
}

func (s *pumpPacketSocket) accept(*waiter) (socket, Errno) { return nil, ErrnoInval }

func (s *pumpPacketSocket) status() Errno { return ErrnoSuccess }

func (s *pumpPacketSocket) addresses() (local, remote endpoint) {
	return s.address(), endpointOf(s.conn.RemoteAddr())
}

func (s *pumpPacketSocket) read(p [][]byte) (int, Errno) {
	m, errno := s.receive()
	if errno != ErrnoSuccess {
		return 0, errno
	}
	n := 0
	for _, b := range p {
		n += copy(b, m.data[n:])
	}
	return n, ErrnoSuccess
}

func (s *pumpPacketSocket) readFrom(p []byte) (int, endpoint, bool, Errno) {
	m, errno := s.receive()
	if errno != ErrnoSuccess {
		return 0, endpoint{}, false, errno
	}
	return copy(p, m.data), m.peer, len(m.data) > len(p), ErrnoSuccess
}

func (s *pumpPacketSocket) receive() (message, Errno) {
	if err := s.outErr.Swap(nil); err != nil {
		return message{}, ErrnoOf(*err)
	}
	m, ok := s.in.tryGet()
	switch {
	case ok:
		return m, ErrnoOf(m.err)
	case s.noRead:
		return m, ErrnoSuccess
	}
	return m, ErrnoAgain
}

func (s *pumpPacketSocket) write(p [][]byte) (int, Errno) {
	if !s.connected {
		return 0, ErrnoDestaddrreq
	}
	return s.send(message{data: bytes.Join(p, nil)})
}

func (s *pumpPacketSocket) writeTo(p []byte, to endpoint) (int, Errno) {
	if s.connected {
		return 0, ErrnoIsconn
	}
	return s.send(message{data: bytes.Clone(p), peer: to})
}

func (s *pumpPacketSocket) send(m message) (int, Errno) {
	const headers = 8 + 20 // of UDP and IPv4
	switch err := s.outErr.Swap(nil); {
	case s.noWrite:
		return 0, ErrnoPipe
	case err != nil:
		return 0, ErrnoOf(*err)
	case !s.network.unix && len(m.data) > 1<<16-1-headers:
		return 0, ErrnoMsgsize
	case !s.out.tryPut(m):
		return 0, ErrnoAgain
	}
	return len(m.data), ErrnoSuccess
}

// shutdown is not offered by package net for datagrams, and only this end could tell.
func (s *pumpPacketSocket) shutdown(read, write bool) Errno {
	if !s.connected {
		return ErrnoNotconn
	}
	s.noRead = s.noRead || read
	s.noWrite = s.noWrite || write
	return ErrnoSuccess
}

func (s *pumpPacketSocket) setOption(option uint32, value int64) Errno {
	return setPumpOption(s.conn, option, value)
}

func (s *pumpPacketSocket) ready(d direction) bool {
	switch {
	case s.outErr.Load() != nil:
		return true
	case d == reading:
		return s.noRead || s.in.ready()
	}
	return s.noWrite || s.out.ready()
}

func (s *pumpPacketSocket) close() {
	s.in.detach(s.w)
	s.out.detach(s.w)
	if s.owner {
		s.pumpPacket.close()
	}
}
