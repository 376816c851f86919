package sockets

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"syscall"
)

// Errno is an error number of WASI preview 1; 0 is success. See its witx, typename errno.
type Errno uint16

// The numbers in use.
const (
	ErrnoSuccess        Errno = 0
	ErrnoAcces          Errno = 2
	ErrnoAddrinuse      Errno = 3
	ErrnoAddrnotavail   Errno = 4
	ErrnoAfnosupport    Errno = 5
	ErrnoAgain          Errno = 6
	ErrnoAlready        Errno = 7
	ErrnoBadf           Errno = 8
	ErrnoCanceled       Errno = 11
	ErrnoConnaborted    Errno = 13
	ErrnoConnrefused    Errno = 14
	ErrnoConnreset      Errno = 15
	ErrnoDestaddrreq    Errno = 17
	ErrnoExist          Errno = 20
	ErrnoFault          Errno = 21
	ErrnoHostunreach    Errno = 23
	ErrnoInprogress     Errno = 26
	ErrnoIntr           Errno = 27
	ErrnoInval          Errno = 28
	ErrnoIo             Errno = 29
	ErrnoIsconn         Errno = 30
	ErrnoIsdir          Errno = 31
	ErrnoLoop           Errno = 32
	ErrnoMfile          Errno = 33
	ErrnoMsgsize        Errno = 35
	ErrnoNametoolong    Errno = 37
	ErrnoNetdown        Errno = 38
	ErrnoNetreset       Errno = 39
	ErrnoNetunreach     Errno = 40
	ErrnoNfile          Errno = 41
	ErrnoNobufs         Errno = 42
	ErrnoNoent          Errno = 44
	ErrnoNomem          Errno = 48
	ErrnoNoprotoopt     Errno = 50
	ErrnoNospc          Errno = 51
	ErrnoNotconn        Errno = 53
	ErrnoNotdir         Errno = 54
	ErrnoNotsock        Errno = 57
	ErrnoNotsup         Errno = 58
	ErrnoPerm           Errno = 63
	ErrnoPipe           Errno = 64
	ErrnoProto          Errno = 65
	ErrnoProtonosupport Errno = 66
	ErrnoPrototype      Errno = 67
	ErrnoRange          Errno = 68
	ErrnoRofs           Errno = 69
	ErrnoTimedout       Errno = 73
	ErrnoNotcapable     Errno = 76
)

// ErrnoOf says which number an error of Go or of the operating system is; what is not known is [ErrnoIo].
func ErrnoOf(err error) Errno {
	if err == nil {
		return ErrnoSuccess
	}
	var number syscall.Errno
	if errors.As(err, &number) {
		if errno := ofSystem(number); errno != ErrnoSuccess {
			return errno
		}
	}
	for _, e := range ofGo {
		if errors.Is(err, e.err) {
			return e.errno
		}
	}
	var timeout interface{ Timeout() bool }
	var address *net.AddrError
	var network net.UnknownNetworkError
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		return ErrnoTimedout
	case errors.As(err, &address):
		return ErrnoInval
	case errors.As(err, &network):
		return ErrnoProtonosupport
	}
	return ErrnoIo
}

var ofGo = []struct {
	err   error
	errno Errno
}{
	{context.Canceled, ErrnoCanceled},
	{context.DeadlineExceeded, ErrnoTimedout},
	{os.ErrDeadlineExceeded, ErrnoTimedout},
	{net.ErrClosed, ErrnoBadf},
	{io.ErrClosedPipe, ErrnoPipe},
	{fs.ErrPermission, ErrnoAcces},
	{fs.ErrNotExist, ErrnoNoent},
	{fs.ErrExist, ErrnoExist},
	{errors.ErrUnsupported, ErrnoNotsup},
}

// ofSystem returns 0 for a number that is not known.
func ofSystem(number syscall.Errno) Errno {
	if errno := ofPlatform(number); errno != ErrnoSuccess {
		return errno
	}
	return systemErrnos[number]
}

// systemErrnos has what package syscall names on every system. Some systems use one number for two names, of which the first counts.
var systemErrnos = func() map[syscall.Errno]Errno {
	m := make(map[syscall.Errno]Errno)
	for _, e := range []struct {
		number syscall.Errno
		errno  Errno
	}{
		{syscall.EAGAIN, ErrnoAgain},
		{syscall.EWOULDBLOCK, ErrnoAgain},
		{syscall.EACCES, ErrnoAcces},
		{syscall.EADDRINUSE, ErrnoAddrinuse},
		{syscall.EADDRNOTAVAIL, ErrnoAddrnotavail},
		{syscall.EAFNOSUPPORT, ErrnoAfnosupport},
		{syscall.EALREADY, ErrnoAlready},
		{syscall.EBADF, ErrnoBadf},
		{syscall.ECANCELED, ErrnoCanceled},
		{syscall.ECONNABORTED, ErrnoConnaborted},
		{syscall.ECONNREFUSED, ErrnoConnrefused},
		{syscall.ECONNRESET, ErrnoConnreset},
		{syscall.EDESTADDRREQ, ErrnoDestaddrreq},
		{syscall.EEXIST, ErrnoExist},
		{syscall.EHOSTDOWN, ErrnoHostunreach}, // has no number of its own
		{syscall.EHOSTUNREACH, ErrnoHostunreach},
		{syscall.EINPROGRESS, ErrnoInprogress},
		{syscall.EINTR, ErrnoIntr},
		{syscall.EINVAL, ErrnoInval},
		{syscall.EIO, ErrnoIo},
		{syscall.EISCONN, ErrnoIsconn},
		{syscall.EISDIR, ErrnoIsdir},
		{syscall.ELOOP, ErrnoLoop},
		{syscall.EMFILE, ErrnoMfile},
		{syscall.EMSGSIZE, ErrnoMsgsize},
		{syscall.ENAMETOOLONG, ErrnoNametoolong},
		{syscall.ENETDOWN, ErrnoNetdown},
		{syscall.ENETRESET, ErrnoNetreset},
		{syscall.ENETUNREACH, ErrnoNetunreach},
		{syscall.ENFILE, ErrnoNfile},
		{syscall.ENOBUFS, ErrnoNobufs},
		{syscall.ENOENT, ErrnoNoent},
		{syscall.ENOMEM, ErrnoNomem},
		{syscall.ENOPROTOOPT, ErrnoNoprotoopt},
		{syscall.ENOSPC, ErrnoNospc},
		{syscall.ENOTCONN, ErrnoNotconn},
		{syscall.ENOTDIR, ErrnoNotdir},
		{syscall.ENOTSOCK, ErrnoNotsock},
		{syscall.ENOTSUP, ErrnoNotsup},
		{syscall.EOPNOTSUPP, ErrnoNotsup},
		{syscall.EPERM, ErrnoPerm},
		{syscall.EPIPE, ErrnoPipe},
		{syscall.EPROTO, ErrnoProto},
		{syscall.EPROTONOSUPPORT, ErrnoProtonosupport},
		{syscall.EPROTOTYPE, ErrnoPrototype},
		{syscall.EROFS, ErrnoRofs},
		{syscall.ESHUTDOWN, ErrnoPipe}, // has no number of its own
		{syscall.ETIMEDOUT, ErrnoTimedout},
	} {
		if _, ok := m[e.number]; !ok {
			m[e.number] = e.errno
		}
	}
	return m
}()
