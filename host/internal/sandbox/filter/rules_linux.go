//go:build amd64 || arm64

package filter

import "golang.org/x/sys/unix"

// rules are the system calls whose arguments matter, those first that are called most.
func (c Config) rules() []rule {
	one := func(number uint32, arg int, values ...uint32) rule {
		return rule{number, []match{when(allow, is(arg, values...))}, errno(unix.EPERM)}
	}
	ask := notify
	if !c.Notify {
		ask = errno(unix.EACCES)
	}
	name := allow
	if c.Names {
		name = notify
	}
	pid := uint32(c.Pid)
	const threadBits = unix.CLONE_THREAD | unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWUSER |
		unix.CLONE_NEWPID | unix.CLONE_NEWNET
	return []rule{
		// Of what is shared with other processes, only waiting and waking: others than these can take waiters away from another word.
		{unix.SYS_FUTEX, []match{
			when(allow, bits(1, futexPrivate, futexPrivate)),
			when(allow, bits(1, futexCommand, futexWait)),
			when(allow, bits(1, futexCommand, futexWake)),
			when(allow, bits(1, futexCommand, futexWaitBitset)),
		}, errno(unix.ENOSYS)},
		// Shared memory without a file counts for no limit.
		{unix.SYS_MMAP, []match{when(errno(unix.ENOMEM), bits(3, unix.MAP_SHARED|unix.MAP_ANONYMOUS, unix.MAP_SHARED|unix.MAP_ANONYMOUS))}, allow},
		one(unix.SYS_TGKILL, 0, pid),
		one(unix.SYS_KILL, 0, pid),
		{unix.SYS_SENDTO, []match{when(allow, zero(4))}, ask},
		{unix.SYS_SENDMSG, nil, ask},
		{unix.SYS_SENDMMSG, nil, ask},
		{unix.SYS_CONNECT, nil, ask},
		{unix.SYS_BIND, nil, ask},
		{unix.SYS_LISTEN, nil, ask},
		{unix.SYS_GETSOCKNAME, nil, name},
		{unix.SYS_SOCKET, c.socketCases(), errno(unix.EPERM)},
		one(unix.SYS_SOCKETPAIR, 0, unix.AF_UNIX),
		{unix.SYS_SETSOCKOPT, optionCases(), errno(unix.ENOPROTOOPT)},
		// Threads, and no processes.
		{unix.SYS_CLONE, []match{when(allow, bits(0, threadBits, unix.CLONE_THREAD))}, errno(unix.EPERM)},
		{unix.SYS_EXECVEAT, []match{when(allow, is(0, uint32(c.Program)))}, errno(unix.EPERM)},
		one(unix.SYS_PRCTL, 0, unix.PR_SET_NAME, unix.PR_GET_NAME, unix.PR_SET_VMA, unix.PR_CAPBSET_READ, unix.PR_GET_DUMPABLE, unix.PR_GET_NO_NEW_PRIVS,
			unix.PR_GET_SECCOMP, unix.PR_GET_TIMERSLACK, unix.PR_SET_TIMERSLACK, unix.PR_GET_THP_DISABLE, unix.PR_SET_THP_DISABLE, unix.PR_GET_PDEATHSIG),
		// Bytes that wait, whether to wait, and whether a file is a terminal.
		{unix.SYS_IOCTL, []match{when(allow, is(1, unix.TCGETS, unix.TIOCGWINSZ, unix.TIOCINQ, unix.TIOCOUTQ, fionbio, fioclex, fionclex))}, errno(unix.ENOTTY)},
		// Not those by which the kernel sends signals in the process's stead.
		one(unix.SYS_FCNTL, 1, unix.F_DUPFD, unix.F_DUPFD_CLOEXEC, unix.F_GETFD, unix.F_SETFD, unix.F_GETFL, unix.F_SETFL, unix.F_GETLK, unix.F_SETLK,
			unix.F_SETLKW, unix.F_OFD_GETLK, unix.F_OFD_SETLK, unix.F_OFD_SETLKW, unix.F_GETPIPE_SZ, unix.F_SETPIPE_SZ, unix.F_GET_SEALS),
		one(unix.SYS_PRLIMIT64, 0, 0, pid),
		one(unix.SYS_SCHED_SETAFFINITY, 0, 0),
	}
}

