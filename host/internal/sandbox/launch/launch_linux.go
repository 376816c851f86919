package launch

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

func init() {
	if len(os.Args) != 1 || os.Args[0] != Argument {
		return
	}
	fd, err := strconv.Atoi(os.Getenv(Variable))
	if err != nil {
		return
	}
	// What is given up is the thread's, and the program goes on with this thread only.
	runtime.LockOSThread()
	l := launcher{control: os.NewFile(uintptr(fd), "orders")}
	err = l.run()
	_ = Send(l.control, Report{Error: err.Error()})
	os.Exit(1)
}

type launcher struct {
	control *os.File
	orders  Orders
	report  Report
	memory  *Limit // of the program, which this process itself may have more than
	program int    // the descriptor of the executable
	ownRoot bool   // what there is of files is what it is granted
}

// run returns only if something is wrong.
func (l *launcher) run() error {
	if err := Receive(l.control, &l.orders); err != nil {
		return fmt.Errorf("its orders: %w", err)
	}
	unix.Umask(0o022)
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"descriptors", l.moveProgram},
		{"network", l.raiseLoopback},
		{"files", l.enterRoot},
		{"privileges", l.bound},
		{"user", l.becomeUser},
		{"capabilities", l.dropCapabilities},
		{"limits", l.limit},
		{"landlock", l.landlock},
		{"descriptors", l.closeFiles},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	if err := Send(l.control, l.report); err != nil {
		return err
	}
	// Changes of who the process is have undone what the host had set. If the host is dead by now the orders end.
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return err
	}
	var filter Filter
	if err := Receive(l.control, &filter); err != nil {
		return fmt.Errorf("its filter: %w", err)
	}
	if err := l.filter(&filter); err != nil {
		return fmt.Errorf("seccomp: %w", err)
	}
	return l.execute()
}

// missing notes a protection that the system does not have.
func (l *launcher) missing(what string, err error) {
	l.report.Missing = append(l.report.Missing, fmt.Sprintf("%s: %v", what, err))
}

func (l *launcher) applied(what string) { l.report.Applied = append(l.report.Applied, what) }

// moveProgram puts the executable's descriptor beyond those that the program may have: when it is gone nothing can take its number, by which
// the filter knows the one program that may be executed.
func (l *launcher) moveProgram() error {
	var now unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &now); err != nil {
		return err
	}
	most := uint64(l.orders.MaxFiles)
	if most >= now.Max {
		most = now.Max - 1
	}
	if now.Cur <= most {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: now.Max, Max: now.Max}); err != nil {
			return err
		}
	}
	if err := unix.Dup3(l.orders.Program, int(most), unix.O_CLOEXEC); err != nil {
		return err
	}
	l.orders.Limits = append(l.orders.Limits, Limit{"descriptors", unix.RLIMIT_NOFILE, most})
	l.program, l.report.Program = int(most), int(most)
	return nil
}

func (l *launcher) limit() error {
	for _, limit := range l.orders.Limits {
		var now unix.Rlimit
		if err := unix.Getrlimit(limit.Resource, &now); err != nil {
			return fmt.Errorf("%s: %w", limit.Name, err)
		}
		limit.Value = min(limit.Value, now.Max)
		if limit.Resource == unix.RLIMIT_DATA {
			// This is the host's program, which may be a large one, and its garbage collector: a limit that is right for the function
			// might end it.
			l.memory = &limit
		} else if err := limit.set(); err != nil {
			return err
		}
		l.applied("limit of " + limit.Name)
	}
	unix.Umask(0o077)
	return unix.Chdir("/")
}

func (l *Limit) set() error {
	if err := unix.Setrlimit(l.Resource, &unix.Rlimit{Cur: l.Value, Max: l.Value}); err != nil {
		return fmt.Errorf("%s: %w", l.Name, err)
	}
	return nil
}

// closeFiles closes what the program is not to have, apart from what is needed until then, which closes by itself.
func (l *launcher) closeFiles() error {
	control := uint(l.control.Fd())
	unix.CloseOnExec(int(control))
	first := uint(l.orders.Keep)
	for _, r := range [][2]uint{{first, control - 1}, {max(first, control+1), uint(l.program) - 1}, {uint(l.program) + 1, math.MaxUint32}} {
		if r[0] > r[1] {
			continue
		}
		// The runtime may be using some: they are closed when the program begins.
		if err := unix.CloseRange(r[0], r[1], unix.CLOSE_RANGE_CLOEXEC); err != nil {
			return l.closeOneByOne()
		}
	}
	return nil
}

// closeOneByOne is for systems before Linux 5.11.
func (l *launcher) closeOneByOne() error {
	for fd := l.orders.Keep; fd < l.program; fd++ {
		unix.CloseOnExec(fd)
	}
	return nil
}

func (l *launcher) filter(f *Filter) error {
	if len(f.Program) == 0 {
		return nil
	}
	program := unix.SockFprog{Len: uint16(len(f.Program)), Filter: &f.Program[0]}
	// Speculation is the program's own affair: it has no secrets from itself.
	flags := uintptr(unix.SECCOMP_FILTER_FLAG_SPEC_ALLOW)
	if f.Notify {
		flags |= unix.SECCOMP_FILTER_FLAG_NEW_LISTENER | unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
	}
	fd, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&program)))
	if errno == unix.EINVAL && f.Notify { // before Linux 5.19
		flags &^= unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
		fd, _, errno = unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&program)))
	}
	if errno != 0 {
		return errno
	}
	l.report = Report{}
	if f.Notify {
		l.report.Listener = int(fd)
	}
	return nil
}

// execute says that all is done, and becomes the program when it is told to.
func (l *launcher) execute() error {
	args, err := syscall.SlicePtrFromStrings(l.orders.Args)
	if err != nil {
		return err
	}
	env, err := syscall.SlicePtrFromStrings(l.orders.Env)
	if err != nil {
		return err
	}
	if err := Send(l.control, l.report); err != nil {
		return err
	}
	var run struct{}
	if err := Receive(l.control, &run); err != nil {
		return err // the host has given up, or is dead
	}
	if l.memory != nil {
		if err := l.memory.set(); err != nil {
			return err
		}
	}
	var none byte
	_, _, errno := unix.RawSyscall6(unix.SYS_EXECVEAT, uintptr(l.program), uintptr(unsafe.Pointer(&none)),
		uintptr(unsafe.Pointer(&args[0])), uintptr(unsafe.Pointer(&env[0])), unix.AT_EMPTY_PATH, 0)
	return os.NewSyscallError("execveat", errno)
}
