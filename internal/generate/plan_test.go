package generate

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPlan_Remembered changes what a plan depends on: each time, the plan is another, as it has to be, and a second
// run has nothing to do.
func TestPlan_Remembered(t *testing.T) {
	if testing.Short() {
		t.Skip("loads functions many times")
	}
	dir := workspace(t)
	caches, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	remembered := func(kind string) int {
		t.Helper()
		files, err := filepath.Glob(filepath.Join(caches, "cofaas", "results", kind, "*"))
		if err != nil {
			t.Fatal(err)
		}
		return len(files)
	}
	opts := Options{Dir: dir, ImportPaths: []string{filepath.Join(dir, "protos")}, Tool: "1"}
	text := func(o Options) string {
		t.Helper()
		p, warnings, err := Plan(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := p.JSON(&b); err != nil {
			t.Fatal(err)
		}
		return b.String() + strings.Join(warnings, "\n")
	}
	uncached := func(o Options) string {
		t.Helper()
		defer t.Setenv("XDG_CACHE_HOME", caches)
		t.Setenv("XDG_CACHE_HOME", t.TempDir())
		return text(o)
	}
	main := filepath.Join(dir, "fns/calls/main.go")
	entries := 0
	for _, tt := range []struct {
		name    string
		change  func()
		want    string // in the plan
		compare bool   // with a run that has no cache
	}{
		{"nothing", func() {}, `"value": "hello:80"`, false},
		{"a file", func() { write(t, main, strings.ReplaceAll(callsMain, "hello:80", "hello:81")) }, `"value": "hello:81"`, false},
		{"a new file", func() {
			write(t, filepath.Join(dir, "fns/calls/added.go"), "package main\n\nimport \"google.golang.org/grpc/status\"\n\nvar _ = status.Code\n")
		}, `"value": "hello:81"`, false},
		{"a file with a tag", func() {
			write(t, main, strings.ReplaceAll(callsMain, `"hello:80"`, "target"))
			write(t, filepath.Join(dir, "fns/calls/a.go"), "//go:build !x\n\npackage main\n\nconst target = \"hello:1\"\n")
			write(t, filepath.Join(dir, "fns/calls/b.go"), "//go:build x\n\npackage main\n\nconst target = \"hello:2\"\n")
		}, `"value": "hello:1"`, false},
		{"the tag", func() { opts.Tags = []string{"x"} }, `"value": "hello:2"`, false},
		{"the tag in GOFLAGS", func() { opts.Tags = nil; t.Setenv("GOFLAGS", "-tags=x") }, `"value": "hello:2"`, false},
		{"the tool", func() { opts.Tool = "2" }, `"value": "hello:2"`, false},
		{"a proto", func() {
			path := filepath.Join(dir, "protos/helloworld/helloworld.proto")
			write(t, path, read(t, path)+"\n")
		}, `"value": "hello:2"`, true},
	} {
		tt.change()
		got := text(opts)
		if !strings.Contains(got, tt.want) {
			t.Errorf("%s: no %s in\n%s", tt.name, tt.want, got)
		}
		if tt.compare {
			if diff := cmp.Diff(uncached(opts), got); diff != "" {
				t.Errorf("%s (-uncached +got):\n%s", tt.name, diff)
			}
		}
		if n := remembered("plan"); n != entries+1 {
			t.Errorf("%s: %d plans are remembered, and %d were before", tt.name, n, entries)
		}
		entries = remembered("plan")
		if again := text(opts); again != got || remembered("plan") != entries {
			t.Errorf("%s: the second run says\n%s", tt.name, again)
		}
	}

	// What is wrong is said every time.
	write(t, main, "package main\n\n//go:generate go tool cofaas-gen\n\nfunc main() { undefined }\n")
	for range 2 {
		if p, _, err := Plan(t.Context(), opts); err == nil || !strings.Contains(err.Error(), "main.go:5:15: undefined: undefined") {
			t.Errorf("%v, %v", p, err)
		}
	}
	if remembered("plan") != entries {
		t.Error("an error is remembered")
	}
}