// socketCases are for Unix sockets, for TCP and UDP, and for asking about networks.
func (c Config) socketCases() []match {
	cases := []match{when(allow, is(0, unix.AF_UNIX), is(2, 0))}
	if c.Notify {
		cases = append(cases, when(allow, is(0, unix.AF_NETLINK), is(2, unix.NETLINK_ROUTE)))
	}
	const kind = 0xf // the rest are flags
	return append(cases,
		when(errno(unix.EAFNOSUPPORT), isNot(0, unix.AF_INET, unix.AF_INET6)),
		when(errno(unix.EPROTONOSUPPORT), isNot(2, 0, unix.IPPROTO_TCP, unix.IPPROTO_UDP)),
		when(allow, bits(1, kind, unix.SOCK_STREAM)),
		when(allow, bits(1, kind, unix.SOCK_DGRAM)))
}

// optionCases are the options of sockets that concern a connection, and not where it leads: no routes, devices, groups and programs.
func optionCases() []match {
	return []match{
		when(allow, is(1, unix.SOL_SOCKET), is(2, unix.SO_REUSEADDR, unix.SO_REUSEPORT, unix.SO_KEEPALIVE, unix.SO_LINGER, unix.SO_BROADCAST, unix.SO_SNDBUF,
			unix.SO_RCVBUF, unix.SO_RCVTIMEO, unix.SO_SNDTIMEO, unix.SO_RCVLOWAT, unix.SO_OOBINLINE, unix.SO_PRIORITY, unix.SO_TIMESTAMP, unix.SO_TIMESTAMPNS,
			unix.SO_TIMESTAMPING, unix.SO_RXQ_OVFL, unix.SO_BUSY_POLL, unix.SO_ZEROCOPY, unix.SO_PASSCRED)),
		when(allow, is(1, unix.IPPROTO_TCP), is(2, unix.TCP_NODELAY, unix.TCP_MAXSEG, unix.TCP_CORK, unix.TCP_KEEPIDLE, unix.TCP_KEEPINTVL, unix.TCP_KEEPCNT,
			unix.TCP_SYNCNT, unix.TCP_LINGER2, unix.TCP_DEFER_ACCEPT, unix.TCP_WINDOW_CLAMP, unix.TCP_QUICKACK, unix.TCP_USER_TIMEOUT, unix.TCP_NOTSENT_LOWAT,
			unix.TCP_CONGESTION, unix.TCP_INQ)),
		when(allow, is(1, unix.IPPROTO_IP), is(2, unix.IP_TOS, unix.IP_TTL, unix.IP_MTU_DISCOVER, unix.IP_RECVERR, unix.IP_PKTINFO, unix.IP_RECVTTL, unix.IP_RECVTOS,
			unix.IP_BIND_ADDRESS_NO_PORT)),
		when(allow, is(1, unix.IPPROTO_IPV6), is(2, unix.IPV6_V6ONLY, unix.IPV6_TCLASS, unix.IPV6_UNICAST_HOPS, unix.IPV6_MTU_DISCOVER, unix.IPV6_RECVERR,
			unix.IPV6_RECVPKTINFO, unix.IPV6_RECVHOPLIMIT, unix.IPV6_RECVTCLASS, unix.IPV6_MTU)),
		when(allow, is(1, unix.IPPROTO_UDP), is(2, unix.UDP_SEGMENT, unix.UDP_GRO)),
	}
}

// What package unix has no names for.
const (
	futexPrivate    = 0x80
	futexCommand    = 0xff
	futexWait       = 0
	futexWake       = 1
	futexWaitBitset = 9

	fionclex = 0x5450
	fioclex  = 0x5451
	fionbio  = 0x5421
)
