//go:build wasip1

package net

import (
	"context"
	"internal/poll"
	"net/netip"
	"os"
	"syscall"
	"unsafe"
)

// socket makes sockets of the host. What the host's operator does not map stays between the guest's own sockets, of which
// net_fake.go has a network: listeners, datagram sockets, and what is dialled and has such a one listening.
func socket(ctx context.Context, net string, family, sotype, proto int, ipv6only bool, laddr, raddr sockaddr, ctrlCtxFn func(context.Context, string, string, syscall.RawConn) error) (*netFD, error) {
	switch sotype {
	case syscall.SOCK_STREAM, syscall.SOCK_SEQPACKET, syscall.SOCK_DGRAM:
	default:
		return originalSocket(ctx, net, family, sotype, proto, ipv6only, laddr, raddr, ctrlCtxFn)
	}
	local, err := sockaddrText("bind", family, laddr)
	if err != nil {
		return nil, err
	}
	if raddr == nil {
		var fd uint32
		errno := syscall.Errno(hostListen(net, local, &fd))
		if errno == syscall.ENOTCAPABLE {
			return originalSocket(ctx, net, family, sotype, proto, ipv6only, explicitWildcard(family, laddr), nil, ctrlCtxFn)
		}
		if errno != 0 {
			return nil, hostCallError("bind", noHostFD, errno)
		}
		return newListenFD(ctx, int(fd), net, family, sotype, laddr, ctrlCtxFn)
	}
	remote, err := sockaddrText("connect", family, raddr)
	if err != nil {
		return nil, err
	}
	if ctrlCtxFn != nil {
		if err := ctrlCtxFn(ctx, ctrlNetwork(net, family), raddr.String(), unsupportedRawConn{}); err != nil {
			return nil, err
		}
	}
	if private := privateListener(sotype, raddr); private != nil {
		return dialPrivate(ctx, net, sotype, proto, laddr, raddr, private)
	}
	return dialHost(ctx, net, family, sotype, local, remote, raddr)
}

// dialPrivate dials a listener of the guest's own network.
func dialPrivate(ctx context.Context, net string, sotype, proto int, laddr, raddr, private sockaddr) (*netFD, error) {
	fd, err := originalSocket(ctx, net, private.family(), sotype, proto, false, laddr, private, nil)
	if err != nil {
		return nil, err
	}
	// That the listener listens everywhere does not show. A datagram socket finds its peer by address.
	if sotype != syscall.SOCK_DGRAM {
		fd.raddr = raddr
	}
	return fd, nil
}

// privateListener returns the address under which one of the guest's own sockets gets what is sent to addr, or nil.
func privateListener(sotype int, addr sockaddr) sockaddr {
	candidates := []sockaddr{addr}
	switch a := addr.(type) {
	case *TCPAddr:
		if a.IP.IsLoopback() {
			candidates = append(candidates, &TCPAddr{IP: IPv6zero, Port: a.Port}, &TCPAddr{IP: IPv4zero, Port: a.Port})
		}
	case *UDPAddr:
		if a.IP.IsLoopback() {
			candidates = append(candidates, &UDPAddr{IP: IPv6zero, Port: a.Port}, &UDPAddr{IP: IPv4zero, Port: a.Port})
		}
	}
	for _, c := range candidates {
		if fd, ok := sockets.Load(fakeAddr(c)); ok && fd.(*netFD).sotype == sotype {
			return c
		}
	}
	return nil
}

// explicitWildcard returns an address to listen on with the wildcard address written out, for which net_fake.go takes 127.0.0.1.
func explicitWildcard(family int, addr sockaddr) sockaddr {
	ip := IPv4zero
	if family == syscall.AF_INET6 {
		ip = IPv6zero
	}
	switch a := addr.(type) {
	case *TCPAddr:
		if a == nil {
			return &TCPAddr{IP: ip}
		}
		if len(a.IP) == 0 {
			return &TCPAddr{IP: ip, Port: a.Port, Zone: a.Zone}
		}
	case *UDPAddr:
		if a == nil {
			return &UDPAddr{IP: ip}
		}
		if len(a.IP) == 0 {
			return &UDPAddr{IP: ip, Port: a.Port, Zone: a.Zone}
		}
	}
	return addr
}

