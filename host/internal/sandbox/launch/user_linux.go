package launch

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// becomeUser changes the user of the thread, and so of the program. Whoever has a namespace of users became its user with it.
func (l *launcher) becomeUser() error {
	user := l.orders.User
	if user == 0 {
		return nil
	}
	// These are for the thread only; those of package unix are for all threads.
	if _, _, errno := unix.RawSyscall(unix.SYS_SETGROUPS, 0, 0, 0); errno != 0 {
		return os.NewSyscallError("setgroups", errno)
	}
	err := setUser(user)
	if errors.Is(err, unix.EINVAL) { // not mapped in the namespace in which the host is
		user = l.orders.Fallback
		err = setUser(user)
	}
	if err == nil {
		l.applied(fmt.Sprintf("user %d", user))
	}
	return err
}

func setUser(id int) error {
	if _, _, errno := unix.RawSyscall(unix.SYS_SETRESGID, uintptr(id), uintptr(id), uintptr(id)); errno != 0 {
		return os.NewSyscallError("setresgid", errno)
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, uintptr(id), uintptr(id), uintptr(id)); errno != 0 {
		return os.NewSyscallError("setresuid", errno)
	}
	return nil
}

// bound gives up the privileges that what is executed could get.
func (l *launcher) bound() error {
	for c := uintptr(0); ; c++ {
		err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0)
		if errors.Is(err, unix.EINVAL) {
			break // the kernel knows no more
		}
		if errors.Is(err, unix.EPERM) {
			break // who has no privileges cannot give this up, and needs not: nothing that is executed gives new ones
		}
		if err != nil {
			return os.NewSyscallError("capbset_drop", err)
		}
	}
	return nil
}

// dropCapabilities gives up all privileges, and the ways to get them back.
func (l *launcher) dropCapabilities() error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return os.NewSyscallError("no_new_privs", err)
	}
	l.applied("no_new_privs")
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return os.NewSyscallError("cap_ambient", err)
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	if _, _, errno := unix.RawSyscall(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&none)), 0); errno != 0 {
		return os.NewSyscallError("capset", errno)
	}
	l.applied("no capabilities")
	return nil
}
