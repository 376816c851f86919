package sockets

import (
	"errors"
	"sync"
	"sync/atomic"
)

// Descriptors of a guest. Below are those of the system interface, above are those of the host itself.
const (
	firstDescriptor = 1 << 20
	lastDescriptor  = 0x7ffeffff
	// noDescriptor is whose message is that of the last operation that gave no descriptor.
	noDescriptor = 0xffffffff
)

// Table is the descriptors of one instance. Its methods never wait, and every number, length and text they are given may be wrong. They
// are for one goroutine at a time, except that CloseAll may be called by any.
type Table struct {
	net    *Network
	notify func()
	epoch  atomic.Uint64 // see waiter; 0 after CloseAll

	mu      sync.Mutex
	closed  bool
	next    uint32
	fds     map[uint32]*descriptor
	message string // of the last refusal without a descriptor
}

// descriptor is an entry of a table.
type descriptor struct {
	waiter
	sock    socket
	network network
	message string // of the last refusal
	// mapping is of listeners and bound sockets, and of connections that listeners accepted; listens tells them apart.
	mapping *mapping
	listens bool
	// dialled is the address that the function dialled, if that is mapped to another one.
	dialled string
}

// Len is the number of descriptors.
func (t *Table) Len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.fds)
}

// open makes a descriptor of what fill gives a socket. The caller holds t.mu.
func (t *Table) open(fill func(*descriptor) Errno) (uint32, Errno) {
	if t.closed {
		return 0, ErrnoBadf
	}
	if errno := t.net.acquire(); errno != ErrnoSuccess {
		return 0, errno
	}
	d := &descriptor{}
	d.table = t
	if errno := fill(d); errno != ErrnoSuccess {
		t.net.release()
		return 0, errno
	}
	fd := t.next
	for t.fds[fd] != nil { // after two thousand million descriptors
		fd = following(fd)
	}
	t.next = following(fd)
	t.fds[fd] = d
	return fd, ErrnoSuccess
}

func following(fd uint32) uint32 {
	if fd == lastDescriptor {
		return firstDescriptor
	}
	return fd + 1
}

// with calls a function with a descriptor's entry.
func (t *Table) with(fd uint32, do func(*descriptor) Errno) Errno {
	t.mu.Lock()
	defer t.mu.Unlock()
	d := t.fds[fd]
	if d == nil {
		return ErrnoBadf
	}
	return do(d)
}

