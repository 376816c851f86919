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
	// Mounts are files and folders that it may read.
	Mounts []Mount
	// Network is what it may reach; nil is nothing.
	Network *Network
	// Strict refuses to start if a protection is missing.
	Strict bool
	Log    *slog.Logger
}

// Mount is a file or folder of the host that an isolate finds at an absolute path.
type Mount struct{ Path, Source string }

// What holds by default.
const (
	defaultMemory    = 512 << 20
	defaultProcesses = 1024
	defaultFiles     = 1024
)

// Process is a running isolate. It is safe for concurrent use.
type Process struct {
	// Applied are the protections that hold, and Missing those that the system does not have, each with the reason.
	Applied, Missing []string

	cmd  *exec.Cmd
	done chan struct{} // closed when the process has been waited for
	exit Exit
	err  error
	held held
}

// Start starts an isolate. It returns when the program is running. The process and all that it has started end when this process does,
// whatever ends it, as far as the system can do that.
func Start(ctx context.Context, cfg Config) (*Process, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p := &Process{done: make(chan struct{})}
	started := make(chan error)
	go p.run(&cfg, started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("function %s: its program does not start: %w", cfg.Function, err)
	}
	return p, nil
}

// run starts the process and waits for it on one thread, which lives as long as it: the system ends a process with the thread that has
// started it.
func (p *Process) run(cfg *Config, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.done)
	err := p.start(cfg)
	started <- err
	if err == nil {
		p.err = p.wait()
	}
}

// wait waits until the process has ended, and ends what it has left behind.
func (p *Process) wait() error {
	p.awaitEnd()
	p.killGroup() // while its number is its own
	err := p.cmd.Wait()
	p.release()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return err
	}
	p.exit = exitOf(p.cmd.ProcessState)
	return nil
}

// command is what all systems have in common.
func (cfg *Config) command(path string, args ...string) *exec.Cmd {
	cmd := &exec.Cmd{Path: path, Args: args, Env: cfg.Env, Dir: workingFolder, ExtraFiles: cfg.Files}
	if cfg.Env == nil {
		cmd.Env = []string{} // nil would be this process's
	}
	if cfg.Stdout != nil {
		cmd.Stdout = cfg.Stdout
	}
	if cfg.Stderr != nil {
		cmd.Stderr = cfg.Stderr
	}
	return cmd
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
