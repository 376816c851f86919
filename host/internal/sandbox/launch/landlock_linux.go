package launch

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	readFile   = unix.LANDLOCK_ACCESS_FS_READ_FILE
	readFolder = unix.LANDLOCK_ACCESS_FS_READ_DIR
	execute    = unix.LANDLOCK_ACCESS_FS_EXECUTE
	writeFile  = unix.LANDLOCK_ACCESS_FS_WRITE_FILE
	truncate   = unix.LANDLOCK_ACCESS_FS_TRUNCATE
	ioctl      = unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
)

// landlockRules are the accesses that Landlock of a version can handle, of which none is left but for what is granted.
func landlockRules(version int) unix.LandlockRulesetAttr {
	rules := unix.LandlockRulesetAttr{Handled_access_fs: unix.LANDLOCK_ACCESS_FS_MAKE_SYM<<1 - 1}
	if version >= 2 {
		rules.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if version >= 3 {
		rules.Handled_access_fs |= truncate
	}
	if version >= 4 {
		rules.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
	}
	if version >= 5 {
		rules.Handled_access_fs |= ioctl
	}
	if version >= 6 {
		rules.Scoped = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL
	}
	return rules
}

// landlock confines the process to the files that it is granted, to no connections and to signals among its own.
func (l *launcher) landlock() error {
	version, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		l.missing("Landlock", errno)
		if !l.ownRoot {
			l.missing("files that the isolate is not granted are open to it as to its user", errors.ErrUnsupported)
		}
		return nil
	}
	rules := landlockRules(int(version))
	set, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&rules)), unsafe.Sizeof(rules), 0)
	if errno != 0 {
		return os.NewSyscallError("landlock_create_ruleset", errno)
	}
	defer unix.Close(int(set))
	if l.ownRoot {
		l.orders.Readable = append(l.orders.Readable, "/")
	}
	for _, grant := range []struct {
		paths  []string
		access uint64
	}{
		{l.orders.Readable, readFile | readFolder},
		{l.orders.Executable, readFile | readFolder | execute},
		{l.orders.Writable, readFile | writeFile | ioctl},
	} {
		for _, path := range grant.paths {
			if err := allow(int(set), path, grant.access&rules.Handled_access_fs); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
	}
	if err := allowProgram(int(set), l.program); err != nil {
		return err
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, set, 0, 0); errno != 0 {
		return os.NewSyscallError("landlock_restrict_self", errno)
	}
	l.applied(fmt.Sprintf("Landlock %d", version))
	if version < 6 {
		l.missing("Landlock's scopes of signals and abstract sockets", fmt.Errorf("the kernel has version %d, and they need 6", version))
	}
	return nil
}

// allow grants access below a path. What is not there is not granted.
func allow(set int, path string, access uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EACCES) || errors.Is(err, unix.ENOTDIR) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var info unix.Stat_t
	if err := unix.Fstat(fd, &info); err != nil {
		return err
	}
	if info.Mode&unix.S_IFMT != unix.S_IFDIR {
		access &^= readFolder
	}
	return addRule(set, fd, access)
}

// allowProgram grants running the executable, if it is a file. One that is in memory only needs no grant, and can have none.
func allowProgram(set, program int) error {
	err := addRule(set, program, readFile|execute)
	if errors.Is(err, unix.EBADFD) {
		return nil
	}
	return err
}

func addRule(set, fd int, access uint64) error {
	rule := unix.LandlockPathBeneathAttr{Allowed_access: access, Parent_fd: int32(fd)}
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(set), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&rule)), 0, 0, 0)
	return os.NewSyscallError("landlock_add_rule", errnoOf(errno))
}

func errnoOf(errno unix.Errno) error {
	if errno == 0 {
		return nil
	}
	return errno
}
