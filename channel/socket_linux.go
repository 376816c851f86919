package channel

import (
	"fmt"
	"os"
	"syscall"
)

const (
	sendFlags = syscall.MSG_NOSIGNAL
	fcntlDup  = syscall.F_DUPFD_CLOEXEC
)

// socketPair makes a pair of sockets.
func socketPair() (a, b *os.File, err error) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("channel: a pair of sockets: %w", err)
	}
	return pairOf(fds)
}

func receiveMessage(fd int, b, oob []byte) (n, oobn, flags int, from syscall.Sockaddr, err error) {
	return syscall.Recvmsg(fd, b, oob, syscall.MSG_CMSG_CLOEXEC)
}
