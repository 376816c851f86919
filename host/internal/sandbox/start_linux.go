package sandbox

import (
	"errors"
	"fmt"
	"math"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// keepFiles keeps this process's files from programs that it starts. Go has done so with those that it has opened, not with those that the
// process was given. It does what it can: systems before Linux 5.11 do not know how.
var keepFiles = sync.OnceFunc(func() { _ = unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC) })

// awaitEnd waits until the process has ended, and leaves it to be waited for.
func (p *Process) awaitEnd() {
	for unix.Waitid(unix.P_PID, p.cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
}

// newProgram keeps a program in memory.
func newProgram(function string, code []byte) (*os.File, error) {
	const flags = unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING
	fd, err := unix.MemfdCreate(function, flags|unix.MFD_EXEC)
	if errors.Is(err, unix.EINVAL) { // before Linux 6.3
		fd, err = unix.MemfdCreate(function, flags)
	}
	if err != nil {
		return temporary(code)
	}
	f := os.NewFile(uintptr(fd), inMemory)
	_, err = f.Write(code)
	if err == nil {
		_, err = unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_SEAL|unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_WRITE)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// inMemory is the name of a program that has no path.
const inMemory = "memfd"

func closeProgram(f *os.File) {
	if f.Name() == inMemory {
		_ = f.Close()
		return
	}
	closeTemporary(f)
}

// executable returns a path that leads a child to a program, until release is called. The child has files in its descriptors below one:
// those that it is given are first moved beyond all of them, which must not hit the program's.
func executable(program *os.File, below int) (path string, release func(), err error) {
	keepFiles()
	if program.Name() != inMemory {
		return program.Name(), func() {}, nil
	}
	conn, err := program.SyscallConn()
	if err != nil {
		return "", nil, err
	}
	var dup int
	if e := conn.Control(func(fd uintptr) {
		dup, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, max(int(fd), below)+outOfTheWay)
	}); e != nil {
		err = e
	}
	if err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("/proc/self/fd/%d", dup), func() { _ = unix.Close(dup) }, nil
}

// outOfTheWay is how many descriptors a child may need to move its files about.
const outOfTheWay = 256
