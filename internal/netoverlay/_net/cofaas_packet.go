//go:build wasip1

package net

import (
	"net/netip"
	"syscall"
	"unsafe"
)

// Methods that net_fake.go has for its own sockets only.

// received is what hostRecvFrom says of a datagram.
type received struct {
	n, addrLen, flags uint32
}

// maxAddrText is more than the text of any address has: 107 bytes for a path, 45 for an IP address, a zone and a port.
const maxAddrText = 256

// recvFrom receives a datagram. What does not fit into p is lost, which flags say.
func (fd *netFD) recvFrom(p []byte) (n int, addr string, flags int, err error) {
	var out received
	var buf [maxAddrText]byte
	var errno syscall.Errno
	err = fd.pfd.RawRead(func(sysfd uintptr) bool {
		errno = syscall.Errno(hostRecvFrom(uint32(sysfd), unsafe.Pointer(unsafe.SliceData(p)), uint32(len(p)),
			unsafe.Pointer(&buf), maxAddrText, unsafe.Pointer(&out)))
		return errno != syscall.EAGAIN
	})
	if err == nil && errno != 0 {
		err = hostCallError("recvfrom", uint32(fd.pfd.Sysfd), errno)
	}
	if err != nil {
		return 0, "", 0, err
	}
	return int(out.n), string(buf[:min(out.addrLen, maxAddrText)]), int(out.flags), nil
}

// sendTo sends a datagram to an address, as text.
func (fd *netFD) sendTo(p, addr []byte) (int, error) {
	var n uint32
	var errno syscall.Errno
	err := fd.pfd.RawWrite(func(sysfd uintptr) bool {
		errno = syscall.Errno(hostSendTo(uint32(sysfd), unsafe.Pointer(unsafe.SliceData(p)), uint32(len(p)),
			unsafe.Pointer(unsafe.SliceData(addr)), uint32(len(addr)), &n))
		return errno != syscall.EAGAIN
	})
	if err == nil && errno != 0 {
		err = hostCallError("sendto", uint32(fd.pfd.Sysfd), errno)
	}
	if err != nil {
		return 0, err
	}
	return int(n), nil
}

// parseInet4 sets sa to an address of which there is none if a connected socket does not say where a datagram came from.
func parseInet4(text string, sa *syscall.SockaddrInet4) error {
	if text == "" {
		*sa = syscall.SockaddrInet4{}
		return nil
	}
	addr, err := netip.ParseAddrPort(text)
	if err != nil || !addr.Addr().Unmap().Is4() {
		return &AddrError{Err: "non-IPv4 address", Addr: text}
	}
	*sa = syscall.SockaddrInet4{Addr: addr.Addr().Unmap().As4(), Port: int(addr.Port())}
	return nil
}

func parseInet6(text string, sa *syscall.SockaddrInet6) error {
	if text == "" {
		*sa = syscall.SockaddrInet6{}
		return nil
	}
	addr, err := netip.ParseAddrPort(text)
	if err != nil {
		return &AddrError{Err: "non-IPv6 address", Addr: text}
	}
	*sa = syscall.SockaddrInet6{Addr: addr.Addr().As16(), Port: int(addr.Port())}
	if zone := addr.Addr().Zone(); zone != "" {
		sa.ZoneId = uint32(zoneCache.index(zone))
	}
	return nil
}

func validPort(port int) bool { return port >= 0 && port <= 0xffff }

func appendInet4(buf []byte, sa *syscall.SockaddrInet4) []byte {
	return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port)).AppendTo(buf)
}

func appendInet6(buf []byte, sa *syscall.SockaddrInet6) []byte {
	ip := netip.AddrFrom16(sa.Addr).Unmap()
	if sa.ZoneId != 0 {
		ip = ip.WithZone(zoneCache.name(int(sa.ZoneId)))
	}
	return netip.AddrPortFrom(ip, uint16(sa.Port)).AppendTo(buf)
}

func (fd *netFD) readFrom(p []byte) (int, syscall.Sockaddr, error) {
	if fd.fakeNetFD != nil {
		return fd.fakeNetFD.readFrom(p)
	}
	n, _, sa, err := fd.recvSockaddr(p)
	return n, sa, err
}

func (fd *netFD) recvSockaddr(p []byte) (n, flags int, sa syscall.Sockaddr, err error) {
	n, text, flags, err := fd.recvFrom(p)
	if err != nil {
		return 0, 0, nil, err
	}
	switch fd.family {
	case syscall.AF_INET:
		sa4 := new(syscall.SockaddrInet4)
		sa, err = sa4, parseInet4(text, sa4)
	case syscall.AF_INET6:
		sa6 := new(syscall.SockaddrInet6)
		sa, err = sa6, parseInet6(text, sa6)
	default:
		sa = &syscall.SockaddrUnix{Name: text}
	}
	return n, flags, sa, err
}

