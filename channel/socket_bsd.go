//go:build unix && !linux

package channel

import (
	"fmt"
	"os"
	"syscall"
)

const (
	sendFlags = 0
	fcntlDup  = syscall.F_DUPFD_CLOEXEC
)

// socketPair makes a pair of sockets.
func socketPair() (a, b *os.File, err error) {
	syscall.ForkLock.RLock()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fds[0])
		syscall.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, fmt.Errorf("channel: a pair of sockets: %w", err)
	}
	return pairOf(fds)
}

func receiveMessage(fd int, b, oob []byte) (n, oobn, flags int, from syscall.Sockaddr, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	n, oobn, flags, from, err = syscall.Recvmsg(fd, b, oob, 0)
	if err != nil || oobn == 0 {
		return n, oobn, flags, from, err
	}
	if messages, err := syscall.ParseSocketControlMessage(oob[:oobn]); err == nil {
		for i := range messages {
			fds, _ := syscall.ParseUnixRights(&messages[i])
			for _, fd := range fds {
				syscall.CloseOnExec(fd)
			}
		}
	}
	return n, oobn, flags, from, nil
}