// Dial begins to connect, from laddr unless that is empty. The descriptor can be written once it is over, well or badly: then
// [Table.Status] says which. A refusal gives no descriptor, but a message.
func (t *Table) Dial(network, laddr, raddr string) (fd uint32, errno Errno) {
	n, ok := networks[network]
	if !ok {
		return 0, ErrnoProtonosupport
	}
	local, errno := n.parse(laddr)
	if errno != ErrnoSuccess {
		return 0, errno
	}
	remote, errno := n.parseRemote(raddr)
	if errno != ErrnoSuccess {
		return 0, errno
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.message = ""
	return t.open(func(d *descriptor) (errno Errno) {
		d.network = n
		host, to, mapped := t.net.mapped(n, remote)
		if mapped {
			d.dialled = n.text(remote)
			if !n.unix || !host.unix {
				local = endpoint{}
			}
		} else {
			host, to = n, remote
			if err := t.net.policy.Dial(n.name, n.text(remote)); err != nil {
				t.message = err.Error()
				return ErrnoAcces
			}
		}
		if local.path != "" {
			// It would be made in the host's file system.
			if errno := t.localPath(n, &local); errno != ErrnoSuccess {
				return errno
			}
		}
		d.sock, errno = t.net.driver.dial(host, local, to, &d.waiter)
		return errno
	})
}

// localPath asks the policy where on the host the local end of a Unix socket may be.
func (t *Table) localPath(n network, local *endpoint) Errno {
	network, address, err := t.net.policy.Listen(n.name, local.path)
	switch {
	case errors.Is(err, ErrPrivate):
		t.message = "cofaas policy: no address of the host is mapped to " + local.path
		return ErrnoAcces
	case err != nil:
		t.message = err.Error()
		return ErrnoAcces
	case network != "" && network != n.name:
		return ErrnoInval
	}
	var errno Errno
	*local, errno = n.parse(address)
	return errno
}

// Listen accepts connections, or for datagram networks receives, at an address that the operator mapped. [ErrnoNotcapable] means that
// the address is not mapped, so that the guest may have it for itself.
func (t *Table) Listen(network, laddr string) (fd uint32, errno Errno) {
	n, ok := networks[network]
	if !ok {
		return 0, ErrnoProtonosupport
	}
	local, errno := n.parse(laddr)
	switch {
	case errno != ErrnoSuccess:
		return 0, errno
	case n.unix && local.path == "":
		return 0, ErrnoInval
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.message = ""
	return t.open(func(d *descriptor) (errno Errno) {
		d.network = n
		d.listens = true
		d.sock, d.mapping, t.message, errno = t.listen(n, local, &d.waiter)
		return errno
	})
}

// Accept takes a connection of a listener.
func (t *Table) Accept(fd uint32) (conn uint32, errno Errno) {
	errno = t.with(fd, func(l *descriptor) (errno Errno) {
		if !l.listens || l.network.kind == datagram {
			return ErrnoInval
		}
		conn, errno = t.open(func(d *descriptor) (errno Errno) {
			d.network = l.network
			d.mapping = l.mapping
			d.sock, errno = l.sock.accept(&d.waiter)
			return errno
		})
		return errno
	})
	return conn, errno
}

// Status says how a dial goes: [ErrnoInprogress], success and the addresses of both ends, or why it failed. Other sockets have their
// addresses at once. They are as the function should see them: what is mapped has the address that it asked for.
func (t *Table) Status(fd uint32) (laddr, raddr string, errno Errno) {
	errno = t.with(fd, func(d *descriptor) Errno {
		if errno := d.sock.status(); errno != ErrnoSuccess {
			return errno
		}
		local, remote := d.sock.addresses()
		switch {
		case d.listens:
			laddr = d.network.shown(d.mapping.guest)
		case d.mapping != nil:
			laddr, raddr = d.mapping.accepted(local, remote)
		case d.dialled != "":
			laddr, raddr = d.network.text(local), d.dialled
			if !d.network.unix && !local.ip.IsValid() { // mapped to a Unix socket
				laddr = d.network.text(d.network.toLocal(endpoint{}))
			}
		default:
			laddr, raddr = d.network.text(local), d.network.text(remote)
		}
		return ErrnoSuccess
	})
	return laddr, raddr, errno
}

// Message is the text of the last refusal for a descriptor, or for 0xffffffff of the last Dial, Listen or Lookup that gave none.
func (t *Table) Message(fd uint32) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if d := t.fds[fd]; d != nil {
		return d.message
	}
	if fd == noDescriptor {
		return t.message
	}
	return ""
}

// Read reads what there is. No byte and success is the end of the stream.
func (t *Table) Read(fd uint32, p [][]byte) (n int, errno Errno) {
	t.mu.Lock()
	defer t.mu.Unlock()
	d := t.fds[fd]
	if d == nil {
		return 0, ErrnoBadf
	}
	return d.sock.read(p)
}

// Write writes what there is room for.
func (t *Table) Write(fd uint32, p [][]byte) (n int, errno Errno) {
	t.mu.Lock()
	defer t.mu.Unlock()
	d := t.fds[fd]
	if d == nil {
		return 0, ErrnoBadf
	}
	return d.sock.write(p)
}

// ReadFrom receives a datagram. What does not fit is lost, which truncated tells.
func (t *Table) ReadFrom(fd uint32, p []byte) (n int, addr string, truncated bool, errno Errno) {
	errno = t.with(fd, func(d *descriptor) (errno Errno) {
		var from endpoint
		n, from, truncated, errno = d.sock.readFrom(p)
		if errno == ErrnoSuccess && !from.isAny() {
			addr = d.network.text(from)
		}
		return errno
	})
	return n, addr, truncated, errno
}

// WriteTo sends a datagram. The policy is asked about each address.
func (t *Table) WriteTo(fd uint32, p []byte, addr string) (n int, errno Errno) {
	errno = t.with(fd, func(d *descriptor) (errno Errno) {
		if d.network.kind != datagram {
			return ErrnoNotsup
		}
		to, errno := d.network.parseRemote(addr)
		if errno != ErrnoSuccess {
			return errno
		}
		d.message = ""
		if err := t.net.policy.Dial(d.network.name, d.network.text(to)); err != nil {
			d.message = err.Error()
			return ErrnoAcces
		}
		n, errno = d.sock.writeTo(p, to)
		return errno
	})
	return n, errno
}

// Shutdown ends one or both directions of a connection.
func (t *Table) Shutdown(fd uint32, read, write bool) Errno {
	return t.with(fd, func(d *descriptor) Errno {
		if !read && !write {
			return ErrnoInval
		}
		if d.listens && d.network.kind != datagram {
			return ErrnoNotsup // it would stop the function's other instances
		}
		return d.sock.shutdown(read, write)
	})
}

// SetOption sets an option of a socket; see the seam's description of set-option for their numbers. To linger for a time at closing is
// not supported and does nothing, as closing never waits; to linger for none is, and resets the connection.
func (t *Table) SetOption(fd uint32, option uint32, value int64) Errno {
	return t.with(fd, func(d *descriptor) Errno { return d.sock.setOption(option, value) })
}

// IsStream says whether a descriptor is of a stream, where reading nothing means its end.
func (t *Table) IsStream(fd uint32) (stream, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	d := t.fds[fd]
	return d != nil && d.network.kind != datagram, d != nil
}

// Close closes a descriptor. What was written is still delivered.
func (t *Table) Close(fd uint32) Errno {
	return t.with(fd, func(d *descriptor) Errno {
		delete(t.fds, fd)
		t.discard(d)
		return ErrnoSuccess
	})
}

func (t *Table) discard(d *descriptor) {
	d.sock.close()
	if d.listens {
		t.net.leave(d.mapping)
	}
	t.net.release()
}

// CloseAll closes every descriptor and the table: the instance is gone. Dials and look-ups are cancelled, and nobody is notified any more,
// except by a call of notify that had begun.
func (t *Table) CloseAll() {
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		return
	}
	t.closed = true
	t.epoch.Store(0)
	fds := t.fds
	t.fds = nil
	for _, d := range fds {
		t.discard(d)
	}
	t.mu.Unlock()
	t.net.forget(t)
}

