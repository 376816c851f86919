//go:build !linux

package sandbox

import (
	"errors"
	"os"
	"runtime"
)

// held is what there is of a process while it runs.
type held struct{}

// start starts the program as it is: there are no protections but that it is given nothing else.
func (p *Process) start(cfg *Config) error {
	p.Missing = []string{"all protections: they are those of Linux, and this is " + runtime.GOOS}
	if cfg.Strict {
		return errors.New("protections are missing, and -strict refuses to do without: " + p.Missing[0])
	}
	p.cmd = cfg.command(cfg.Program.Name(), append([]string{cfg.Function}, cfg.Args...)...)
	p.cmd.SysProcAttr = attributes()
	return p.cmd.Start()
}

// awaitEnd does nothing where there is no waiting that leaves the process.
func (p *Process) awaitEnd() {}

func (p *Process) release() {}

func closeProgram(f *os.File) { closeTemporary(f) }
