package main

import (
	"os"
	"os/exec"
	"testing"
	"testing/synctest"
	"time"
)

func TestAmountFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // where a sleep takes as long as it is to
		// A kernel of which a unit takes 200 us.
		slow := func(n int) uint64 { time.Sleep(time.Duration(n) * 200 * time.Microsecond); return uint64(n) }
		if n := amountFor(slow, 10*time.Microsecond); n != 0 {
			t.Errorf("%d units take 10 us, want that there is no such amount", n)
		}
		if n := amountFor(slow, 20*time.Millisecond); n != 100 {
			t.Errorf("%d units of 200 us take 20 ms", n)
		}
	})
}

func TestTargetName(t *testing.T) {
	for ns, want := range map[int]string{1000: "1us", 100_000: "100us", 1_000_000: "1ms", 10_000_000: "10ms"} {
		if got := targetName(ns); got != want {
			t.Errorf("%d: got %s, want %s", ns, got, want)
		}
	}
}

// The processor time of a process includes that of what it has started.
func TestGroupCPU(t *testing.T) {
	before, err := groupCPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command("sh", "-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo; read x")
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil { // it has counted
		t.Fatal(err)
	}
	of, err := groupCPU(child.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	after, err := groupCPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if of < 1e6 || after-before < of {
		t.Errorf("a child has used %v ns, and this process with it %v more", of, after-before)
	}
	in.Close()
	_ = child.Wait() // it fails to read, which ends it
}
