package netoverlay

import "strings"

// A function is one of package net that our files rely on.
type function struct {
	receiver, name string
	// signature is as [signature] has it.
	signature string
	// replaced says that one of ours has its name, and calls it as originalName.
	replaced bool
}

func (f function) String() string {
	if f.receiver == "" {
		return f.name
	}
	return "(" + f.receiver + ")." + f.name
}

// originalName is what the function is called in the overlay: originalSocket for socket.
func (f function) originalName() string {
	return "original" + strings.ToUpper(f.name[:1]) + f.name[1:]
}

func replaced(receiver, name, signature string) function {
	return function{receiver, name, signature, true}
}

func used(receiver, name, signature string) function {
	return function{receiver, name, signature, false}
}

// expectations are the functions by the file that they are in.
var expectations = map[string][]function{
	"net_fake.go": {
		replaced("", "socket", "func(context.Context, string, int, int, int, bool, sockaddr, sockaddr, "+
			"func(context.Context, string, string, syscall.RawConn) error) (*netFD, error)"),
		replaced("", "validateResolvedAddr", "func(string, int, sockaddr) error"),
		used("", "fakeAddr", "func(sockaddr) fakeSockAddr"),
		used("*fakeNetFD", "dup", "func() (*os.File, error)"),
		used("*fakeNetFD", "readFrom", "func([]byte) (int, syscall.Sockaddr, error)"),
		used("*fakeNetFD", "readFromInet4", "func([]byte, *syscall.SockaddrInet4) (int, error)"),
		used("*fakeNetFD", "readFromInet6", "func([]byte, *syscall.SockaddrInet6) (int, error)"),
		used("*fakeNetFD", "readMsg", "func([]byte, []byte, int) (int, int, int, syscall.Sockaddr, error)"),
		used("*fakeNetFD", "readMsgInet4", "func([]byte, []byte, int, *syscall.SockaddrInet4) (int, int, int, error)"),
		used("*fakeNetFD", "readMsgInet6", "func([]byte, []byte, int, *syscall.SockaddrInet6) (int, int, int, error)"),
		used("*fakeNetFD", "writeTo", "func([]byte, syscall.Sockaddr) (int, error)"),
		used("*fakeNetFD", "writeToInet4", "func([]byte, *syscall.SockaddrInet4) (int, error)"),
		used("*fakeNetFD", "writeToInet6", "func([]byte, *syscall.SockaddrInet6) (int, error)"),
		used("*fakeNetFD", "writeMsg", "func([]byte, []byte, syscall.Sockaddr) (int, int, error)"),
		used("*fakeNetFD", "writeMsgInet4", "func([]byte, []byte, *syscall.SockaddrInet4) (int, int, error)"),
		used("*fakeNetFD", "writeMsgInet6", "func([]byte, []byte, *syscall.SockaddrInet6) (int, int, error)"),
	},
	"fd_fake.go": {
		replaced("*netFD", "accept", "func() (*netFD, error)"),
		used("*netFD", "init", "func() error"),
		used("*netFD", "setAddr", "func(Addr, Addr)"),
		used("*netFD", "name", "func() string"),
		used("*netFD", "Close", "func() error"),
	},
	"file_wasip1.go": {
		replaced("", "fileListener", "func(*os.File) (Listener, error)"),
		replaced("", "fileConn", "func(*os.File) (Conn, error)"),
		replaced("", "filePacketConn", "func(*os.File) (PacketConn, error)"),
		used("", "fd_fdstat_get_type", "func(int) (uint8, error)"),
	},
	"lookup_unix.go": {
		replaced("*Resolver", "lookupHost", "func(context.Context, string) ([]string, error)"),
		replaced("*Resolver", "lookupIP", "func(context.Context, string, string) ([]IPAddr, error)"),
		replaced("*Resolver", "lookupCNAME", "func(context.Context, string) (string, error)"),
		replaced("*Resolver", "lookupSRV", "func(context.Context, string, string, string) (string, []*SRV, error)"),
		replaced("*Resolver", "lookupMX", "func(context.Context, string) ([]*MX, error)"),
		replaced("*Resolver", "lookupNS", "func(context.Context, string) ([]*NS, error)"),
		replaced("*Resolver", "lookupTXT", "func(context.Context, string) ([]string, error)"),
		replaced("*Resolver", "lookupAddr", "func(context.Context, string) ([]string, error)"),
	},
	"sockopt_fake.go": {
		replaced("", "setReadBuffer", "func(*netFD, int) error"),
		replaced("", "setWriteBuffer", "func(*netFD, int) error"),
		replaced("", "setKeepAlive", "func(*netFD, bool) error"),
		replaced("", "setLinger", "func(*netFD, int) error"),
	},
	"tcpsockopt_stub.go": {
		replaced("", "setNoDelay", "func(*netFD, bool) error"),
		replaced("", "setKeepAliveIdle", "func(*netFD, time.Duration) error"),
		replaced("", "setKeepAliveInterval", "func(*netFD, time.Duration) error"),
		replaced("", "setKeepAliveCount", "func(*netFD, int) error"),
	},
	"interface_stub.go": {
		replaced("", "interfaceTable", "func(int) ([]Interface, error)"),
		replaced("", "interfaceAddrTable", "func(*Interface) ([]Addr, error)"),
	},
	"interface.go": {
		used("*ipv6ZoneCache", "name", "func(int) string"),
		used("*ipv6ZoneCache", "index", "func(string) int"),
	},
	"net.go": {
		used("", "mapErr", "func(error) error"),
		used("", "newDNSError", "func(error, string, string) *DNSError"),
	},
	"error_posix.go": {
		used("", "wrapSyscallError", "func(string, error) error"),
	},
	"tcpsock.go": {
		used("", "newTCPConn", "func(*netFD, time.Duration, KeepAliveConfig, func(*netFD), func(KeepAliveConfig)) *TCPConn"),
	},
	"udpsock.go": {
		used("", "newUDPConn", "func(*netFD) *UDPConn"),
	},
	"unixsock.go": {
		used("", "newUnixConn", "func(*netFD) *UnixConn"),
	},
}
