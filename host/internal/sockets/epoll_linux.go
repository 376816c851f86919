package sockets

import (
	"errors"
	"os"
	"sync"
	"syscall"
)

// poller tells sockets of changes in their readiness: one epoll descriptor, which is itself registered with the Go runtime's poller. So a
// goroutine waits for all sockets, but no thread does, and a socket costs no goroutine.
type poller struct {
	file *os.File // the epoll descriptor
	raw  syscall.RawConn
	done chan struct{}

	mu      sync.Mutex
	last    uint64
	sockets map[uint64]*kernelSocket
}

// edges are what sockets are registered for. EPOLLET is negative in package syscall.
const edges = syscall.EPOLLIN | syscall.EPOLLOUT | syscall.EPOLLRDHUP | 1<<31

func newPoller() (*poller, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	// The runtime's poller takes only files that do not block.
	if err := syscall.SetNonblock(fd, true); err != nil {
		return nil, errors.Join(os.NewSyscallError("fcntl", err), syscall.Close(fd))
	}
	p := &poller{file: os.NewFile(uintptr(fd), "epoll"), done: make(chan struct{}), sockets: make(map[uint64]*kernelSocket)}
	if p.raw, err = p.file.SyscallConn(); err != nil {
		return nil, errors.Join(err, p.file.Close())
	}
	go p.run()
	return p, nil
}

// close returns when the goroutine has ended.
func (p *poller) close() {
	// What a close of an epoll descriptor could report is nothing that anybody could mend.
	_ = p.file.Close()
	<-p.done
}

// add registers a socket. What it is ready for already is told too.
func (p *poller) add(s *kernelSocket) error {
	p.mu.Lock()
	p.last++
	s.id = p.last
	p.sockets[s.id] = s
	p.mu.Unlock()
	if err := p.control(syscall.EPOLL_CTL_ADD, s); err != nil {
		p.forget(s)
		return err
	}
	return nil
}

// remove is called before the descriptor is closed. The kernel would not do it then if other descriptors refer to the same socket.
func (p *poller) remove(s *kernelSocket) {
	p.forget(s)
	// Fails only for what is not registered.
	_ = p.control(syscall.EPOLL_CTL_DEL, s)
}

func (p *poller) forget(s *kernelSocket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.sockets, s.id)
}

// control calls epoll_ctl. Events carry the socket's id, which unlike its descriptor is never used again.
func (p *poller) control(op int, s *kernelSocket) error {
	var err error
	event := syscall.EpollEvent{Events: edges, Fd: int32(uint32(s.id)), Pad: int32(uint32(s.id >> 32))}
	if closed := p.raw.Control(func(fd uintptr) { err = syscall.EpollCtl(int(fd), op, s.fd, &event) }); closed != nil {
		return closed
	}
	return err
}

// run ends when the file is closed.
func (p *poller) run() {
	defer close(p.done)
	var events [128]syscall.EpollEvent
	var told [len(events)]*kernelSocket
	// The function never says that it is done, so that the runtime remembers what happens between a look and the next wait.
	_ = p.raw.Read(func(fd uintptr) bool {
		for {
			n, err := syscall.EpollWait(int(fd), events[:], 0)
			switch {
			case err == syscall.EINTR:
				continue
			case err != nil:
				return true // of a descriptor that is not epoll's: cannot be
			}
			p.tell(events[:n], told[:n])
			if n < len(events) {
				return false
			}
		}
	})
}

func (p *poller) tell(events []syscall.EpollEvent, told []*kernelSocket) {
	p.mu.Lock()
	for i, e := range events {
		told[i] = p.sockets[uint64(uint32(e.Fd))|uint64(uint32(e.Pad))<<32]
	}
	p.mu.Unlock()
	for i, e := range events {
		if s := told[i]; s != nil {
			s.changed(e.Events)
		}
	}
	clear(told)
}
