package filter

import "golang.org/x/sys/unix"

const (
	arch = unix.AUDIT_ARCH_X86_64
	// x32Bit marks system calls of another kind of process, with other arguments.
	x32Bit = 0x40000000
)

// What only this architecture has: calls that others have never had, as there are better ones.
var (
	platform = []uint32{
		unix.SYS_ARCH_PRCTL, unix.SYS_TIME, unix.SYS_OPEN, unix.SYS_STAT, unix.SYS_LSTAT, unix.SYS_NEWFSTATAT, unix.SYS_POLL, unix.SYS_SELECT, unix.SYS_ACCESS,
		unix.SYS_PIPE, unix.SYS_DUP2, unix.SYS_READLINK, unix.SYS_GETDENTS, unix.SYS_EPOLL_CREATE, unix.SYS_EPOLL_WAIT, unix.SYS_EVENTFD, unix.SYS_PAUSE,
		unix.SYS_ALARM, unix.SYS_GETPGRP, unix.SYS_INOTIFY_INIT, unix.SYS_SIGNALFD,
	}
	platformRefused      = []uint32{unix.SYS_FORK, unix.SYS_VFORK, unix.SYS_MODIFY_LDT, unix.SYS_IOPL, unix.SYS_IOPERM, unix.SYS_KEXEC_LOAD, unix.SYS_KEXEC_FILE_LOAD}
	platformUnchangeable = []uint32{
		unix.SYS_CREAT, unix.SYS_MKDIR, unix.SYS_RMDIR, unix.SYS_MKNOD, unix.SYS_UNLINK, unix.SYS_LINK, unix.SYS_SYMLINK, unix.SYS_RENAME, unix.SYS_RENAMEAT,
		unix.SYS_CHMOD, unix.SYS_CHOWN, unix.SYS_LCHOWN, unix.SYS_UTIME, unix.SYS_UTIMES, unix.SYS_FUTIMESAT,
	}
)
