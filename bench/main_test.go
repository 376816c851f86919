package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain lets tests start child processes as bench does.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && children[os.Args[1]] != nil {
		os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

func TestRun_Errors(t *testing.T) {
	tests := []struct {
		name string
		args []string
		code int
		want string
	}{
		{"help", []string{"-h"}, 0, "-quick"},
		{"unknown flag", []string{"-fast"}, 2, "-fast"},
		{"argument", []string{"quick"}, 2, `unexpected argument "quick"`},
		{"section", []string{"-only", "call,calls"}, 2, `no section "calls"`},
		{"merge of all", []string{"-merge"}, 2, "-merge: is for whole sections"},
		{"quick merge", []string{"-only", "call", "-quick", "-merge"}, 2, "-merge: is for whole sections"},
		{"file without mode", []string{"-w", "README.md"}, 2, "-w needs -readme or -constants"},
		{"processors", []string{"-cores", "0"}, 2, "at least 1"},
		{"no results", []string{"-readme", "-out", t.TempDir()}, 1, "results.json"},
		{"load generator", []string{loadCommand, "{"}, 1, loadCommand},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if code := run(tt.args, &stdout, &stderr); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			if !strings.Contains(stderr.String(), tt.want) {
				t.Errorf("stderr %q lacks %q", stderr.String(), tt.want)
			}
			if stdout.Len() > 0 {
				t.Errorf("stdout %q", stdout.String())
			}
		})
	}
}

func TestWithoutDeadline(t *testing.T) {
	why := errors.New("enough")
	parent, stop := context.WithTimeoutCause(t.Context(), time.Millisecond, why)
	defer stop()
	ctx, cancel := context.WithCancelCause(withoutDeadline{parent})
	defer cancel(nil)
	if _, ok := ctx.Deadline(); ok {
		t.Error("has a deadline")
	}
	<-ctx.Done()
	if got := context.Cause(ctx); got != why {
		t.Errorf("ended because of %v, want %v", got, why)
	}
}

func TestProcess(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(t.TempDir(), "s")
	p, err := start(t.Context(), program{peer: "unix", path: self, args: []string{unixConsumer, socket}})
	if err != nil {
		t.Fatal(err)
	}
	if want := "unix:" + socket; p.address != want {
		t.Errorf("address %q, want %q", p.address, want)
	}
	pid := p.cmd.Process.Pid
	p.stop()
	p.stop() // is idempotent
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the process is still there: %v", err)
	}
}

func TestProcess_Errors(t *testing.T) {
	canceled, cancel := context.WithCancel(t.Context())
	tests := []struct {
		name  string
		ctx   context.Context
		shell string
		want  []string
	}{
		{"ends", t.Context(), "echo no such luck >&2; exit 3", []string{"peer: ", "exit status 3", "no such luck"}},
		{"canceled", canceled, "echo waiting >&2; sleep 60", []string{"peer: ", "canceled"}},
	}
	time.AfterFunc(50*time.Millisecond, cancel)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := start(tt.ctx, program{peer: "peer", path: "/bin/sh", args: []string{"-c", tt.shell}})
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q lacks %q", err, want)
				}
			}
		})
	}
}

func TestAddressPatterns(t *testing.T) {
	tests := []struct{ line, native, host, instance string }{
		{"consumer: 2026/01/02 03:04:05 listening on 127.0.0.1:41000", "127.0.0.1:41000", "", ""},
		{"producer: 2026/01/02 03:04:05 listening on 127.0.0.1:41001, sending 1 x 1024 bytes to unix:/s", "127.0.0.1:41001", "", ""},
		{`time=2026-01-02T03:04:05.000Z level=INFO msg=serving function=producer address=127.0.0.1:41002`, "", "127.0.0.1:41002", ""},
		{
			`time=2026-01-02T03:04:05.000Z level=INFO msg="consumer: 2026/01/02 03:04:05 listening on :50052" function=consumer stream=stderr`,
			"", "", "consumer",
		},
	}
	for _, tt := range tests {
		group := func(m []string) string {
			if m == nil {
				return ""
			}
			return m[1]
		}
		got := []string{
			group(nativeAddress.FindStringSubmatch(tt.line)), group(hostAddress.FindStringSubmatch(tt.line)),
			group(hostInstance.FindStringSubmatch(tt.line)),
		}
		if want := []string{tt.native, tt.host, tt.instance}; !slices.Equal(got, want) {
			t.Errorf("%s:\ngot %q, want %q", tt.line, got, want)
		}
	}
}

func TestCopyModule(t *testing.T) {
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "copy")
	for _, name := range []string{"go.mod", "f/main.go", "f/guest.wasm", ".hidden/x", "bench/go.mod", "f/.gitignore"} {
		path := filepath.Join(from, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(name), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if err := copyModule(to, from); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{
		"go.mod": true, "f/main.go": true, "f/.gitignore": true, "f/guest.wasm": false, ".hidden": false, "bench": false,
	} {
		if _, err := os.Stat(filepath.Join(to, name)); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMemoryParts(t *testing.T) {
	tests := []struct {
		done          []int64
		quarter, half int // where they begin
	}{
		{[]int64{0, 10, 20, 30, 40}, 1, 2},
		{[]int64{0, 40}, 0, 1},
		{[]int64{40, 40}, 0, 1},
		{[]int64{0, 0, 0, 40}, 2, 3},
		{[]int64{0, 1, 2, 3, 4, 5, 6, 7, 8}, 2, 4},
	}
	for _, tt := range tests {
		m := &memorySamples{bytes: make([]float64, len(tt.done)), done: tt.done}
		quarter, half := m.parts()
		if len(quarter) != tt.half-tt.quarter || len(half) != len(tt.done)-tt.half {
			t.Errorf("%v: got %d and %d samples, want those from %d and %d", tt.done, len(quarter), len(half), tt.quarter, tt.half)
		}
	}
}
