// Package bufconn stands in for google.golang.org/grpc/test/bufconn in a guest: connections in memory.
//
// A grpc.Server that serves on a [Listener] is ready, as on any listener, and closes what is dialled: calls do not come
// through listeners. For everything else a Listener is a net.Listener, and its connections are connections.
package bufconn

import (
	"context"
	"errors"
	"net"
)

// Listener accepts the connections that its own Dial makes.
type Listener struct {
	size   int
	conns  chan net.Conn
	closed context.Context
	close  context.CancelFunc
}

var errClosed = errors.New("closed")

// Listen returns a listener whose connections buffer sz bytes each way.
func Listen(sz int) *Listener {
	l := &Listener{size: sz, conns: make(chan net.Conn)}
	l.closed, l.close = context.WithCancel(context.Background())
	return l
}

// Accept waits for Dial and returns the other end of its connection.
func (l *Listener) Accept() (net.Conn, error) {
	// A closed listener accepts nothing, even if somebody dials at the same time.
	if l.closed.Err() != nil {
		return nil, errClosed
	}
	select {
	case <-l.closed.Done():
		return nil, errClosed
	case c := <-l.conns:
		return c, nil
	}
}

// Close makes Accept and Dial fail. Connections stay open.
func (l *Listener) Close() error {
	l.close()
	return nil
}

// Addr returns an address that is "bufconn".
func (l *Listener) Addr() net.Addr { return addr{} }

// Dial is [Listener.DialContext] without a context.
func (l *Listener) Dial() (net.Conn, error) { return l.DialContext(context.Background()) }

// DialContext makes a connection and waits for Accept to take its other end.
func (l *Listener) DialContext(ctx context.Context) (net.Conn, error) {
	there, back := newPipe(l.size), newPipe(l.size)
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-l.closed.Done():
		return nil, errClosed
	case l.conns <- &conn{in: there, out: back}:
		return &conn{in: back, out: there}, nil
	}
}

type addr struct{}

func (addr) Network() string { return "bufconn" }
func (addr) String() string  { return "bufconn" }
