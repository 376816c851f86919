package netoverlay_test

import (
	"bytes"
	"cmp"
	"flag"
	"go/version"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/cofaas/cofaas/internal/netoverlay"
)

var allReleases = flag.Bool("releases", false, "compile package net with every Go release that there is, not only with the last of each minor version")

// oldest is the first Go release that can compile our files, which is earlier than what the rest of guests needs.
const oldest = "go1.24"

// TestReleases compiles package net with the Go releases that the module proxy has.
func TestReleases(t *testing.T) {
	if testing.Short() {
		t.Skip("downloads Go releases")
	}
	for _, release := range releases(t) {
		t.Run(release, func(t *testing.T) {
			env := append(os.Environ(), "GOTOOLCHAIN="+release)
			paths := strings.Fields(goCommand(t, "go", env, "env", "GOROOT", "GOMODCACHE"))
			link, err := netoverlay.Reach(paths[0], paths[1], t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			o, err := netoverlay.Make(link)
			if err != nil {
				t.Fatal(err)
			}
			config := write(t, o, t.TempDir())
			env = append(env, "GOROOT="+link, "GOTOOLCHAIN=local", "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
			command := filepath.Join(link, "bin", "go")
			if got := goCommand(t, command, env, "version"); !strings.Contains(got, release+" ") {
				t.Errorf("go version: %s", got)
			}
			// With -trimpath, the next run finds what this one compiled, wherever the link is.
			goCommand(t, command, env, "build", "-trimpath", "-overlay="+config, "net")
		})
	}
}

// releases returns the Go releases to try, in order.
func releases(t *testing.T) []string {
	t.Helper()
	re := regexp.MustCompile(`^v0\.0\.1-(go1\.\d+\.\d+)\.` + runtime.GOOS + "-" + runtime.GOARCH + "$")
	last := map[string]string{}
	var all []string
	for _, v := range strings.Fields(goCommand(t, "go", os.Environ(), "list", "-m", "-versions", "golang.org/toolchain")) {
		m := re.FindStringSubmatch(v)
		if m == nil || version.Compare(m[1], oldest) < 0 {
			continue
		}
		all = append(all, m[1])
		lang := version.Lang(m[1])
		last[lang] = cmp.Or(last[lang], m[1])
		if version.Compare(m[1], last[lang]) > 0 {
			last[lang] = m[1]
		}
	}
	if !*allReleases {
		all = slices.Collect(maps.Values(last))
	}
	slices.SortFunc(all, version.Compare)
	if len(all) < 3 {
		t.Fatalf("the module proxy has Go releases %q only", all)
	}
	return all
}

func goCommand(t *testing.T, name string, env []string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = t.TempDir() // In no module, which could ask for another Go release.
	cmd.Env = append(slices.Clone(env), "PWD="+cmd.Dir, "GOWORK=off")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return string(out)
}

// TestGuests wants a program without package net to stay as it is, and others to grow by little.
func TestGuests(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	o, err := netoverlay.Make(goroot(t))
	if err != nil {
		t.Fatal(err)
	}
	config := write(t, o, t.TempDir())
	build := func(t *testing.T, src string, flags ...string) []byte {
		t.Helper()
		dir := t.TempDir()
		file := filepath.Join(dir, "main.go")
		if err := os.WriteFile(file, []byte(src), 0o666); err != nil {
			t.Fatal(err)
		}
		out := filepath.Join(dir, "main.wasm")
		env := append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
		goCommand(t, "go", env, slices.Concat([]string{"build", "-trimpath", "-ldflags=-s -w", "-o", out}, flags, []string{file})...)
		code, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		return code
	}
	t.Run("without", func(t *testing.T) {
		const src = "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"hello\") }\n"
		if !bytes.Equal(build(t, src), build(t, src, "-overlay="+config)) {
			t.Error("a program without package net is another with the overlay")
		}
	})
	t.Run("with", func(t *testing.T) {
		const src = "package main\n\nimport (\n\t\"fmt\"\n\t\"net/http\"\n)\n\nfunc main() { fmt.Println(http.Get(\"http://example.com/\")) }\n"
		before, after := build(t, src), build(t, src, "-overlay="+config)
		if bytes.Contains(before, []byte("cofaas:host/net")) || !bytes.Contains(after, []byte("cofaas:host/net")) {
			t.Error("the host's functions are not imported with the overlay, or are without")
		}
		t.Logf("%d bytes, %d more with the overlay", len(before), len(after)-len(before))
		if grown := len(after) - len(before); grown > 160<<10 {
			t.Errorf("a program with package net grows by %d bytes", grown)
		}
	})
}
