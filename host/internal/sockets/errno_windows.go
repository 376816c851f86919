package sockets

import "syscall"

// ofPlatform knows the numbers of Windows Sockets, which are what the system returns there; those that package syscall has under the
// names of POSIX are inventions of Go.
func ofPlatform(number syscall.Errno) Errno { return windowsErrnos[number] }

// windowsErrnos is from Microsoft's "Windows Sockets Error Codes" and "System Error Codes".
var windowsErrnos = map[syscall.Errno]Errno{
	2:     ErrnoNoent,
	3:     ErrnoNoent,
	5:     ErrnoAcces,
	64:    ErrnoConnreset,   // ERROR_NETNAME_DELETED
	109:   ErrnoPipe,        // ERROR_BROKEN_PIPE
	121:   ErrnoTimedout,    // ERROR_SEM_TIMEOUT
	234:   ErrnoMsgsize,     // ERROR_MORE_DATA
	995:   ErrnoCanceled,    // ERROR_OPERATION_ABORTED
	1225:  ErrnoConnrefused, // ERROR_CONNECTION_REFUSED
	1231:  ErrnoNetunreach,
	1232:  ErrnoHostunreach,
	1234:  ErrnoConnrefused, // ERROR_PORT_UNREACHABLE
	1236:  ErrnoConnaborted,
	10004: ErrnoIntr,
	10009: ErrnoBadf,
	10013: ErrnoAcces,
	10022: ErrnoInval,
	10024: ErrnoMfile,
	10035: ErrnoAgain,
	10036: ErrnoInprogress,
	10037: ErrnoAlready,
	10038: ErrnoNotsock,
	10039: ErrnoDestaddrreq,
	10040: ErrnoMsgsize,
	10041: ErrnoPrototype,
	10042: ErrnoNoprotoopt,
	10043: ErrnoProtonosupport,
	10045: ErrnoNotsup,
	10047: ErrnoAfnosupport,
	10048: ErrnoAddrinuse,
	10049: ErrnoAddrnotavail,
	10050: ErrnoNetdown,
	10051: ErrnoNetunreach,
	10052: ErrnoNetreset,
	10053: ErrnoConnaborted,
	10054: ErrnoConnreset,
	10055: ErrnoNobufs,
	10056: ErrnoIsconn,
	10057: ErrnoNotconn,
	10058: ErrnoPipe, // WSAESHUTDOWN
	10060: ErrnoTimedout,
	10061: ErrnoConnrefused,
	10062: ErrnoLoop,
	10063: ErrnoNametoolong,
	10064: ErrnoHostunreach,
	10065: ErrnoHostunreach,
}