// validateResolvedAddr does not ask of paths of sockets in the guest's own network that there are such folders: a guest need not have
// files.
func validateResolvedAddr(net string, family int, sa sockaddr) error {
	if _, ok := sa.(*UnixAddr); ok {
		return nil
	}
	return originalValidateResolvedAddr(net, family, sa)
}

func portText(n int) string {
	var buf [20]byte
	at := len(buf)
	for at--; ; at-- {
		buf[at] = byte('0' + n%10)
		if n /= 10; n == 0 {
			return string(buf[at:])
		}
	}
}

// newHostFD makes a netFD of a descriptor of the host's.
func newHostFD(sysfd int, net string, family, sotype int) (*netFD, error) {
	fd := &netFD{
		pfd: poll.FD{
			Sysfd:         sysfd,
			IsStream:      sotype == syscall.SOCK_STREAM,
			ZeroReadIsEOF: sotype != syscall.SOCK_DGRAM,
		},
		family: family,
		sotype: sotype,
		net:    net,
	}
	if err := fd.init(); err != nil {
		poll.CloseFunc(sysfd)
		return nil, err
	}
	return fd, nil
}

func newListenFD(ctx context.Context, sysfd int, net string, family, sotype int, laddr sockaddr, ctrlCtxFn func(context.Context, string, string, syscall.RawConn) error) (*netFD, error) {
	fd, err := newHostFD(sysfd, net, family, sotype)
	if err != nil {
		return nil, err
	}
	local, _, errno := fd.hostAddrs()
	if errno != 0 {
		fd.Close()
		return nil, hostCallError("getsockname", uint32(sysfd), errno)
	}
	if local == nil {
		local = laddr
	}
	fd.setAddr(local, nil)
	if ctrlCtxFn != nil {
		// There is nothing that could be set before the socket is bound, which the host has done.
		if err := ctrlCtxFn(ctx, ctrlNetwork(net, family), laddr.String(), unsupportedRawConn{}); err != nil {
			fd.Close()
			return nil, err
		}
	}
	return fd, nil
}

func dialHost(ctx context.Context, net string, family, sotype int, local, remote string, raddr sockaddr) (*netFD, error) {
	if err := ctx.Err(); err != nil {
		return nil, mapErr(err)
	}
	var sysfd uint32
	if errno := syscall.Errno(hostDial(net, local, remote, &sysfd)); errno != 0 {
		return nil, hostCallError("connect", noHostFD, errno)
	}
	fd, err := newHostFD(int(sysfd), net, family, sotype)
	if err != nil {
		return nil, err
	}
	if err := fd.waitConnected(ctx, raddr); err != nil {
		fd.Close() // The host gives up.
		return nil, err
	}
	return fd, nil
}

// waitConnected waits for the end of what hostDial began.
func (fd *netFD) waitConnected(ctx context.Context, raddr Addr) (ret error) {
	if ctx.Done() != nil {
		if deadline, ok := ctx.Deadline(); ok {
			fd.pfd.SetWriteDeadline(deadline)
			defer fd.pfd.SetWriteDeadline(noDeadline)
		}
		canceled := testHookCanceledDial
		stop := context.AfterFunc(ctx, func() {
			fd.pfd.SetWriteDeadline(aLongTimeAgo)
			canceled()
		})
		defer func() {
			if !stop() && ret == nil {
				// The deadline that is set, or about to be, would make the connection useless.
				ret = mapErr(ctx.Err())
			}
		}()
	}
	for {
		if err := fd.pfd.WaitWrite(); err != nil {
			if ctx.Err() != nil {
				err = mapErr(ctx.Err())
			}
			return err
		}
		local, remote, errno := fd.hostAddrs()
		if errno == syscall.EINPROGRESS {
			continue
		}
		if errno != 0 {
			return hostCallError("connect", uint32(fd.pfd.Sysfd), errno)
		}
		if remote == nil {
			remote = raddr
		}
		fd.isConnected = true
		fd.setAddr(local, remote)
		return nil
	}
}

