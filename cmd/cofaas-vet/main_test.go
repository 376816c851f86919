package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// gopath makes the packages that the analyzers are tested with the ones that
// commands see.
func gopath(t *testing.T) {
	t.Helper()
	dir, err := filepath.Abs("../../analyzer/testdata")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOPATH", dir)
	t.Setenv("GO111MODULE", "off")
	t.Setenv("GOWORK", "off")
	t.Setenv("GOFLAGS", "")
	t.Setenv("GOPROXY", "off")
}

func TestRun(t *testing.T) {
	gopath(t)
	tests := []struct {
		name   string
		args   []string
		status int
		stdout []string // what lines contain, in order
		stderr string
	}{
		{"Clean", []string{"vetted/clean", "vetted/unmarked", "vetted/lib"}, 0, nil, ""},
		{"Broken", []string{"vetted/clean", "vetted/broken"}, 1, []string{
			"main.go:18:12: listener serves gRPC at main.go:22",
			"main.go:26:2: call of a method that is not known",
		}, ""},
		{"NoService", []string{"vetted/empty"}, 1, []string{"main.go:1:9: package vetted/empty: registers no gRPC service"}, ""},
		{"Explain", []string{"-explain", "vetted/clean"}, 0, []string{
			"package pb/plain is rewritten",
			"package vetted/clean is rewritten: is the function [rewrite]",
			"listen is rewritten",
			"exports x.Plain",
		}, ""},

		{"UnknownFlag", []string{"-unknown"}, 2, nil, "flag provided but not defined"},
		{"Help", []string{"-h"}, 0, nil, "usage: cofaas-vet"},
		{"NoPackage", []string{"vetted/missing"}, 2, nil, "vetted/missing"},
		{"NoFolder", []string{"-C", "missing", "."}, 2, nil, "missing"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if got := run(test.args, &stdout, &stderr); got != test.status {
				t.Errorf("status %d, want %d", got, test.status)
			}
			lines := strings.Split(strings.TrimSuffix(stdout.String(), "\n"), "\n")
			if stdout.Len() == 0 {
				lines = nil
			}
			if len(lines) != len(test.stdout) {
				t.Fatalf("got %d lines, want %d:\n%s", len(lines), len(test.stdout), stdout.String())
			}
			for i, want := range test.stdout {
				if !strings.Contains(lines[i], want) {
					t.Errorf("line %d: got %q, want %q", i+1, lines[i], want)
				}
			}
			if !strings.Contains(stderr.String(), test.stderr) || test.stderr == "" && stderr.Len() > 0 {
				t.Errorf("stderr: got %q, want %q", stderr.String(), test.stderr)
			}
		})
	}
}

func TestRun_JSON(t *testing.T) {
	gopath(t)
	var stdout, stderr bytes.Buffer
	if got := run([]string{"-json", "vetted/broken"}, &stdout, &stderr); got != 0 {
		t.Fatalf("status %d: %s", got, stderr.String())
	}
	var found map[string]map[string][]struct{ Category, Posn, Message string }
	if err := json.Unmarshal(stdout.Bytes(), &found); err != nil {
		t.Fatal(err)
	}
	diagnostics := found["vetted/broken"]["cofaas"]
	if len(diagnostics) != 2 {
		t.Fatalf("got %v, want 2 diagnostics", found)
	}
	for _, d := range diagnostics {
		if d.Category == "" || d.Posn == "" || d.Message == "" {
			t.Errorf("incomplete: %+v", d)
		}
	}
}

// TestGoVet runs the command as go vet does, with facts in files.
func TestGoVet(t *testing.T) {
	tool := filepath.Join(t.TempDir(), "cofaas-vet")
	if out, err := exec.Command("go", "build", "-o", tool, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	gopath(t)
	vet := func(args ...string) (string, error) {
		cmd := exec.Command("go", append([]string{"vet", "-vettool=" + tool}, args...)...)
		cmd.Dir = filepath.Join(os.Getenv("GOPATH"), "src")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := vet("vetted/clean", "vetted/unmarked"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	// Facts of packages that are not imported directly arrive too.
	out, err := vet("vetted/elsewhere", "vetted/broken")
	if err == nil {
		t.Error("go vet succeeds, although something stands in the way")
	}
	for _, want := range []string{
		"package vetted/lib: lib.go:11: registration of a service that is not known",
		"listener serves gRPC at main.go:22",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("got:\n%s\nwant %q", out, want)
		}
	}
	for _, flag := range []string{"-explain", "-cofaas.explain"} {
		out, err := vet(flag, "prog")
		if err != nil || out != "" {
			t.Errorf("%s: %v\n%s\nwant nothing: prog is no function", flag, err, out)
		}
		out, err = vet(flag, "vetted/clean")
		if err == nil || !strings.Contains(out, "exports x.Plain") {
			t.Errorf("%s: %v\n%s\nwant decisions", flag, err, out)
		}
	}
}
