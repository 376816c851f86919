package contract

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

// process is a running program.
type process struct {
	cmd    *exec.Cmd
	log    *output
	exited chan struct{}
}

// output collects what a program writes.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// wait waits until the output matches, and returns the match.
func (o *output) wait(t *testing.T, re string, p *process) []string {
	t.Helper()
	compiled := regexp.MustCompile(re)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if m := compiled.FindStringSubmatch(o.String()); m != nil {
			return m
		}
		select {
		case <-p.exited:
			if m := compiled.FindStringSubmatch(o.String()); m != nil {
				return m
			}
			t.Fatalf("%s has ended; no %s in:\n%s", p.cmd.Path, re, o)
		default:
		}
	}
	t.Fatalf("no %s in time in:\n%s", re, o)
	return nil
}

// start starts a program with nothing in its environment but env.
func start(t *testing.T, path string, args, env []string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(path, args...), log: &output{}, exited: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	p.cmd.Env = append([]string{"HOME=" + os.Getenv("HOME"), "PATH=" + os.Getenv("PATH")}, env...)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		<-p.exited
		if strings.Contains(p.log.String(), "DATA RACE") { // if it was built with GOFLAGS=-race
			t.Error("there are races")
		}
		if t.Failed() {
			t.Logf("output of %s:\n%s", path, p.log)
		}
	})
	return p
}

// ended waits for the end of the process.
func (p *process) ended(t *testing.T) {
	t.Helper()
	select {
	case <-p.exited:
	case <-time.After(time.Minute):
		t.Fatalf("%s does not end; its output:\n%s", p.cmd.Path, p.log)
	}
}
