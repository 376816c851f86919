package programs

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// Process is a running program.
type Process struct {
	Cmd    *exec.Cmd
	Log    *Output
	Exited chan struct{} // closed when it has ended
}

// Output collects what a program writes.
type Output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// Start starts a program with nothing in its environment but env. It is killed at the end of the test.
func Start(t *testing.T, path string, args, env []string) *Process {
	t.Helper()
	cmd := exec.Command(path, args...)
	cmd.Env = append([]string{"HOME=" + os.Getenv("HOME"), "PATH=" + os.Getenv("PATH")}, env...)
	return StartCommand(t, cmd, (*os.Process).Kill)
}

// StartCommand starts a command, with what kills it.
func StartCommand(t *testing.T, cmd *exec.Cmd, kill func(*os.Process) error) *Process {
	t.Helper()
	p := &Process{Cmd: cmd, Log: new(Output), Exited: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.Log, p.Log
	cmd.WaitDelay = patience // or a process that it has started, and that outlives it, would have the test wait for ever
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		cmd.Wait()
		close(p.Exited)
	}()
	t.Cleanup(func() {
		kill(cmd.Process)
		<-p.Exited
		if strings.Contains(p.Log.String(), "DATA RACE") { // if it was built with -race
			t.Error("there are races")
		}
		if t.Failed() {
			t.Logf("output of %s:\n%s", cmd.Path, p.Log)
		}
	})
	return p
}

// Wait waits until the output matches, and returns the match.
func (p *Process) Wait(t *testing.T, re string) []string {
	t.Helper()
	compiled := regexp.MustCompile(re)
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if m := compiled.FindStringSubmatch(p.Log.String()); m != nil {
			return m
		}
		select {
		case <-p.Exited:
			if m := compiled.FindStringSubmatch(p.Log.String()); m != nil {
				return m
			}
			t.Fatalf("%s has ended; no %s in:\n%s", p.Cmd.Path, re, p.Log)
		default:
		}
	}
	t.Fatalf("no %s in time in:\n%s", re, p.Log)
	return nil
}

// patience is how long programs may take to do what they are going to do: one that was built with -race may have guests to compile.
const patience = 3 * time.Minute

// Code waits for the end of the process and returns its exit code.
func (p *Process) Code(t *testing.T) int {
	t.Helper()
	select {
	case <-p.Exited:
		return p.Cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		t.Fatalf("%s does not end; its output:\n%s", p.Cmd.Path, p.Log)
		return -1
	}
}

// Signal sends a signal.
func (p *Process) Signal(t *testing.T, sig os.Signal) {
	t.Helper()
	if err := p.Cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}
