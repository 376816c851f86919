//go:build !unix

package sandbox

import (
	"errors"
	"os"
	"syscall"
)

const (
	suffix        = ".exe"
	workingFolder = ""
)

func attributes() *syscall.SysProcAttr { return nil }

func (p *Process) killGroup() {}

func exitOf(state *os.ProcessState) Exit { return Exit{Code: state.ExitCode()} }

func newProgram(string, []byte) (*os.File, error) {
	return nil, errors.New("native isolates need a system that passes open files to programs: place the function as wasm")
}
