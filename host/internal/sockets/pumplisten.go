package sockets

import (
	"context"
	"errors"
	"net"
)

func (pumps) listen(n network, local endpoint) (bound, Errno) {
	if n.kind == packet {
		return nil, ErrnoProtonosupport // the systems that pumps are for have none
	}
	config := net.ListenConfig{KeepAlive: -1} // the guest says what it wants
	if n.kind == datagram {
		conn, err := config.ListenPacket(context.Background(), n.name, n.text(local))
		if err != nil {
			return nil, ErrnoOf(err)
		}
		return newPumpPacket(n, conn.(packetConn), false), ErrnoSuccess
	}
	listener, err := config.Listen(context.Background(), n.name, n.text(local))
	if err != nil {
		return nil, ErrnoOf(err)
	}
	b := &pumpListener{network: n, listener: listener, conns: newQueue[accepted](reading)}
	go b.pump()
	return b, ErrnoSuccess
}

// accepted is a connection, or an error that came in its place.
type accepted struct {
	conn net.Conn
	err  error
}

// pumpListener is a listener, with a goroutine that accepts.
type pumpListener struct {
	network  network
	listener net.Listener
	conns    *queue[accepted]
}

func (b *pumpListener) pump() {
	for {
		conn, err := b.listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case !b.conns.put(accepted{conn, err}):
			if err == nil {
				_ = conn.Close() // nobody took it
			}
			return
		}
	}
}

func (b *pumpListener) address() endpoint { return endpointOf(b.listener.Addr()) }

func (b *pumpListener) attach(w *waiter) (socket, Errno) {
	b.conns.attach(w)
	return &pumpAccept{pumpListener: b, w: w}, ErrnoSuccess
}

func (b *pumpListener) close() {
	b.conns.close()
	_ = b.listener.Close() // nobody is left to hear of it
	for {
		a, ok := b.conns.tryGet()
		if !ok {
			return
		}
		if a.err == nil {
			_ = a.conn.Close()
		}
	}
}

// pumpAccept is a descriptor of a listener.
type pumpAccept struct {
	notASocket
	*pumpListener
	w *waiter
}

func (s *pumpAccept) addresses() (local, remote endpoint) { return s.address(), endpoint{} }

func (s *pumpAccept) accept(w *waiter) (socket, Errno) {
	a, ok := s.conns.tryGet()
	switch {
	case !ok:
		return nil, ErrnoAgain
	case a.err != nil:
		return nil, ErrnoOf(a.err)
	}
	return newPumpStream(a.conn, w), ErrnoSuccess
}

func (s *pumpAccept) setOption(uint32, int64) Errno { return ErrnoSuccess }

func (s *pumpAccept) ready(d direction) bool { return d == reading && s.conns.ready() }

func (s *pumpAccept) close() { s.conns.detach(s.w) }
