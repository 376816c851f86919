package bufconn

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// conn is one end of a connection.
type conn struct{ in, out *pipe }

var _ net.Conn = (*conn)(nil)

func (c *conn) Read(b []byte) (int, error)  { return c.in.read(b) }
func (c *conn) Write(b []byte) (int, error) { return c.out.write(b) }

// Close ends both directions; the other end can read what was written before.
func (c *conn) Close() error {
	c.in.closeRead()
	c.out.closeWrite()
	return nil
}

func (c *conn) LocalAddr() net.Addr  { return addr{} }
func (c *conn) RemoteAddr() net.Addr { return addr{} }

func (c *conn) SetDeadline(t time.Time) error {
	c.in.setDeadline(&c.in.reading, t)
	c.out.setDeadline(&c.out.writing, t)
	return nil
}

func (c *conn) SetReadDeadline(t time.Time) error {
	c.in.setDeadline(&c.in.reading, t)
	return nil
}

func (c *conn) SetWriteDeadline(t time.Time) error {
	c.out.setDeadline(&c.out.writing, t)
	return nil
}

// pipe is one direction of a connection.
type pipe struct {
	mu      sync.Mutex
	changed sync.Cond // anything below
	buf     []byte    // ring of len(buf) bytes
	start   int       // of what was written and not read
	used    int       // length of that

	readClosed, writeClosed bool
	reading, writing        deadline
}

// deadline bounds the reads or writes of a pipe.
type deadline struct {
	passed bool
	timer  *time.Timer
}

func newPipe(size int) *pipe {
	p := &pipe{buf: make([]byte, max(size, 1))}
	p.changed.L = &p.mu
	return p
}

// read waits for at least one byte. What was written before an end can be read after it.
func (p *pipe) read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		switch {
		case p.readClosed:
			return 0, io.ErrClosedPipe
		case p.used > 0:
			n := copy(b, p.buf[p.start:min(p.start+p.used, len(p.buf))])
			p.start = (p.start + n) % len(p.buf)
			p.used -= n
			p.changed.Broadcast()
			return n, nil
		case p.writeClosed:
			return 0, io.EOF
		case p.reading.passed:
			return 0, os.ErrDeadlineExceeded
		}
		p.changed.Wait()
	}
}

// write waits for room for all of b.
func (p *pipe) write(b []byte) (n int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		switch {
		case p.readClosed, p.writeClosed:
			return n, io.ErrClosedPipe
		case n == len(b):
			return n, nil
		case p.used < len(p.buf):
			end := (p.start + p.used) % len(p.buf)
			free := p.buf[end:min(end+len(p.buf)-p.used, len(p.buf))]
			k := copy(free, b[n:])
			p.used += k
			n += k
			p.changed.Broadcast()
			continue
		case p.writing.passed:
			return n, os.ErrDeadlineExceeded
		}
		p.changed.Wait()
	}
}

func (p *pipe) closeRead() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.readClosed = true
	p.changed.Broadcast()
}

func (p *pipe) closeWrite() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.writeClosed = true
	p.changed.Broadcast()
}

func (p *pipe) setDeadline(d *deadline, t time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
	}
	d.passed = false
	if t.IsZero() {
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(time.Until(t), func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if d.timer == timer { // else another deadline was set meanwhile
			d.passed = true
			p.changed.Broadcast()
		}
	})
	d.timer = timer
}
