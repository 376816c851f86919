//go:build unix

package sandbox

import (
	"os"
	"syscall"
)

const (
	suffix        = ""
	workingFolder = "/"
)

// killGroup ends what is left of the process's group.
func (p *Process) killGroup() { _ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) }

func exitOf(state *os.ProcessState) Exit {
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return Exit{-1, ws.Signal().String()}
	}
	return Exit{Code: state.ExitCode()}
}
