package main

import (
	"bytes"
	"encoding/json"
	"fmt"
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
	setGOPATH(t, dir)
}

func setGOPATH(t *testing.T, dir string) {
	t.Helper()
	t.Setenv("GOPATH", dir)
	t.Setenv("GO111MODULE", "off")
	t.Setenv("GOWORK", "off")
	t.Setenv("GOFLAGS", "")
	t.Setenv("GOPROXY", "off")
}

func TestRun(t *testing.T) {
	gopath(t)
	t.Chdir(filepath.Join(os.Getenv("GOPATH"), "src", "vetted", "broken"))
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
		{"Warnings", []string{"hazard/zonesingle"}, 0, []string{"main.go:11:2: time.LoadLocation takes time zones from files of the host"}, ""},
		{"Strict", []string{"-strict", "hazard/zonesingle"}, 1, []string{"main.go:11:2: time.LoadLocation takes time zones from files of the host"}, ""},
		{"Several", []string{"several/front", "several/one", "several/two"}, 0, []string{
			`main.go:19:23: function front dials "three:3" for service x.Plain, which functions one and two serve`,
			"main.go:20:23: function front calls service x.Plain, which functions one and two serve, and what it dials is not known (environment variable PLAIN)",
		}, ""},
		{"Alone", []string{"several/front"}, 0, nil, ""},
		{"StrictInfo", []string{"-strict", "-explain", "vetted/clean"}, 0, []string{"", "", "", ""}, ""},
		{"Explain", []string{"-explain", "vetted/clean"}, 0, []string{
			"plain_grpc.pb.go:4:1: package pb/plain -> rewritten: exchanges gRPC types by plain.RegisterPlainServer",
			"main.go:2:1: package vetted/clean -> rewritten: is the function [rewrite]",
			"main.go:15:14: listen on :1 -> rewritten: only use is Serve at main.go:21 [rewrite]",
			"main.go:20:2: x.Plain -> exported: ",
		}, ""},
		// Of what is refused, only what the analyzer knows of each package.
		{"ExplainRefused", []string{"-explain", "vetted/refused"}, 1, []string{
			"main.go:1:9: package vetted/refusedlib: lib.go:6: grpc.InTapHandle",
			"main.go:1:9: package pb/plain is rewritten",
			"main.go:1:9: package vetted/refused is rewritten",
			"main.go:1:9: package vetted/refusedlib is rewritten",
			"main.go:7:2: package google.golang.org/grpc/tap: guests do not have it",
			"main.go:17:2: exports x.Plain",
			"main.go:18:38: grpc.Server.ServeHTTP",
		}, ""},

		{"UnknownFlag", []string{"-unknown"}, 2, nil, "flag provided but not defined"},
		{"TwoOutputs", []string{"-json", "-diff"}, 2, nil, "-json goes with neither"},
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
				if strings.HasPrefix(want, "main.go") && test.name == "Broken" && !strings.HasPrefix(lines[i], want) {
					t.Errorf("line %d: %q is not relative to the working directory", i+1, lines[i])
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
	t.Chdir(filepath.Join(os.Getenv("GOPATH"), "src", "hazard", "zonesingle"))
	var stdout, stderr bytes.Buffer
	if got := run([]string{"-json", "vetted/clean", "."}, &stdout, &stderr); got != 0 {
		t.Fatalf("status %d: %s", got, stderr.String())
	}
	want := `{
  "diagnostics": [
    {
      "category": "file-system",
      "severity": "warning",
      "package": "hazard/zonesingle",
      "position": {
        "file": "main.go",
        "line": 11,
        "column": 2
      },
      "message": "time.LoadLocation takes time zones from files of the host, and fails where it has none: import _ \"time/tzdata\"",
      "url": "https://github.com/cofaas/cofaas/blob/main/docs/diagnostics/file-system.md",
      "fixes": [
        {
          "message": "Import _ \"time/tzdata\"",
          "edits": [
            {
              "file": "main.go",
              "start": 83,
              "end": 83,
              "new": "\nimport _ \"time/tzdata\""
            }
          ]
        }
      ]
    }
  ]
}
`
	if got := stdout.String(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	stdout.Reset()
	if got := run([]string{"-json", "vetted/clean"}, &stdout, &stderr); got != 0 || !json.Valid(stdout.Bytes()) || !strings.Contains(stdout.String(), `"diagnostics": []`) {
		t.Errorf("status %d, got %s, want an empty list", got, stdout.String())
	}
}

// TestRun_Fix fixes files, of which one has two fixes that are the same, and
// proves that nothing remains.
func TestRun_Fix(t *testing.T) {
	testdata, err := filepath.Abs("../../analyzer/testdata/src")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "src", "fixable"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"google.golang.org", "hazard", "pb"} {
		if err := os.Symlink(filepath.Join(testdata, name), filepath.Join(dir, "src", name)); err != nil {
			t.Fatal(err)
		}
	}
	read := func(name string) string {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	file := filepath.Join(dir, "src", "fixable", "main.go")
	before, after := read(filepath.Join(testdata, "hazard", "zones", "main.go")), read(filepath.Join(testdata, "hazard", "zones", "main.go.golden"))
	if err := os.WriteFile(file, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	setGOPATH(t, dir)
	t.Chdir(filepath.Dir(file))

	var stdout, stderr bytes.Buffer
	if got := run([]string{"-diff"}, &stdout, &stderr); got != 1 {
		t.Errorf("-diff: status %d, want 1: %s", got, stderr.String())
	}
	if got := stdout.String(); !strings.Contains(got, "+++ main.go\n") || !strings.Contains(got, "\n+\t_ \"time/tzdata\"\n") {
		t.Errorf("-diff: got:\n%s", got)
	}
	if read(file) != before {
		t.Error("-diff changes the file")
	}

	stdout.Reset()
	if got := run([]string{"-fix", "-strict"}, &stdout, &stderr); got != 0 || stdout.Len() > 0 {
		t.Errorf("-fix: status %d, want 0: %s%s", got, stdout.String(), stderr.String())
	}
	if got := read(file); got != after {
		t.Errorf("-fix: got:\n%s\nwant:\n%s", got, after)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("-fix changes permissions: %v, %v", info.Mode(), err)
	}
	if got := run([]string{"-diff"}, &stdout, &stderr); got != 0 || stdout.Len() > 0 {
		t.Errorf("-diff after -fix: status %d, want 0: %s%s", got, stdout.String(), stderr.String())
	}
}

// TestRun_Errors proves that code which does not compile is answered with what
// the go command says of it, relative to the working directory.
func TestRun_Errors(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module example.com/bad\n\ngo 1.26\n")
	write("types/main.go", "package main\n\nfunc main() {\n\tx := 1\n\tvar y string = 2\n}\n")
	write("syntax/main.go", "package main\n\nfunc main() {\n\tif\n}\n")
	write("imports/main.go", "package main\n\nimport \"example.com/bad/none\"\n\nfunc main() { none.X() }\n")
	write("cycle/a.go", "package cycle\n\nimport _ \"example.com/bad/cycle/b\"\n")
	write("cycle/b/b.go", "package b\n\nimport _ \"example.com/bad/cycle\"\n")
	t.Setenv("GOFLAGS", "-mod=mod")
	t.Setenv("GOWORK", "off")
	t.Setenv("GOPROXY", "off")
	t.Chdir(dir)
	for _, test := range []struct {
		pattern string
		want    []string
	}{
		{"./types", []string{"types/main.go:4:2: declared and not used: x", "types/main.go:5:6: declared and not used: y", "types/main.go:5:17: cannot use 2"}},
		{"./syntax", []string{"syntax/main.go:"}},
		{"./imports", []string{"imports/main.go:3:8: ", "example.com/bad/none"}},
		{"./cycle", []string{"import cycle not allowed"}},
	} {
		t.Run(test.pattern, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if got := run([]string{test.pattern}, &stdout, &stderr); got != 2 || stdout.Len() > 0 {
				t.Errorf("status %d, want 2: %s", got, stdout.String())
			}
			for _, want := range test.want {
				if !strings.Contains("\n"+stderr.String(), want) {
					t.Errorf("got:\n%s\nwant %q", stderr.String(), want)
				}
			}
			if strings.Contains(stderr.String(), "panic") || !strings.Contains(stderr.String(), "nothing was analyzed") {
				t.Errorf("got:\n%s", stderr.String())
			}
		})
	}
}

// build builds the command.
func build(t *testing.T) string {
	t.Helper()
	tool := filepath.Join(t.TempDir(), "cofaas-vet")
	if out, err := exec.Command("go", "build", "-o", tool, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return tool
}

// TestGoVet runs the command as go vet does, with facts in files.
func TestGoVet(t *testing.T) {
	tool := build(t)
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
	out, err := vet("vetted/elsewhere", "vetted/broken", "hazard/elsewhere")
	if err == nil {
		t.Error("go vet succeeds, although something stands in the way")
	}
	for _, want := range []string{
		"package vetted/lib: lib.go:11: registration of a service that is not known",
		"vetted/broken/main.go:26:2: call of a method",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("got:\n%s\nwant %q", out, want)
		}
	}
	// Warnings are reported if they are asked for.
	if out, err := vet("hazard/elsewhere", "hazard/fields"); err != nil || out != "" {
		t.Errorf("warnings: %v\n%s", err, out)
	}
	out, err = vet("-strict", "hazard/elsewhere", "hazard/cgo")
	if err == nil {
		t.Error("go vet -strict succeeds, although there are warnings")
	}
	for _, want := range []string{
		"package hazard/store: store.go:29: variable Visits is written",
		"package hazard/store: store.go:39: os.ReadFile fails",
		"hazard/elsewhere/main.go:29:2: variable cache is written",
		"package hazard/cgoonly does not compile for guests",
		"package hazard/cgodep is built for guests without cgo, and so without with.go",
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

// TestGoFix runs the command as go fix does.
func TestGoFix(t *testing.T) {
	tool := build(t)
	gopath(t)
	fix := exec.Command("go", "fix", "-diff", "-fixtool="+tool, "hazard/zones", "annotated/spaced")
	fix.Dir = filepath.Join(os.Getenv("GOPATH"), "src")
	out, err := fix.CombinedOutput()
	if err == nil {
		t.Error("go fix -diff succeeds, although there are differences")
	}
	for _, want := range []string{"\n+\t_ \"time/tzdata\"\n", "\n-// go:generate", "\n+//go:generate go tool cofaas-gen"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("got:\n%s\nwant %q", out, want)
		}
	}
}

// TestRun_Again proves that a second look at the same packages finds the same, and one at others does not.
func TestRun_Again(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "main.go")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(dir, "go.mod"), "module example.com/again\n\ngo 1.26\n")
	write(file, "package main\n\n// go:generate go tool cofaas-gen\n\nfunc main() {}\n")
	t.Setenv("GOWORK", "off")
	t.Chdir(dir)
	look := func(args ...string) string {
		t.Helper()
		var stdout, stderr bytes.Buffer
		code := run(args, &stdout, &stderr)
		return fmt.Sprintf("%d\n%s%s", code, stdout.String(), stderr.String())
	}
	first := look("-json")
	if !strings.Contains(first, "annotation") || !strings.Contains(first, "edits") {
		t.Fatalf("got %s", first)
	}
	if again := look("-json"); again != first {
		t.Errorf("got %s\nand then %s", first, again)
	}
	write(file, "package main\n\nfunc main() {}\n")
	if again := look(); again != "0\n" {
		t.Errorf("after a change: %s", again)
	}
	write(file, "package main\n\nfunc main() { x }\n")
	for range 2 { // an error is not remembered as if there were nothing
		if again := look(); !strings.HasPrefix(again, "2\n") || !strings.Contains(again, "main.go:3:15") {
			t.Errorf("broken: %s", again)
		}
	}
}
