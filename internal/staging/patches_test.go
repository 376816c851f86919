package staging_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/go/packages"

	"github.com/cofaas/cofaas/internal/loader"
	"github.com/cofaas/cofaas/internal/staging"
)

// patchPrograms use what is patched, by module: main.go of a guest, and what its export "run" prints.
var patchPrograms = map[string]struct{ src, want string }{
	"github.com/mattn/go-isatty": {`package main

import (
	"os"

	"github.com/mattn/go-isatty"
)

func main() {}

//go:wasmexport run
func run() {
	println(isatty.IsTerminal(os.Stderr.Fd()), isatty.IsCygwinTerminal(os.Stderr.Fd()))
}
`, "false false\n"},
	"github.com/sirupsen/logrus": {`package main

import "github.com/sirupsen/logrus"

func main() {}

//go:wasmexport run
func run() {
	logrus.SetFormatter(&logrus.TextFormatter{DisableTimestamp: true})
	logrus.Info("hello")
}
`, "level=info msg=hello\n"},
}

// TestPatches builds the first and the last version of everything that is patched, as their authors released it.
func TestPatches(t *testing.T) {
	if testing.Short() {
		t.Skip("builds guests of modules from the proxy")
	}
	for _, mod := range staging.PatchedVersions() {
		t.Run(strings.ReplaceAll(mod, "/", "_"), func(t *testing.T) {
			t.Parallel()
			path, _, _ := strings.Cut(mod, "@")
			program := patchPrograms[path]
			dir := requiring(t, mod, map[string]string{"main.go": program.src})
			got, patches := buildPatched(t, dir)
			if diff := cmp.Diff(program.want, got); diff != "" {
				t.Errorf("stderr (-want +got):\n%s", diff)
			}
			if len(patches) != 1 || patches[0].Module+"@"+patches[0].Version != mod {
				t.Errorf("patches are %+v, want one of %s", patches, mod)
			}
		})
	}
}

func TestPatches_signals(t *testing.T) {
	if testing.Short() {
		t.Skip("builds guests")
	}
	t.Parallel()
	var names strings.Builder
	for _, name := range staging.SignalNames() {
		if name != "Signal" {
			fmt.Fprintf(&names, "\tunix.%s,\n", name)
		}
	}
	dir := requiring(t, "golang.org/x/sys@v0.49.0", map[string]string{
		"main.go": `package main

import (
	"os"
	"os/signal"
	"syscall"

	sys "golang.org/x/sys/unix"
)

func main() {}

//go:wasmexport run
func run() {
	c := make(chan os.Signal, 1)
	signal.Notify(c, sys.SIGTERM, os.Interrupt)
	var s os.Signal = sys.Signal(15)
	println(s == syscall.SIGTERM, len(all))
}
`,
		"all.go": "package main\n\nimport (\n\t\"os\"\n\n\t\"golang.org/x/sys/unix\"\n)\n\nvar all = []os.Signal{\n" + names.String() + "}\n",
		"kept.go": `package main

import _ "golang.org/x/sys/unix"
`,
	})
	got, patches := buildPatched(t, dir)
	if want := fmt.Sprintf("true %d\n", len(staging.SignalNames())-1); got != want {
		t.Errorf("stderr is %q, want %q", got, want)
	}
	var files []string
	for _, p := range patches {
		files = append(files, filepath.Base(p.File))
	}
	if diff := cmp.Diff([]string{"all.go", "main.go"}, files); diff != "" {
		t.Errorf("patched files (-want +got):\n%s", diff)
	}
}

