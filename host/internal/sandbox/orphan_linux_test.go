package sandbox

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func init() { attacks["host"] = host }

// host is a host of its own: it starts an isolate, says which process that is, and waits.
func host(args []string) {
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		panic(err)
	}
	program, err := NewProgram("test", self)
	if err != nil {
		panic(err)
	}
	withoutNamespaces = args[0] == "without"
	p, err := Start(context.Background(), Config{Function: "test", Program: program, Args: []string{"wait"}, Env: []string{"ISOLATE=1"}})
	if err != nil {
		panic(err)
	}
	fmt.Println(p.Pid())
	select {}
}

// Nothing is left of a host that is killed, whatever it was doing.
func TestOrphans(t *testing.T) {
	for _, kind := range []string{"with", "without"} {
		t.Run(kind, func(t *testing.T) {
			path, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), path, "host", kind)
			cmd.Env = append(os.Environ(), "ISOLATE=1")
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var pid int
			if _, err := fmt.Fscan(bufio.NewReader(out), &pid); err != nil {
				t.Fatal(err)
			}
			if syscall.Kill(pid, 0) != nil {
				t.Fatal("there is no isolate")
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // it was killed
			for end := time.Now().Add(time.Minute); isRunning(pid); time.Sleep(time.Millisecond) {
				if time.Now().After(end) {
					t.Fatal("the isolate goes on")
				}
			}
		})
	}
}

// isRunning says whether a process is there, and is not merely waiting to be waited for.
func isRunning(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	return !slices.Contains(strings.Fields(string(stat)), "Z")
}
