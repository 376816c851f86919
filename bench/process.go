package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
)

// program says how to start a server that logs the address it listens on.
type program struct {
	peer  string // in errors
	path  string
	args  []string
	env   []string
	cores []int // nil means all
}

// process is a running server. It ends with its context, or by stop.
type process struct {
	program
	address string
	started time.Time
	cmd     *exec.Cmd
	exited  chan struct{}

	mu  sync.Mutex
	log []string // the last lines
	// instances counts lines in which a function says that it listens, by function. For a host, that is once per instance.
	instances map[string]int
}

const (
	startTimeout = 2 * time.Minute
	maxLog       = 20
)

var (
	// nativeAddress and hostAddress find the address in what functions and hosts log.
	nativeAddress = regexp.MustCompile(`^\w+: .*\blistening on ([^ ,]+)`)
	hostAddress   = regexp.MustCompile(`msg=serving .*address=(\S+)`)
	hostInstance  = regexp.MustCompile(`msg=".*\blistening on .*function=(\w+)`)
)

// start starts a server and waits until it listens.
func start(ctx context.Context, prog program) (*process, error) {
	p := &process{program: prog, exited: make(chan struct{}), instances: map[string]int{}}
	p.cmd = exec.CommandContext(ctx, prog.path, prog.args...)
	p.cmd.Env = append(cleanEnv(), prog.env...)
	ownGroup(p.cmd)
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		return nil, p.fail(err)
	}
	p.started = time.Now()
	if err := startOn(p.cmd, prog.cores); err != nil {
		return nil, p.fail(err)
	}
	listening := make(chan string, 1)
	go func() {
		p.watch(stderr, listening)
		p.cmd.Wait()
		close(p.exited)
	}()
	select {
	case p.address = <-listening:
		return p, nil
	case <-p.exited:
		err = fmt.Errorf("ended: %v", p.cmd.ProcessState)
	case <-time.After(startTimeout):
		err = fmt.Errorf("does not listen after %v", startTimeout)
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	p.stop()
	return nil, p.fail(err)
}

// cleanEnv is the environment without the variables that configure functions.
func cleanEnv() []string {
	var env []string
	for _, kv := range os.Environ() {
		switch name, _, _ := strings.Cut(kv, "="); name {
		case "ADDRESS", "CONSUMER_ADDRESS", "WORKER_ADDRESS", "TRANSFER_SIZE_KB", "TRANSFER_SIZE_BYTES", "REPEATS", "DIAL":
		default:
			env = append(env, kv)
		}
	}
	return env
}

// watch reads the log until its end.
func (p *process) watch(log io.Reader, listening chan<- string) {
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, 1<<20)
	found := false
	for lines.Scan() {
		line := lines.Text()
		p.mu.Lock()
		if len(p.log) == maxLog {
			p.log = p.log[1:]
		}
		p.log = append(p.log, line)
		if m := hostInstance.FindStringSubmatch(line); m != nil {
			p.instances[m[1]]++
		}
		p.mu.Unlock()
		for _, r := range []*regexp.Regexp{nativeAddress, hostAddress} {
			if m := r.FindStringSubmatch(line); m != nil && !found {
				found = true
				listening <- m[1]
			}
		}
	}
	io.Copy(io.Discard, log)
}

// instanceCount returns how many instances of all functions a host has made.
func (p *process) instanceCount() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, count := range p.instances {
		n += count
	}
	return n
}

// fail says of an error whose it is, and what the process said last.
func (p *process) fail(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.log) == 0 {
		return fmt.Errorf("%s: %w", p.peer, err)
	}
	return fmt.Errorf("%s: %w; its log ends with:\n%s", p.peer, err, strings.Join(p.log, "\n"))
}

// stop ends the process and all that it has started.
func (p *process) stop() {
	if p == nil {
		return
	}
	killGroup(p.cmd)
	<-p.exited
}

// finish tells the process to end, and waits until it has, which it may take some time for.
func (p *process) finish() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return p.fail(err)
	}
	select {
	case <-p.exited:
	case <-time.After(startTimeout):
		p.stop()
		return p.fail(fmt.Errorf("has not ended %v after a signal", startTimeout))
	}
	if !p.cmd.ProcessState.Success() {
		return p.fail(fmt.Errorf("ended: %v", p.cmd.ProcessState))
	}
	return nil
}

// procs are processes that stop together.
type procs []*process

func (ps *procs) start(ctx context.Context, prog program) (*process, error) {
	p, err := start(ctx, prog)
	if err == nil {
		*ps = append(*ps, p)
	}
	return p, err
}

func (ps *procs) stop() {
	for _, p := range *ps {
		p.stop()
	}
	*ps = nil
}

// cpu is the processor time of the processes and of those that they have started, in nanoseconds.
func (ps *procs) cpu() (total float64, err error) {
	for _, p := range *ps {
		ns, err := groupCPU(p.cmd.Process.Pid)
		if err != nil {
			return 0, p.fail(err)
		}
		total += ns
	}
	return total, nil
}