func (fd *netFD) readFromInet4(p []byte, sa *syscall.SockaddrInet4) (int, error) {
	if fd.fakeNetFD != nil {
		return fd.fakeNetFD.readFromInet4(p, sa)
	}
	n, _, _, err := fd.readMsgInet4(p, nil, 0, sa)
	return n, err
}

func (fd *netFD) readFromInet6(p []byte, sa *syscall.SockaddrInet6) (int, error) {
	if fd.fakeNetFD != nil {
		return fd.fakeNetFD.readFromInet6(p, sa)
	}
	n, _, _, err := fd.readMsgInet6(p, nil, 0, sa)
	return n, err
}

// Out-of-band data is not passed: there is none to read, and writing it is an error.

func (fd *netFD) readMsg(p, oob []byte, flags int) (n, oobn, retflags int, sa syscall.Sockaddr, err error) {
	if fd.fakeNetFD != nil {
		return fd.fakeNetFD.readMsg(p, oob, flags)
	}
	n, retflags, sa, err = fd.recvSockaddr(p)
	return n, 0, retflags, sa, err
}

func (fd *netFD) readMsgInet4(p, oob []byte, flags int, sa *syscall.SockaddrInet4) (n, oobn, retflags int, err error) {
	if fd.fakeNetFD != nil {
		return fd.fakeNetFD.readMsgInet4(p, oob, flags, sa)
	}
	n, text, retflags, err := fd.recvFrom(p)
	if err == nil {
		err = parseInet4(text, sa)
	}
	return n, 0, retflags, err
}

func (fd *netFD) readMsgInet6(p, oob []byte, flags int, sa *syscall.SockaddrInet6) (n, oobn, retflags int, err error) {
	if fd.fakeNetFD != nil {
		return fd.fakeNetFD.readMsgInet6(p, oob, flags, sa)
	}
	n, text, retflags, err := fd.recvFrom(p)
	if err == nil {
		err = parseInet6(text, sa)
	}
	return n, 0, retflags, err
}

func (fd *netFD) writeTo(p []byte, sa syscall.Sockaddr) (int, error) {
	if fd.fakeNetFD != nil {
		return fd.fakeNetFD.writeTo(p, sa)
	}
	switch sa := sa.(type) {
	case *syscall.SockaddrInet4:
		return fd.writeToInet4(p, sa)
	case *syscall.SockaddrInet6:
		return fd.writeToInet6(p, sa)
	case *syscall.SockaddrUnix:
		return fd.sendTo(p, []byte(sa.Name))
	}
	return fd.Write(p) // to where it is connected
}

func (fd *netFD) writeToInet4(p []byte, sa *syscall.SockaddrInet4) (int, error) {
	if fd.fakeNetFD != nil {
		return fd.fakeNetFD.writeToInet4(p, sa)
	}
	if !validPort(sa.Port) {
		return 0, wrapSyscallError("sendto", syscall.EINVAL)
	}
	var buf [maxAddrText]byte
	return fd.sendTo(p, appendInet4(buf[:0], sa))
}

func (fd *netFD) writeToInet6(p []byte, sa *syscall.SockaddrInet6) (int, error) {
	if fd.fakeNetFD != nil {
		return fd.fakeNetFD.writeToInet6(p, sa)
	}
	if !validPort(sa.Port) {
		return 0, wrapSyscallError("sendto", syscall.EINVAL)
	}
	var buf [maxAddrText]byte
	return fd.sendTo(p, appendInet6(buf[:0], sa))
}

func (fd *netFD) writeMsg(p, oob []byte, sa syscall.Sockaddr) (n, oobn int, err error) {
	if fd.fakeNetFD != nil {
		return fd.fakeNetFD.writeMsg(p, oob, sa)
	}
	if len(oob) > 0 {
		return 0, 0, wrapSyscallError("sendmsg", syscall.ENOTSUP)
	}
	n, err = fd.writeTo(p, sa)
	return n, 0, err
}

func (fd *netFD) writeMsgInet4(p, oob []byte, sa *syscall.SockaddrInet4) (n, oobn int, err error) {
	if fd.fakeNetFD != nil {
		return fd.fakeNetFD.writeMsgInet4(p, oob, sa)
	}
	if sa == nil {
		return fd.writeMsg(p, oob, nil)
	}
	return fd.writeMsg(p, oob, sa)
}

func (fd *netFD) writeMsgInet6(p, oob []byte, sa *syscall.SockaddrInet6) (n, oobn int, err error) {
	if fd.fakeNetFD != nil {
		return fd.fakeNetFD.writeMsgInet6(p, oob, sa)
	}
	if sa == nil {
		return fd.writeMsg(p, oob, nil)
	}
	return fd.writeMsg(p, oob, sa)
}