func (fd *netFD) accept() (*netFD, error) {
	if fd.fakeNetFD != nil {
		return fd.originalAccept()
	}
	sysfd, _, errcall, err := fd.pfd.Accept()
	if err != nil {
		if errcall != "" {
			err = wrapSyscallError(errcall, err)
		}
		return nil, err
	}
	conn, err := newHostFD(sysfd, fd.net, fd.family, fd.sotype)
	if err != nil {
		return nil, err
	}
	local, remote, errno := conn.hostAddrs()
	if errno != 0 {
		err := hostCallError("accept", uint32(sysfd), errno)
		conn.Close()
		return nil, err
	}
	conn.setAddr(local, remote)
	return conn, nil
}

// hostAddrs asks the host for the addresses of a socket, and so whether it has become what it was to be.
func (fd *netFD) hostAddrs() (local, remote Addr, errno syscall.Errno) {
	text, errno := hostText(func(buf unsafe.Pointer, size uint32, n *uint32) uint32 {
		return hostStatus(uint32(fd.pfd.Sysfd), buf, size, n)
	})
	if errno != 0 {
		return nil, nil, errno
	}
	laddr, raddr := text, ""
	for i := range len(text) {
		if text[i] == 0 {
			laddr, raddr = text[:i], text[i+1:]
			break
		}
	}
	return fd.hostAddr(laddr), fd.hostAddr(raddr), 0
}

// hostAddr returns an address that the host gave as text.
func (fd *netFD) hostAddr(text string) Addr {
	switch fd.net {
	case "tcp", "tcp4", "tcp6":
		if addr, err := netip.ParseAddrPort(text); err == nil {
			return TCPAddrFromAddrPort(addr)
		}
	case "udp", "udp4", "udp6":
		if addr, err := netip.ParseAddrPort(text); err == nil {
			return UDPAddrFromAddrPort(addr)
		}
	case "unix", "unixgram", "unixpacket":
		if text == "@" {
			text = "" // Only for GOOS=linux are those named that have no name.
		}
		return &UnixAddr{Name: text, Net: fd.net}
	}
	return nil
}

// sockaddrText returns an address as the host takes it: nothing for none. Errors are those of addresses of another family, and of the
// system call that would not take it.
func sockaddrText(syscallName string, family int, addr sockaddr) (string, error) {
	if addr == nil {
		return "", nil
	}
	sa, err := addr.sockaddr(family)
	if err != nil {
		return "", err
	}
	var buf [maxAddrText]byte
	switch sa := sa.(type) {
	case *syscall.SockaddrInet4:
		if !validPort(sa.Port) {
			return "", os.NewSyscallError(syscallName, syscall.EINVAL)
		}
		if sa.Addr == [4]byte{} {
			return ":" + portText(sa.Port), nil
		}
		return string(appendInet4(buf[:0], sa)), nil
	case *syscall.SockaddrInet6:
		if !validPort(sa.Port) {
			return "", os.NewSyscallError(syscallName, syscall.EINVAL)
		}
		if sa.Addr == [16]byte{} {
			return ":" + portText(sa.Port), nil
		}
		return string(appendInet6(buf[:0], sa)), nil
	case *syscall.SockaddrUnix:
		return sa.Name, nil
	}
	return "", nil // a nil pointer
}

// ctrlNetwork is the network that functions for control are told, as on other systems.
func ctrlNetwork(net string, family int) string {
	switch net {
	case "unix", "unixgram", "unixpacket":
		return net
	}
	switch net[len(net)-1] {
	case '4', '6':
		return net
	}
	if family == syscall.AF_INET {
		return net + "4"
	}
	return net + "6"
}

// unsupportedRawConn is what functions for control get, which may well look at addresses: there is no socket yet whose options they
// could set.
type unsupportedRawConn struct{}

