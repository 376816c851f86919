package sandbox

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

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
