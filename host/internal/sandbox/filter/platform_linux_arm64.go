package filter

import "golang.org/x/sys/unix"

const (
	arch   = unix.AUDIT_ARCH_AARCH64
	x32Bit = 0 // there is no other kind of process with numbers among these
)

var (
	platform             = []uint32{unix.SYS_NEWFSTATAT}
	platformRefused      = []uint32{unix.SYS_KEXEC_LOAD, unix.SYS_KEXEC_FILE_LOAD}
	platformUnchangeable = []uint32{unix.SYS_RENAMEAT}
)
