package channel

import (
	"context"
	"os"
)

// socketPipe is the pipe of kind Socket. A goroutine receives.
type socketPipe struct {
	c      *Conn
	socket *socket
	files  filesQueue
	outbox
}

// maxQueued is how many bytes wait to be written before those who send wait, too.
const maxQueued = 1 << 20

func newSocketPipe(c *Conn, s *socket) *socketPipe {
	p := &socketPipe{c: c, socket: s}
	p.files.c = c
	p.outbox.init(p, c)
	return p
}

func (p *socketPipe) start() {
	go func() {
		receive := func(h header, b []byte) error { return p.c.receive(h, b, nil) }
		batch := func() error {
			err := p.c.received()
			p.c.hire()
			return err
		}
		err := p.socket.receiveAll(receive, batch, p.files.add)
		p.c.received()
		p.c.fail(err)
	}()
}

func (p *socketPipe) stop() {
	p.outbox.close()
	p.socket.close()
}

func (p *socketPipe) put(h header, g *gather) bool { return p.socket.put(h, g, nil, maxQueued) }

func (p *socketPipe) mustFlush(header) bool { return true }

func (p *socketPipe) flush() { p.socket.flush() }

func (p *socketPipe) settle(ctx context.Context) error {
	if err := p.outbox.settle(ctx); err != nil {
		return err
	}
	return p.socket.settle(ctx)
}

func (p *socketPipe) room(ctx context.Context, closed <-chan struct{}) error {
	select {
	case <-p.socket.roomy:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-closed:
		return ErrAbandoned
	case <-p.c.done:
		return ErrClosed
	}
}

func (p *socketPipe) call(ctx context.Context, closed <-chan struct{}, h header, g *gather, w *waiter) (sent bool, err error) {
	if err := p.send(ctx, closed, h, g); err != nil {
		return false, err
	}
	return true, p.await(ctx, closed, w)
}

func (p *socketPipe) reply(h header, g *gather) bool { return p.try(h, g) }

func (p *socketPipe) await(ctx context.Context, closed <-chan struct{}, w *waiter) error {
	for w.park() {
		select {
		case <-w.wake:
		case <-ctx.Done():
			return w.unless(ctx.Err())
		case <-closed:
			return w.unless(ErrAbandoned)
		}
	}
	return nil
}

// attend returns false, as workers are started when there is a call.
func (p *socketPipe) attend(bool) bool { return false }

func (p *socketPipe) leave() {}

func (p *socketPipe) nudge() {}

func (p *socketPipe) sendFiles(tag []byte, files []*os.File) error {
	return p.socket.sendFiles(tag, files)
}
