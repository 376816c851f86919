//go:build unix && !linux

package sandbox

import (
	"os"
	"syscall"
)

func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func newProgram(_ string, code []byte) (*os.File, error) { return temporary(code) }

// awaitEnd does nothing where there is no waiting that leaves the process.
func (p *Process) awaitEnd() {}

func closeProgram(f *os.File) { closeTemporary(f) }

func executable(program *os.File, _ int) (string, func(), error) {
	return program.Name(), func() {}, nil
}
