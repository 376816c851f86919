//go:build unix && !linux

package sandbox

import (
	"bufio"
	"fmt"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// attack is what an isolate of the tests does with its own processes.
func attack(args []string) {
	switch args[0] {
	case "fork":
		cmd := exec.Command("/proc/self/exe", "wait")
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		line, _ := bufio.NewReader(out).ReadString('\n')
		fmt.Print(line)
		select {}
	}
}

// What an isolate has started ends with it.
func TestKill_group(t *testing.T) {
	p := start(t, Config{}, "fork")
	var child int
	if _, err := fmt.Sscan(p.line(t), &child); err != nil {
		t.Fatal(err)
	}
	p.Kill()
	p.wait(t)
	for deadline := time.Now().Add(time.Minute); syscall.Kill(child, 0) == nil; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the isolate's child is running")
		}
	}
}
