package broker

import (
	"encoding/binary"
	"errors"

	"golang.org/x/sys/unix"
)

// outgoing is a message to be sent, of which nothing is the process's any more.
type outgoing struct {
	data    []byte
	whole   bool // that is all of it
	control []byte
	to      address
	named   bool // there is an address
	flags   int
}

// sendTo is for messages to an address: without one, the filter lets the process send by itself.
func (b *Broker) sendTo(c *call) {
	o := outgoing{flags: int(c.args[3]), named: true}
	var errno unix.Errno
	if o.to, errno = b.readAddress(&c.notification, c.args[4], c.args[5]); errno != 0 {
		b.fail(c, errno)
		return
	}
	size := c.args[2]
	o.whole = size <= maxData
	o.data = make([]byte, min(size, maxData))
	if errno := b.read(&c.notification, c.args[1], o.data); errno != 0 {
		b.fail(c, errno)
		return
	}
	b.send(c, &o, b.succeed)
}

func (b *Broker) sendMessage(c *call) {
	o, errno := b.readOutgoing(c, c.args[1], int(c.args[2]))
	if errno != 0 {
		b.fail(c, errno)
		return
	}
	b.send(c, o, b.succeed)
}

// sendMessages sends the first of several messages: fewer than asked for is what the process has to expect.
func (b *Broker) sendMessages(c *call) {
	if uint32(c.args[2]) == 0 {
		b.succeed(c, 0)
		return
	}
	o, errno := b.readOutgoing(c, c.args[1], int(c.args[3]))
	if errno != 0 {
		b.fail(c, errno)
		return
	}
	b.send(c, o, func(c *call, sent int) {
		length := binary.NativeEndian.AppendUint32(nil, uint32(sent))
		if errno := b.write(&c.notification, c.args[1]+offsetLength, length); errno != 0 {
			b.fail(c, errno)
			return
		}
		b.succeed(c, 1)
	})
}

// maxControl bounds what goes with a message, in bytes.
const maxControl = 1024

func (b *Broker) readOutgoing(c *call, at uint64, flags int) (*outgoing, unix.Errno) {
	m, errno := b.readMessage(&c.notification, at)
	if errno != 0 {
		return nil, errno
	}
	o := &outgoing{flags: flags}
	if m.name != 0 && m.nameSize != 0 {
		if o.to, errno = b.readAddress(&c.notification, m.name, uint64(m.nameSize)); errno != 0 {
			return nil, errno
		}
		o.named = true
	}
	if m.controlSize > maxControl {
		return nil, unix.ENOBUFS
	}
	// Whole words, so that what is checked here is what the kernel sees, to the last byte.
	o.control = make([]byte, (m.controlSize+7)&^7)
	if errno := b.read(&c.notification, m.control, o.control[:m.controlSize]); errno != 0 {
		return nil, errno
	}
	if errno := checkControl(o.control); errno != 0 {
		return nil, errno
	}
	o.data, o.whole, errno = b.readVectors(&c.notification, m.vectors, m.count)
	return o, errno
}

// checkControl refuses what goes with a message but for what concerns how it travels: no descriptors above all.
func checkControl(p []byte) unix.Errno {
	if len(p) == 0 {
		return 0
	}
	messages, err := unix.ParseSocketControlMessage(p)
	if err != nil {
		return unix.EINVAL
	}
	for _, m := range messages {
		switch (option{int(m.Header.Level), int(m.Header.Type)}) {
		case option{unix.IPPROTO_IP, unix.IP_TOS}, option{unix.IPPROTO_IP, unix.IP_TTL}, option{unix.IPPROTO_IP, unix.IP_PKTINFO},
			option{unix.IPPROTO_IPV6, unix.IPV6_TCLASS}, option{unix.IPPROTO_IPV6, unix.IPV6_HOPLIMIT}, option{unix.IPPROTO_IPV6, unix.IPV6_PKTINFO},
			option{unix.IPPROTO_UDP, unix.UDP_SEGMENT}:
		default:
			return unix.EPERM
		}
	}
	return 0
}

// sent ends a call when a message has been sent.
type sent func(c *call, n int)

// send sends a message by a socket of the process.
func (b *Broker) send(c *call, o *outgoing, done sent) {
	if !b.listener.valid(&c.notification) {
		return
	}
	if errno := b.address(c, o); errno != 0 {
		b.fail(c, errno)
		return
	}
	if !o.whole && c.kind != unix.SOCK_STREAM {
		b.fail(c, unix.EMSGSIZE)
		return
	}
	var sa unix.Sockaddr
	if o.named {
		var errno unix.Errno
		if sa, errno = o.to.sockaddr(c.family); errno != 0 {
			b.fail(c, errno)
			return
		}
	}
	try := func() (int, error) {
		return unix.SendmsgN(c.fd, o.data, o.control, sa, o.flags&(unix.MSG_DONTROUTE|unix.MSG_EOR|unix.MSG_OOB|unix.MSG_CONFIRM|unix.MSG_MORE)|unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
	}
	n, err := try()
	if !errors.Is(err, unix.EAGAIN) || !c.blocking || o.flags&unix.MSG_DONTWAIT != 0 {
		b.sent(c, n, err, done)
		return
	}
	b.later(c, func() {
		for errors.Is(err, unix.EAGAIN) && b.await(c, c.fd, unix.POLLOUT) {
			n, err = try()
		}
		b.sent(c, n, err, done)
	})
}

func (b *Broker) sent(c *call, n int, err error, done sent) {
	if err != nil {
		b.result(c, err)
		return
	}
	done(c, n)
}

// address decides about the address of a message, and has the socket be one that can reach it.
func (b *Broker) address(c *call, o *outgoing) unix.Errno {
	switch {
	case !o.named:
		return 0
	case c.kind != unix.SOCK_DGRAM || o.flags&unix.MSG_FASTOPEN != 0:
		return unix.EOPNOTSUPP // it would connect
	case (o.to.family == unix.AF_UNIX) != (c.family == unix.AF_UNIX):
		return unix.EAFNOSUPPORT
	}
	to, way, errno := b.route(c.socket, o.to.local())
	if errno != 0 {
		return errno
	}
	o.to = to
	switch {
	case (to.family == unix.AF_UNIX) != (c.family == unix.AF_UNIX):
		return unix.EAFNOSUPPORT
	case way == inside && c.outside && b.ownNetwork:
		return unix.ENETUNREACH
	case way == inside || c.outside:
		return 0
	}
	// It is the process's own: it can go on as one of the host's unless somebody has to find it where it is.
	if sa, err := unix.Getsockname(c.fd); err != nil || isBound(sa) {
		return unix.ENETUNREACH
	}
	s, errno := c.like(c.family)
	if errno != 0 {
		return errno
	}
	if s.blocking {
		errno = errnoOf(unix.SetNonblock(s.fd, false))
	}
	if errno == 0 {
		errno = b.replace(c, s)
	}
	if errno != 0 {
		s.close()
		return errno
	}
	c.close()
	c.socket.fd, c.outside = s.fd, true
	return 0
}

func isBound(sa unix.Sockaddr) bool {
	a := addressOf(sa)
	return a.ap.Port() != 0 || a.path != ""
}