// Ready says whether a direction of a descriptor is ready, as poll(2) does: errors and hang-ups make both ready. It costs no system call
// while nothing happened since the last [ErrnoAgain]. It returns not ok if there is no such descriptor.
func (t *Table) Ready(fd uint32, write bool) (ready, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	d := t.fds[fd]
	return d != nil && d.sock.ready(directionOf(write)), d != nil
}

// Probe is Ready for who is waiting and does not leave: it asks the system each time, at the price of a system call, and so knows sooner
// than those who are notified.
func (t *Table) Probe(fd uint32, write bool) (ready, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	d := t.fds[fd]
	if d == nil {
		return false, false
	}
	if p, ok := d.sock.(prober); ok {
		return p.probe(directionOf(write)), true
	}
	return d.sock.ready(directionOf(write)), true
}

// Await arms a direction of a descriptor: notify is called once, as soon as one that is armed is ready, and by Await itself if it already
// is; then all are disarmed. It does nothing if there is no such descriptor.
func (t *Table) Await(fd uint32, write bool) {
	dir := directionOf(write)
	t.mu.Lock()
	d := t.fds[fd]
	if d == nil {
		t.mu.Unlock()
		return
	}
	d.want[dir].Store(t.epoch.Load())
	ready := d.sock.ready(dir)
	t.mu.Unlock()
	if ready {
		d.wake(dir)
	}
}

// Disarm forgets all that is armed.
func (t *Table) Disarm() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.epoch.Add(1)
	}
}
