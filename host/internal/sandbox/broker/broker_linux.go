package broker

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Broker answers for one process.
type Broker struct {
	net   *Network
	pid   int
	pidfd int
	// ownNetwork says that the process has a network of its own, and cookie is the number of the host's.
	ownNetwork bool
	cookie     uint64
	listener   *listener
	ctx        context.Context
	cancel     context.CancelFunc
	done       sync.WaitGroup
	waiting    chan struct{} // a place for each call that waits for others

	mu sync.Mutex
	// private is where the process listens in its own network.
	private map[port]bool
	paths   map[string]string // abstract names in its own network, by path
	names   map[string]bool   // those of paths
	shares  []*mapping        // mappings that it listens at
}

// port is of a network, tcp or udp.
type port struct {
	network string
	number  uint16
}

// maxWaiting is how many system calls of a process may wait for others at a time, each of which takes a thread; more fail. Go programs have
// none: their sockets do not block.
const maxWaiting = 32

// Start answers what the filter of a process asks. The descriptor is the process's, of the listener; it is pid's as this process sees it.
// Close the broker when the process has ended.
func Start(n *Network, pid, descriptor int, ownNetwork bool) (*Broker, error) {
	b := &Broker{
		net: n, pid: pid, ownNetwork: ownNetwork, waiting: make(chan struct{}, maxWaiting), private: map[port]bool{}, paths: map[string]string{}, names: map[string]bool{},
	}
	var err error
	if b.cookie, err = networkCookie(); err != nil {
		return nil, fmt.Errorf("networks cannot be told apart, which needs Linux 5.14: %w", err)
	}
	if b.pidfd, err = unix.PidfdOpen(pid, 0); err != nil {
		return nil, os.NewSyscallError("pidfd_open", err)
	}
	fd, err := unix.PidfdGetfd(b.pidfd, descriptor, 0)
	if err == nil {
		b.listener, err = newListener(fd)
	}
	if err != nil {
		_ = unix.Close(b.pidfd)
		return nil, fmt.Errorf("the system calls of the process cannot be answered: %w", err)
	}
	b.ctx, b.cancel = context.WithCancel(n.ctx)
	b.done.Go(b.serve)
	return b, nil
}

// Close ends what is under way.
func (b *Broker) Close() {
	b.cancel()
	b.listener.close()
	b.done.Wait()
	_ = unix.Close(b.pidfd)
	for _, m := range b.shares {
		b.net.mapped.leave(m)
	}
}

// serve answers one notification after the other. What waits is done beside.
func (b *Broker) serve() {
	var n notification
	for {
		if err := b.listener.next(&n); err != nil {
			return
		}
		b.handle(n)
	}
}

// handlers are by numbers of system calls.
var handlers = map[int32]func(*Broker, *call){
	unix.SYS_CONNECT:     (*Broker).connect,
	unix.SYS_BIND:        (*Broker).bind,
	unix.SYS_LISTEN:      (*Broker).listen,
	unix.SYS_SENDTO:      (*Broker).sendTo,
	unix.SYS_SENDMSG:     (*Broker).sendMessage,
	unix.SYS_SENDMMSG:    (*Broker).sendMessages,
	unix.SYS_GETSOCKNAME: (*Broker).name,
}

// call is a system call of the process, on a socket.
type call struct {
	notification
	*socket
	waits bool // it is answered later
}

func (b *Broker) handle(n notification) {
	do := handlers[n.number]
	if do == nil {
		b.listener.answer(&n, 0, unix.ENOSYS)
		return
	}
	s, errno := b.take(n.args[0])
	if errno != 0 {
		b.listener.answer(&n, 0, errno)
		return
	}
	c := &call{notification: n, socket: s}
	if s.family == unix.AF_NETLINK {
		do = (*Broker).netlink
	}
	do(b, c)
	if !c.waits {
		c.close()
	}
}

// fail and succeed end a call.
func (b *Broker) fail(c *call, errno unix.Errno) { b.listener.answer(&c.notification, 0, errno) }

func (b *Broker) succeed(c *call, value int) { b.listener.answer(&c.notification, int64(value), 0) }

// result ends a call as a system call of this process has.
func (b *Broker) result(c *call, err error) { b.fail(c, errnoOf(err)) }

// later goes on with a call that has to wait, beside the others.
func (b *Broker) later(c *call, do func()) {
	select {
	case b.waiting <- struct{}{}:
	default:
		b.fail(c, unix.ENOBUFS)
		return
	}
	c.waits = true
	b.done.Go(func() {
		defer func() { <-b.waiting }()
		defer c.close()
		do()
	})
}

// await waits until a descriptor is ready, or nobody waits for the answer any more.
func (b *Broker) await(c *call, fd int, events int16) bool {
	const look = 100 // ms; there is no event for a thread that is killed
	for b.ctx.Err() == nil && b.listener.valid(&c.notification) {
		poll := []unix.PollFd{{Fd: int32(fd), Events: events}}
		if n, err := unix.Poll(poll, look); err == nil && n > 0 {
			return true
		}
	}
	return false
}

// replace puts a socket of the host's in the place of the process's.
func (b *Broker) replace(c *call, s *socket) unix.Errno {
	return errnoOf(b.listener.put(&c.notification, int(int32(c.args[0])), s.fd))
}

// isPrivate says whether the process listens at an address of its own.
func (b *Broker) isPrivate(network string, ap netip.AddrPort) bool {
	if !ap.Addr().IsLoopback() {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.private[port{network, ap.Port()}]
}

// keepPrivate notes that the process listens at an address of its own.
func (b *Broker) keepPrivate(s *socket) {
	sa, err := unix.Getsockname(s.fd)
	if err != nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.private[port{s.network(), addressOf(sa).ap.Port()}] = true
}
