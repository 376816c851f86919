package broker

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// maxRequest bounds what is asked of the kernel about networks, in bytes.
const maxRequest = 4096

// netlink does what a process asks of the kernel about networks, which is what there is for net.Interfaces. It is told about the host's, as
// all functions are. It can only ask: what would change something is refused, as it is this process that sends it. What the process sends
// itself, without an address, it sends without privileges.
func (b *Broker) netlink(c *call) {
	kernel := &unix.SockaddrNetlink{Family: unix.AF_NETLINK}
	switch c.number {
	case unix.SYS_BIND:
		fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
		if err != nil {
			b.result(c, err)
			return
		}
		s := &socket{fd: fd}
		defer s.close()
		errno := errnoOf(unix.Bind(fd, kernel))
		if errno == 0 {
			errno = b.replace(c, s)
		}
		b.fail(c, errno)
	case unix.SYS_SENDTO:
		request := make([]byte, min(c.args[2], maxRequest))
		if errno := b.read(&c.notification, c.args[1], request); errno != 0 {
			b.fail(c, errno)
			return
		}
		if !isQuestion(request) {
			b.fail(c, unix.EPERM)
			return
		}
		n, err := unix.SendmsgN(c.fd, request, nil, kernel, unix.MSG_DONTWAIT)
		b.sent(c, n, err, b.succeed)
	default:
		b.fail(c, unix.EOPNOTSUPP)
	}
}

// isQuestion says whether a request of netlink is a single one that asks for interfaces, addresses or routes.
func isQuestion(request []byte) bool {
	if len(request) < unix.NLMSG_HDRLEN || int(binary.NativeEndian.Uint32(request)) != len(request) {
		return false
	}
	switch binary.NativeEndian.Uint16(request[4:]) {
	case unix.RTM_GETLINK, unix.RTM_GETADDR, unix.RTM_GETROUTE:
		return true
	}
	return false
}
