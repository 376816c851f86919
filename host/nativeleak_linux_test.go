package host

import (
	"bufio"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// countDescriptors counts those of this process, by what they are.
func countDescriptors(t *testing.T) map[string]int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, e := range entries {
		target, err := os.Readlink("/proc/self/fd/" + e.Name())
		kind, _, _ := strings.Cut(target, "[")
		if err == nil && !strings.HasPrefix(target, "/proc/") {
			counts[kind]++
		}
	}
	return counts
}

// areNoMore says that there are no more descriptors of any kind than there were. There may have been some then that were about to be closed.
func areNoMore(t *testing.T, before map[string]int) bool {
	t.Helper()
	for kind, n := range countDescriptors(t) {
		if n > before[kind] {
			return false
		}
	}
	return true
}

// children are the processes that this one has started.
func children(t *testing.T) []string {
	t.Helper()
	var list []string
	tasks, err := fs.Glob(os.DirFS("/"), "proc/self/task/*/children")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range tasks {
		b, _ := os.ReadFile("/" + name) // or the thread is gone
		list = append(list, strings.Fields(string(b))...)
	}
	return list
}

// What is replaced leaves nothing behind, and neither does a host.
func TestNative_leaks(t *testing.T) {
	s := serve(t, pairNative(t), Options{})
	s.says(t, "Front/Echo", "call /test.Back/Echo text", "text")
	running := countDescriptors(t)
	for range 3 {
		_ = s.code(t.Context(), "Front/Echo", "call /test.Back/Echo exit 1")
		if _, st := s.functions["back"].native.acquire(t.Context(), true); st != nil {
			t.Fatal(st)
		}
	}
	eventually(t, "descriptors of what was replaced are open", func() bool { return areNoMore(t, running) })
	eventually(t, "there are not two processes for two functions", func() bool { return len(children(t)) == 2 })
	s.Close()
	eventually(t, "processes are left", func() bool { return len(children(t)) == 0 })
}

var killsFlag = flag.Int("kills", 100, "how many processes are killed at random moments, while they are called")

// killed counts the processes of a function that were killed, and those of whose end the host knows.
type killed struct{ begun, done atomic.Int64 }

// Processes are killed at random moments while they are called: calls fail with Unavailable if a process that they need is killed meanwhile,
// and all others succeed. Nothing is left behind.
func TestNative_kills(t *testing.T) {
	opts := Options{ProcessesOf: map[string]int{"back": 2}}
	opts.restart = restartPauses{healthyAfter: 1} // no pauses
	s := serve(t, pairNative(t), opts)
	s.says(t, "Front/Echo", "call /test.Back/Echo text", "text")
	running := countDescriptors(t)

	front, back := new(killed), new(killed)
	var calls atomic.Int64
	progress := make(chan struct{}, 1)
	stop := make(chan struct{})
	var callers sync.WaitGroup
	var failed atomic.Int64
	for n := range 8 {
		text, needs := "text", []*killed{front}
		switch n % 4 {
		case 1:
			text, needs = "call /test.Back/Echo text", []*killed{front, back}
		case 2:
			text, needs = "stream /test.Flow/Both a b c", []*killed{front, back}
		case 3:
			text, needs = "call /test.Back/Echo size 300000", []*killed{front, back}
		}
		callers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				var before, settled int64
				for _, k := range needs {
					settled += k.done.Load()
					before += k.begun.Load()
				}
				_, err := s.call(t.Context(), "Front/Echo", []byte(text))
				var after int64
				for _, k := range needs {
					after += k.begun.Load()
				}
				if err != nil {
					failed.Add(1)
					if status.Code(err) != codes.Unavailable {
						t.Errorf("%s: got %v", text, err)
					}
					if before == settled && after == before {
						t.Errorf("%s: no process was killed, and got %v", text, err)
					}
				}
				calls.Add(1)
				select {
				case progress <- struct{}{}:
				default:
				}
			}
		})
	}
	for range *killsFlag {
		for until := calls.Load() + rand.Int64N(50); calls.Load() < until; {
			<-progress
		}
		fn, k := s.functions["front"], front
		if rand.IntN(2) == 0 {
			fn, k = s.functions["back"], back
		}
		iso, st := fn.native.acquire(t.Context(), true)
		if st != nil {
			t.Fatal(st)
		}
		iso.serves.Add(-1)
		k.begun.Add(1)
		iso.process.Kill()
		<-iso.removed
		k.done.Add(1)
	}
	close(stop)
	callers.Wait()
	t.Logf("%d of %d calls failed while %d processes were killed", failed.Load(), calls.Load(), *killsFlag)
	s.says(t, "Front/Echo", "call /test.Back/Echo text", "text")
	eventually(t, "something is left", func() bool {
		stats := s.Stats()
		f, b := stats.Functions["front"], stats.Functions["back"]
		return f.Instances == 1 && b.Instances == 2 && !f.InProgress() && !b.InProgress() && areNoMore(t, running) && len(children(t)) == 3
	})
}

// The system ends the processes of a host that is killed.
func TestNative_hostKilled(t *testing.T) {
	const variable = "COFAAS_TEST_HOST_TO_BE_KILLED"
	if os.Getenv(variable) != "" {
		s := serve(t, pairNative(t), Options{})
		fmt.Println("pids:", s.functions["front"].native.isolates()[0].process.Pid(), s.functions["back"].native.isolates()[0].process.Pid())
		_ = s.code(t.Context(), "Front/Echo", "call /test.Back/Echo hang")
		return
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestNative_hostKilled$")
	cmd.Env = append(os.Environ(), variable+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pids []string
	for lines := bufio.NewScanner(out); pids == nil && lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "pids: "); ok {
			pids = strings.Fields(rest)
		}
	}
	if len(pids) != 2 {
		t.Fatalf("got the processes %q", pids)
	}
	for _, pid := range pids {
		if !isRunning(t, pid) {
			t.Errorf("process %s does not run", pid)
		}
	}
	_ = cmd.Process.Signal(syscall.SIGKILL)
	_ = cmd.Wait() // which says that it was killed
	for _, pid := range pids {
		eventually(t, "a process outlives its host", func() bool { return !isRunning(t, pid) })
	}
}

// isRunning says whether a process is there, and does not merely wait to be waited for.
func isRunning(t *testing.T, pid string) bool {
	t.Helper()
	if _, err := strconv.Atoi(pid); err != nil {
		t.Fatal(err)
	}
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	_, rest, _ := strings.Cut(string(stat), ") ")
	return err == nil && !strings.HasPrefix(rest, "Z") && !strings.HasPrefix(rest, "X")
}
