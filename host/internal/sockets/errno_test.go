package sockets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
)

func TestErrnoOf(t *testing.T) {
	for _, c := range []struct {
		err  error
		want Errno
	}{
		{nil, ErrnoSuccess},
		{syscall.ECONNREFUSED, ErrnoConnrefused},
		{fmt.Errorf("wrapped: %w", syscall.EPIPE), ErrnoPipe},
		{&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ENETUNREACH)}, ErrnoNetunreach},
		{&os.PathError{Op: "open", Path: "/", Err: syscall.EACCES}, ErrnoAcces},
		{os.ErrPermission, ErrnoAcces},
		{os.ErrNotExist, ErrnoNoent},
		{os.ErrDeadlineExceeded, ErrnoTimedout},
		{context.Canceled, ErrnoCanceled},
		{context.DeadlineExceeded, ErrnoTimedout},
		{&net.DNSError{IsTimeout: true}, ErrnoTimedout},
		{&net.OpError{Err: net.ErrClosed}, ErrnoBadf},
		{net.UnknownNetworkError("pigeon"), ErrnoProtonosupport},
		{&net.AddrError{Err: "bad"}, ErrnoInval},
		{io.ErrUnexpectedEOF, ErrnoIo},
		{errors.New("whatever"), ErrnoIo},
		{syscall.Errno(9999), ErrnoIo},
	} {
		if got := ErrnoOf(c.err); got != c.want {
			t.Errorf("%v: %d, want %d", c.err, got, c.want)
		}
	}
}
