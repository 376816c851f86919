package sockets

import (
	"io"
	"net"
	"sync"
	"time"
)

// pumpStream is a connection of a stream network. One goroutine reads and one writes.
type pumpStream struct {
	notASocket
	conn net.Conn
	w    *waiter

	mu     sync.Mutex
	change sync.Cond // what either goroutine waits for

	in       []byte // what was read and not taken yet
	inEnd    error  // why no more comes
	inClosed bool

	out        []byte // what is to be written
	outErr     error
	outClosed  bool // after out, the direction is shut down
	closed     bool
	reset      bool // closing loses what is in out
	goroutines int
}

func newPumpStream(conn net.Conn, w *waiter) *pumpStream {
	s := &pumpStream{conn: conn, w: w, goroutines: 2}
	s.change.L = &s.mu
	go s.pumpIn()
	go s.pumpOut()
	return s
}

func (s *pumpStream) pumpIn() {
	defer s.ended()
	buf := make([]byte, pumpBuffer)
	for {
		n, err := s.conn.Read(buf)
		s.mu.Lock()
		s.in, s.inEnd = buf[:n], err
		s.mu.Unlock()
		s.w.wake(reading)
		if err != nil && err != io.EOF {
			s.w.wake(writing) // a hang-up makes both ready
		}
		s.mu.Lock()
		for len(s.in) > 0 && !s.closed && !s.inClosed {
			s.change.Wait()
		}
		over := err != nil || s.closed || s.inClosed
		s.mu.Unlock()
		if over {
			return
		}
	}
}

func (s *pumpStream) pumpOut() {
	defer s.ended()
	var buf []byte
	for {
		s.mu.Lock()
		for len(s.out) == 0 && !s.outClosed && !s.closed {
			s.change.Wait()
		}
		if len(s.out) == 0 || s.closed && s.reset {
			closed := s.closed
			s.mu.Unlock()
			if half, ok := s.conn.(interface{ CloseWrite() error }); ok && !closed {
				// It fails if the connection is over already, which the reader finds out.
				_ = half.CloseWrite()
			}
			return
		}
		buf, s.out = s.out, buf[:0]
		s.mu.Unlock()
		s.w.wake(writing)
		_, err := s.conn.Write(buf)
		s.mu.Lock()
		if err != nil {
			s.outErr = err
			s.out = nil
		}
		s.mu.Unlock()
		if err != nil {
			s.w.wakeBoth()
			return
		}
	}
}

// ended closes the connection once it was closed and both goroutines are done.
func (s *pumpStream) ended() {
	s.mu.Lock()
	s.goroutines--
	last := s.closed && s.goroutines == 0
	s.mu.Unlock()
	if last {
		_ = s.conn.Close() // nobody is left to hear of it
	}
}

func (s *pumpStream) read(p [][]byte) (n int, errno Errno) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inClosed || length(p) == 0 {
		return 0, ErrnoSuccess
	}
	if len(s.in) == 0 {
		switch s.inEnd {
		case nil:
			return 0, ErrnoAgain
		case io.EOF:
			return 0, ErrnoSuccess
		}
		err := s.inEnd
		s.inEnd = io.EOF // as of the kernel, it is had once
		return 0, ErrnoOf(err)
	}
	for _, b := range p {
		c := copy(b, s.in)
		s.in = s.in[c:]
		n += c
	}
	if len(s.in) == 0 {
		s.change.Broadcast()
	}
	return n, ErrnoSuccess
}

func (s *pumpStream) readFrom(p []byte) (int, endpoint, bool, Errno) {
	n, errno := s.read([][]byte{p})
	return n, endpoint{}, false, errno
}

func (s *pumpStream) write(p [][]byte) (n int, errno Errno) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.outClosed:
		return 0, ErrnoPipe
	case s.outErr != nil:
		err := s.outErr
		s.outErr = net.ErrClosed
		if err == net.ErrClosed {
			return 0, ErrnoPipe
		}
		return 0, ErrnoOf(err)
	case length(p) == 0:
		return 0, ErrnoSuccess
	}
	room := pumpBuffer - len(s.out)
	if room == 0 {
		return 0, ErrnoAgain
	}
	for _, b := range p {
		b = b[:min(len(b), room-n)]
		s.out = append(s.out, b...)
		n += len(b)
	}
	s.change.Broadcast()
	return n, ErrnoSuccess
}

func (s *pumpStream) addresses() (local, remote endpoint) {
	return endpointOf(s.conn.LocalAddr()), endpointOf(s.conn.RemoteAddr())
}

func (s *pumpStream) shutdown(read, write bool) Errno {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inEnd != nil && s.inEnd != io.EOF || s.outErr != nil {
		return ErrnoNotconn
	}
	if read {
		s.inClosed = true
		if half, ok := s.conn.(interface{ CloseRead() error }); ok {
			if err := half.CloseRead(); err != nil {
				return ErrnoOf(err)
			}
		}
	}
	if write {
		s.outClosed = true
	}
	s.change.Broadcast()
	return ErrnoSuccess
}

func (s *pumpStream) setOption(option uint32, value int64) Errno {
	if option == optionLinger {
		s.mu.Lock()
		s.reset = value == 0
		s.mu.Unlock()
	}
	return setPumpOption(s.conn, option, value)
}

func (s *pumpStream) ready(d direction) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	hungUp := s.outErr != nil || s.inEnd != nil && s.inEnd != io.EOF
	if d == reading {
		return hungUp || len(s.in) > 0 || s.inEnd != nil || s.inClosed
	}
	return hungUp || s.outClosed || len(s.out) < pumpBuffer
}

// close ends the reader at once, and the writer once all is written or it takes too long.
func (s *pumpStream) close() {
	s.mu.Lock()
	s.closed = true
	until := time.Now().Add(flushTime)
	if s.reset {
		until = past
	}
	running := s.goroutines > 0
	s.mu.Unlock()
	if !running {
		_ = s.conn.Close() // nobody is left to hear of it
		return
	}
	// Deadlines cannot be set only of connections that are closed.
	_ = s.conn.SetReadDeadline(past)
	_ = s.conn.SetWriteDeadline(until)
	s.change.Broadcast()
}
