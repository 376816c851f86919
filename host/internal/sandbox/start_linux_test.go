package sandbox

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// spawned returns a process that waits for its orders. The caller remains on its thread.
func spawned(t *testing.T, cfg Config) *starter {
	t.Helper()
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
	cfg.Function, cfg.Program, cfg.Args, cfg.Env = "test", testProgram(t), []string{"wait"}, []string{"ISOLATE=1"}
	l := &starter{p: &Process{done: make(chan struct{})}, cfg: &cfg}
	var err error
	if l.host, l.child, err = orderSockets(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.host.Close() })
	if err := l.spawn(); err != nil {
		t.Fatal(err)
	}
	l.child.Close()
	return l
}

// The bound of memory is the program's alone. What the process is until then is this program once more, which may need more.
func TestStart_memory(t *testing.T) {
	l := spawned(t, Config{MaxMemory: 1 << 20})
	defer func() {
		l.p.Kill()
		if err := l.p.wait(); err != nil {
			t.Error(err)
		}
	}()
	bound := func() string {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", l.p.Pid()))
		if err != nil {
			t.Fatal(err)
		}
		return regexp.MustCompile(`(?m)^Max data size +(\w+)`).FindStringSubmatch(string(text))[1]
	}
	before := bound()
	if err := l.prepare(); err != nil {
		t.Fatal(err)
	}
	if got := bound(); got != before {
		t.Errorf("bound to %s before it is the program", got)
	}
	if err := l.execute(); err != nil {
		t.Fatal(err)
	}
	if got, want := bound(), fmt.Sprint(1<<20+memoryBeside); got != want {
		t.Errorf("bound to %s, want %s", got, want)
	}
}

func TestStart_endsEarly(t *testing.T) {
	l := spawned(t, Config{})
	if err := unix.Kill(l.p.Pid(), unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	err := l.prepare()
	for err == nil { // the orders may have been read before it ended
		err = l.execute()
	}
	if got, want := l.failed(err).Error(), "what was to become it ended early: it was ended by a signal: killed"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
