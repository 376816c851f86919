package sandbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
)

// Config is what an isolate may have.
type Config struct {
	// Function is whose process it is, for messages, and its argument zero.
	Function string
	// Program is the executable, as [NewProgram] makes it. It is not used any more when Start returns.
	Program *os.File
	// Args are the arguments behind argument zero, and Env is the whole environment, as KEY=VALUE.
	Args, Env []string
	// Files become the descriptors 3, 4 and so on. Stdout and Stderr are nil for nowhere. All stay the caller's.
	Files          []*os.File
	Stdout, Stderr *os.File
	// MaxMemory bounds the memory of the process in bytes, 0 for no bound.
	MaxMemory uint64
	// MaxProcesses and MaxFiles bound its processes, threads included, and its descriptors, 0 for the defaults.
	MaxProcesses, MaxFiles int
	// Strict refuses to start without all protections that the system could have.
	Strict bool
	Log    *slog.Logger
}

// Process is a running isolate. It is safe for concurrent use.
type Process struct {
	// Applied are the protections that hold, and Missing those that the system does not have, each with the reason.
	Applied, Missing []string

	cmd  *exec.Cmd
	done chan struct{} // closed when the process has been waited for
	exit Exit
	err  error
}

// Start starts an isolate. It returns when the program is running. The process and all that it has started end when this process does,
// whatever ends it, as far as the system can do that.
func Start(ctx context.Context, cfg Config) (*Process, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	path, release, err := executable(cfg.Program, 3+len(cfg.Files))
	if err != nil {
		return nil, fmt.Errorf("function %s: its program cannot be run: %w", cfg.Function, err)
	}
	p := &Process{done: make(chan struct{}), cmd: &exec.Cmd{
		Path: path, Args: append([]string{cfg.Function}, cfg.Args...), Env: cfg.Env, Dir: workingFolder,
		ExtraFiles: cfg.Files, SysProcAttr: attributes(),
	}}
	if cfg.Env == nil {
		p.cmd.Env = []string{} // nil would be this process's
	}
	if cfg.Stdout != nil {
		p.cmd.Stdout = cfg.Stdout
	}
	if cfg.Stderr != nil {
		p.cmd.Stderr = cfg.Stderr
	}
	started := make(chan error)
	go p.run(started)
	err = <-started
	release()
	if err != nil {
		return nil, fmt.Errorf("function %s: its program does not start: %w", cfg.Function, err)
	}
	return p, nil
}

// run starts the process and waits for it on one thread, which lives as long as it: the system ends a process with the thread that has
// started it.
func (p *Process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	defer close(p.done)
	p.awaitEnd()
	p.killGroup() // what the process has left behind, while its number is its own
	err = p.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.err = err
		return
	}
	p.exit = exitOf(p.cmd.ProcessState)
}

// Pid is the number of the process.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Wait waits until the process has ended, and says how.
func (p *Process) Wait() (Exit, error) {
	<-p.done
	return p.exit, p.err
}

// Signal sends a signal to the process, if it has not ended.
func (p *Process) Signal(sig os.Signal) error { return p.cmd.Process.Signal(sig) }

// Kill ends the process, and with it those that it has started, at once.
func (p *Process) Kill() { _ = p.cmd.Process.Kill() } // it may have ended

// Exit says how a process has ended.
type Exit struct {
	// Code is its exit code, -1 if a signal has ended it.
	Code int
	// Signal is that signal, or empty.
	Signal string
}

func (e Exit) String() string {
	if e.Signal != "" {
		return "it was ended by a signal: " + e.Signal
	}
	return fmt.Sprintf("it exited with code %d", e.Code)
}

// RunLauncher is called first by whatever program starts isolates: if this process has been started to become one, it does, and the
// call does not return.
func RunLauncher() {}

// NewProgram makes an executable file of a program, that nobody can change. Whoever made it gives it back with [CloseProgram].
func NewProgram(function string, code []byte) (*os.File, error) {
	f, err := newProgram(function, code)
	if err != nil {
		return nil, fmt.Errorf("function %s: no file for its program: %w", function, err)
	}
	return f, nil
}

// CloseProgram removes a program. Processes that run it go on.
func CloseProgram(f *os.File) { closeProgram(f) }

// temporary is NewProgram with a file in the folder for temporary ones.
func temporary(code []byte) (*os.File, error) {
	f, err := os.CreateTemp("", "cofaas-*"+suffix)
	if err != nil {
		return nil, err
	}
	_, err = f.Write(code)
	name := f.Name()
	if err = errors.Join(err, f.Chmod(0o500), f.Close()); err == nil {
		f, err = os.Open(name)
	}
	if err != nil {
		_ = os.Remove(name)
		return nil, err
	}
	return f, nil
}

func closeTemporary(f *os.File) {
	_ = f.Close()
	_ = os.Remove(f.Name())
}