func (unsupportedRawConn) Control(func(uintptr)) error    { return syscall.ENOTSUP }
func (unsupportedRawConn) Read(func(uintptr) bool) error  { return syscall.ENOTSUP }
func (unsupportedRawConn) Write(func(uintptr) bool) error { return syscall.ENOTSUP }

// dup returns a file for the same descriptor, which lives until both are closed: WASI cannot duplicate descriptors.
func (fd *netFD) dup() (*os.File, error) {
	if fd.fakeNetFD != nil {
		return fd.fakeNetFD.dup()
	}
	var f *os.File
	err := fd.pfd.RawControl(func(sysfd uintptr) {
		f = os.NewFile(sysfd, fd.name())
		f.PollFD().SysFile = fd.pfd.Copy().SysFile
	})
	if err != nil {
		return nil, err // It is closed.
	}
	return f, nil
}

func fileListener(f *os.File) (Listener, error) {
	fd, err := fileHostFD(f)
	if fd == nil && err == nil {
		return originalFileListener(f)
	}
	if err != nil {
		return nil, err
	}
	switch laddr := fd.laddr.(type) {
	case *TCPAddr:
		return &TCPListener{fd: fd}, nil
	case *UnixAddr:
		return &UnixListener{fd: fd, path: laddr.Name, unlink: false}, nil
	}
	fd.Close()
	return nil, syscall.EINVAL
}

func fileConn(f *os.File) (Conn, error) {
	fd, err := fileHostFD(f)
	if fd == nil && err == nil {
		return originalFileConn(f)
	}
	if err != nil {
		return nil, err
	}
	switch fd.laddr.(type) {
	case *TCPAddr:
		return newTCPConn(fd, defaultTCPKeepAliveIdle, KeepAliveConfig{}, testPreHookSetKeepAlive, testHookSetKeepAlive), nil
	case *UDPAddr:
		return newUDPConn(fd), nil
	case *UnixAddr:
		return newUnixConn(fd), nil
	}
	fd.Close()
	return nil, syscall.EINVAL
}

func filePacketConn(f *os.File) (PacketConn, error) {
	fd, err := fileHostFD(f)
	if fd == nil && err == nil {
		return originalFilePacketConn(f)
	}
	if err != nil {
		return nil, err
	}
	switch fd.laddr.(type) {
	case *UDPAddr:
		return newUDPConn(fd), nil
	case *UnixAddr:
		return newUnixConn(fd), nil
	}
	fd.Close()
	return nil, syscall.EINVAL
}

// fileHostFD returns a netFD for a file that is a socket of the host's, or nil if it is not.
func fileHostFD(f *os.File) (*netFD, error) {
	pfd := f.PollFD()
	if pfd.Sysfd < firstHostFD {
		return nil, nil
	}
	filetype, err := fd_fdstat_get_type(pfd.Sysfd)
	if err != nil {
		return nil, os.NewSyscallError("fd_fdstat_get", err)
	}
	fd := &netFD{pfd: pfd.Copy(), family: syscall.AF_INET6, sotype: syscall.SOCK_STREAM}
	inet, unix := "tcp", "unix"
	if filetype == syscall.FILETYPE_SOCKET_DGRAM {
		fd.sotype = syscall.SOCK_DGRAM
		fd.pfd.IsStream, fd.pfd.ZeroReadIsEOF = false, false
		inet, unix = "udp", "unixgram"
	}
	if err := fd.init(); err != nil {
		fd.pfd.Close()
		return nil, err
	}
	fd.net = inet
	local, remote, errno := fd.hostAddrs()
	if local == nil && errno == 0 {
		fd.net, fd.family = unix, syscall.AF_UNIX
		local, remote, errno = fd.hostAddrs()
	}
	if errno != 0 {
		fd.pfd.Close()
		return nil, os.NewSyscallError("getsockname", errno)
	}
	fd.isConnected = remote != nil && (fd.net != "unix" && fd.net != "unixgram" || remote.String() != "")
	fd.setAddr(local, remote)
	return fd, nil
}