// TestPatches_refused has what must be left alone and reported.
func TestPatches_refused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, mod, src, want string }{
		{
			"more than signals", "golang.org/x/sys@v0.49.0",
			"package main\n\nimport \"golang.org/x/sys/unix\"\n\nfunc main() { println(unix.SIGTERM, unix.Getpid()) }\n",
			"dependency golang.org/x/sys v0.49.0 does not compile for wasip1: $DIR/main.go:5:28: undefined: unix.SIGTERM; no version is known that does",
		},
		{
			"variable of that name", "golang.org/x/sys@v0.49.0",
			"package main\n\nimport \"golang.org/x/sys/unix\"\n\nvar _ = unix.Getpid\n\nfunc main() {\n\tvar unix struct{ SIGINT int }\n\tprintln(unix.SIGINT)\n}\n",
			"dependency golang.org/x/sys v0.49.0 does not compile for wasip1: $DIR/main.go:5:14: undefined: unix.Getpid; no version is known that does",
		},
		{
			"version without a rule", "github.com/sirupsen/logrus@v1.4.0",
			"package main\n\nimport \"github.com/sirupsen/logrus\"\n\nfunc main() { logrus.Info() }\n",
			"undefined: terminal.IsTerminal; v0.1.0 does: go get golang.org/x/crypto@v0.1.0",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := requiring(t, tt.mod, map[string]string{"main.go": tt.src})
			pkgs, patches, err := loadPatched(t, dir)
			if err != nil {
				t.Fatal(err)
			}
			if len(patches) > 0 {
				t.Errorf("patches are %+v, want none", patches)
			}
			want := strings.ReplaceAll(tt.want, "$DIR", dir)
			if err := staging.Preflight(staging.Platform{}, pkgs); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Preflight: %v, want %s", err, want)
			}
		})
	}
}

// TestPatches_documented wants every rule on the documentation's page.
func TestPatches_documented(t *testing.T) {
	page, err := os.ReadFile("../../docs/stages.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, mod := range staging.PatchedVersions() {
		path, version, _ := strings.Cut(mod, "@")
		if !strings.Contains(string(page), path) || !strings.Contains(string(page), version) {
			t.Errorf("docs/stages.md says nothing of %s", mod)
		}
	}
}

// requiring makes a module that requires mod, with the files, and returns its directory.
func requiring(t *testing.T, mod string, files map[string]string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	path, version, _ := strings.Cut(mod, "@")
	write(t, filepath.Join(dir, "go.mod"), []byte("module example.com/app\n\ngo 1.26\n\nrequire "+path+" "+version+"\n"))
	for name, src := range files {
		write(t, filepath.Join(dir, name), []byte(src))
	}
	for tries := 0; ; tries++ { // a proxy may be out of reach for a moment
		cmd := exec.CommandContext(t.Context(), "go", "mod", "tidy")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
		out, err := cmd.CombinedOutput()
		if err == nil {
			return dir
		}
		if tries == 3 {
			t.Fatalf("go mod tidy: %v\n%s", err, out)
		}
		time.Sleep(2 * time.Second)
	}
}

// loadPatched loads the function in dir as a stage will have it.
func loadPatched(t *testing.T, dir string) ([]*packages.Package, []staging.Patch, error) {
	t.Helper()
	cfg := packages.Config{
		Context: t.Context(),
		Dir:     dir,
		Env:     append(os.Environ(), "GOWORK=off", "GOFLAGS=", "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0"),
	}
	pkgs, err := loader.List(cfg, ".")
	if err != nil {
		return nil, nil, err
	}
	return staging.Check(cfg, pkgs, loader.Options{Near: func(*packages.Package) bool { return false }, Bodies: true}, ".")
}

// buildPatched builds the function in dir as it is but for patches, and returns what it prints.
func buildPatched(t *testing.T, dir string) (string, []staging.Patch) {
	t.Helper()
	pkgs, patches, err := loadPatched(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := staging.Preflight(staging.Platform{}, pkgs); err != nil {
		t.Fatal(err)
	}
	rewritten := make(map[string]map[string][]byte)
	for _, p := range patches {
		if rewritten[p.Package] == nil {
			rewritten[p.Package] = make(map[string][]byte)
		}
		rewritten[p.Package][p.File] = p.Content
	}
	out := t.TempDir()
	stage, err := staging.Write(t.Context(), filepath.Join(out, "stage"), staging.Spec{
		Main:      "example.com/app",
		Packages:  pkgs,
		Rewritten: rewritten,
		Dir:       dir,
		Env:       slices.Concat(os.Environ(), []string{"GOWORK=off", "GOFLAGS="}),
	})
	if err != nil {
		t.Fatal(err)
	}
	wasm := filepath.Join(out, "guest.wasm")
	if err := stage.Build(t.Context(), wasm, staging.BuildOptions{}); err != nil {
		t.Fatal(err)
	}
	return run(t, wasm), patches
}
