package netoverlay_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cofaas/cofaas/internal/netoverlay"
)

func goroot(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// doctored returns a copy of package net of this Go release, in a folder like a GOROOT, in which old is replaced by text in a file.
func doctored(t *testing.T, file, old, text string) string {
	t.Helper()
	root := t.TempDir()
	dir := filepath.Join(root, "src", "net")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "VERSION"), []byte("go1.99.1\ntime 2030-01-01T00:00:00Z\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	sources, err := filepath.Glob(filepath.Join(goroot(t), "src", "net", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range sources {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Base(name) == file {
			if strings.Count(string(content), old) != 1 {
				t.Fatalf("%s is there %d times in %s", old, strings.Count(string(content), old), file)
			}
			content = []byte(strings.Replace(string(content), old, text, 1))
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestMake_Errors(t *testing.T) {
	tests := []struct {
		name, file, old, text string
		want                  netoverlay.MovedError
		message               string
	}{
		{
			name: "renamed", file: "fd_fake.go", old: ") accept() (netfd", text: ") acceptConn() (netfd",
			want: netoverlay.MovedError{File: "fd_fake.go", Function: "(*netFD).accept", Want: "func() (*netFD, error)"},
			message: "package net of go1.99.1 cannot be used in guests: net/fd_fake.go: there is no (*netFD).accept() (*netFD, error); " +
				"use another Go release, or a release of cofaas that knows it",
		},
		{
			name: "signature", file: "sockopt_fake.go", old: "setLinger(fd *netFD, sec int) error", text: "setLinger(fd *netFD, sec int64) error",
			want: netoverlay.MovedError{
				File: "sockopt_fake.go", Function: "setLinger", Want: "func(*netFD, int) error", Got: "func(*netFD, int64) error",
			},
			message: "package net of go1.99.1 cannot be used in guests: net/sockopt_fake.go: setLinger is func(*netFD, int64) error, " +
				"not func(*netFD, int) error; use another Go release, or a release of cofaas that knows it",
		},
		{
			name: "results", file: "net.go", old: "func mapErr(err error) error {", text: "func mapErr(err error) (bool, error) {",
			want:    netoverlay.MovedError{File: "net.go", Function: "mapErr", Want: "func(error) error", Got: "func(error) (bool, error)"},
			message: "mapErr is func(error) (bool, error), not func(error) error",
		},
		{
			name: "receiver", file: "lookup_unix.go", old: "func (r *Resolver) lookupNS(", text: "func (r Resolver) lookupNS(",
			want:    netoverlay.MovedError{File: "lookup_unix.go", Function: "(*Resolver).lookupNS", Want: "func(context.Context, string) ([]*NS, error)"},
			message: "net/lookup_unix.go: there is no (*Resolver).lookupNS(context.Context, string) ([]*NS, error)",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := netoverlay.Make(doctored(t, tt.file, tt.old, tt.text))
			var moved *netoverlay.MovedError
			if !errors.As(err, &moved) {
				t.Fatalf("Make: %v, not a MovedError", err)
			}
			tt.want.Release = "go1.99.1"
			if diff := cmp.Diff(tt.want, *moved); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if !strings.Contains(err.Error(), tt.message) {
				t.Errorf("message: %s", err)
			}
			if strings.Count(err.Error(), "\n") != 0 {
				t.Errorf("more than one error: %v", err)
			}
		})
	}
	t.Run("all at once", func(t *testing.T) {
		root := doctored(t, "net.go", "func mapErr(err error) error {", "func mapError(err error) error {")
		if err := os.Remove(filepath.Join(root, "src", "net", "tcpsockopt_stub.go")); err != nil {
			t.Fatal(err)
		}
		_, err := netoverlay.Make(root)
		joined, ok := err.(interface{ Unwrap() []error })
		if !ok || len(joined.Unwrap()) != 5 {
			t.Fatalf("not five errors: %v", err)
		}
		for _, want := range []string{"mapErr", "setNoDelay", "setKeepAliveIdle", "setKeepAliveInterval", "setKeepAliveCount"} {
			if !strings.Contains(err.Error(), "there is no "+want) {
				t.Errorf("no word of %s: %v", want, err)
			}
		}
	})
	t.Run("taken", func(t *testing.T) {
		root := doctored(t, "", "", "")
		if err := os.WriteFile(filepath.Join(root, "src", "net", "cofaas_socket.go"), []byte("package net\n"), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := netoverlay.Make(root); err == nil || !strings.Contains(err.Error(), "cofaas_socket.go of go1.99.1 is there already") {
			t.Errorf("Make: %v", err)
		}
	})
	t.Run("no syntax", func(t *testing.T) {
		_, err := netoverlay.Make(doctored(t, "net_fake.go", "package net\n", "packet net\n"))
		if err == nil || !strings.Contains(err.Error(), "expected 'package', found packet") {
			t.Errorf("Make: %v", err)
		}
	})
}

// TestNames wants parameters to be free to have other names, and lines to stay where they are.
func TestNames(t *testing.T) {
	root := doctored(t, "sockopt_fake.go", "setLinger(fd *netFD, sec int) error", "setLinger(_ *netFD, seconds int) error")
	o, err := netoverlay.Make(root)
	if err != nil {
		t.Fatal(err)
	}
	replace := readConfig(t, write(t, o, t.TempDir()))
	for name, with := range replace {
		orig, err := os.ReadFile(name)
		if err != nil {
			continue // one of ours
		}
		got, err := os.ReadFile(with)
		if err != nil {
			t.Fatal(err)
		}
		before, after := strings.Split(string(orig), "\n"), strings.Split(string(got), "\n")
		if len(before) != len(after) {
			t.Fatalf("%s has %d lines, and %d in the overlay", name, len(before), len(after))
		}
		changed := 0
		for i := range before {
			if before[i] != after[i] {
				changed++
				if !strings.HasPrefix(after[i], "func ") || !strings.Contains(after[i], "original") {
					t.Errorf("%s:%d: %s", name, i+1, after[i])
				}
			}
		}
		if changed == 0 {
			t.Errorf("%s is in the overlay and has not changed", name)
		}
	}
	if len(replace) < 7 {
		t.Errorf("the overlay has %d files", len(replace))
	}
}

func write(t *testing.T, o *netoverlay.Overlay, dir string) string {
	t.Helper()
	config, err := o.Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

func readConfig(t *testing.T, config string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	var content struct{ Replace map[string]string }
	if err := json.Unmarshal(data, &content); err != nil {
		t.Fatal(err)
	}
	return content.Replace
}

// TestWrite has several write the same overlay at a time, and wants the same files, whole, which are then left alone.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	root := goroot(t)
	configs := make([]string, 8)
	var wg sync.WaitGroup
	for i := range configs {
		wg.Go(func() {
			o, err := netoverlay.Make(root)
			if err == nil {
				configs[i], err = o.Write(dir)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, c := range configs {
		if c != configs[0] {
			t.Errorf("the same overlay is at %s and %s", configs[0], c)
		}
	}
	before := stat(t, filepath.Dir(configs[0]))
	o, err := netoverlay.Make(root)
	if err != nil {
		t.Fatal(err)
	}
	write(t, o, dir)
	if diff := cmp.Diff(before, stat(t, filepath.Dir(configs[0]))); diff != "" {
		t.Errorf("files written again:\n%s", diff)
	}
	if want := len(readConfig(t, configs[0])) + 1; len(before) != want {
		t.Errorf("%d files, not %d: %v", len(before), want, before)
	}
	other, err := netoverlay.Make(doctored(t, "net.go", "package net\n", "package net // other\n"))
	if err != nil {
		t.Fatal(err)
	}
	if c := write(t, other, dir); c == configs[0] {
		t.Error("overlays of two Go releases are at the same place")
	}
}

// stat returns size and time of the files in a folder.
func stat(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = fmt.Sprint(info.Size(), info.ModTime())
	}
	return files
}
