package staging_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/version"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"

	"github.com/cofaas/cofaas/internal/netoverlay"
	"github.com/cofaas/cofaas/internal/staging"
)

const netGuest = `package main

import (
	"net"
	"os"
)

//go:wasmexport run
func run() {
	if _, err := net.Dial("tcp", "127.0.0.1:80"); err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
	}
}

func main() {}
`

// stageGuest stages a function of one file.
func stageGuest(t *testing.T, src string, env ...string) *staging.Stage {
	t.Helper()
	user := t.TempDir()
	write(t, filepath.Join(user, "go.mod"), []byte("module example.com/guest\n\ngo 1.24\n"))
	write(t, filepath.Join(user, "main.go"), []byte(src))
	env = append(os.Environ(), append([]string{"GOWORK=off", "GOFLAGS="}, env...)...)
	cfg := &packages.Config{Context: t.Context(), Mode: staging.LoadMode, Dir: user, Env: append(env, "GOOS=wasip1", "GOARCH=wasm")}
	pkgs, err := packages.Load(cfg, ".")
	if err != nil {
		t.Fatal(err)
	}
	stage, err := staging.Write(t.Context(), filepath.Join(t.TempDir(), "stage"), staging.Spec{
		Main: "example.com/guest", Packages: pkgs, Dir: user, Env: env,
	})
	if err != nil {
		t.Fatal(err)
	}
	return stage
}

func build(t *testing.T, stage *staging.Stage, cache string) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "guest.wasm")
	if err := stage.Build(t.Context(), out, staging.BuildOptions{CacheDir: cache}); err != nil {
		t.Fatal(err)
	}
	code, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// TestNet wants package net of guests to be the overlay's, with the Go release that there is and with one that the go command has
// downloaded, and other guests to need none.
func TestNet(t *testing.T) {
	importsHost := func(code []byte) bool { return bytes.Contains(code, []byte("cofaas:host/net")) }
	t.Run("installed", func(t *testing.T) {
		cache := t.TempDir()
		first := build(t, stageGuest(t, netGuest), cache)
		if !importsHost(first) {
			t.Error("the guest does not import the host's functions")
		}
		if bytes.Contains(first, []byte(cache)) {
			t.Error("the guest contains the name of the cache")
		}
		overlays, err := filepath.Glob(filepath.Join(cache, "net", "*", "overlay.json"))
		if err != nil || len(overlays) != 1 {
			t.Fatalf("overlays: %v, %v", overlays, err)
		}
		if again := build(t, stageGuest(t, netGuest), t.TempDir()); !bytes.Equal(first, again) {
			t.Error("with the cache elsewhere, the guest is another")
		}
	})
	t.Run("without net", func(t *testing.T) {
		cache := t.TempDir()
		code := build(t, stageGuest(t, strings.NewReplacer("\t\"net\"\n", "", "net.Dial(\"tcp\", \"127.0.0.1:80\")", "os.Stat(\"/\")").Replace(netGuest)), cache)
		if importsHost(code) {
			t.Error("a guest without package net imports the host's functions")
		}
		checkEntries(t, cache)
	})
	t.Run("downloaded", func(t *testing.T) {
		if testing.Short() {
			t.Skip("downloads a Go release")
		}
		release := "go1.26.0" // Any that is not the one that runs.
		if version.Compare(runtime.Version(), release) == 0 {
			release = "go1.26.1"
		}
		cache := t.TempDir()
		stage := stageGuest(t, netGuest, "GOTOOLCHAIN="+release)
		code := build(t, stage, cache)
		if !importsHost(code) {
			t.Error("the guest does not import the host's functions")
		}
		if !bytes.Contains(code, []byte(release)) {
			t.Errorf("the guest was not built by %s", release)
		}
		links, err := filepath.Glob(filepath.Join(cache, "net", "go-*"))
		if err != nil || len(links) != 1 {
			t.Fatalf("links: %v, %v", links, err)
		}
		target, err := os.Readlink(links[0])
		if err != nil || !strings.Contains(filepath.Base(target), release) {
			t.Errorf("%s leads to %s: %v", links[0], target, err)
		}
		// That is why there is a link.
		config, err := filepath.Glob(filepath.Join(cache, "net", "*", "overlay.json"))
		if err != nil || len(config) != 1 {
			t.Fatalf("overlays: %v, %v", config, err)
		}
		refused := refusedOverlay(t, target)
		cmd := exec.CommandContext(t.Context(), "go", "list", "-overlay="+refused, "net")
		cmd.Dir = stage.ModuleDir()
		cmd.Env = append(os.Environ(), "GOTOOLCHAIN="+release, "GOWORK=off", "GOFLAGS=", "PWD="+cmd.Dir)
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "must not be replaced") {
			t.Errorf("the go command takes overlays in the module cache: %v\n%s", err, out)
		}
	})
}

// refusedOverlay returns an overlay of a file of a Go release in the module cache.
func refusedOverlay(t *testing.T, goroot string) string {
	t.Helper()
	file := filepath.Join(goroot, "src", "net", "net.go")
	data, err := json.Marshal(map[string]map[string]string{"Replace": {file: file}})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "overlay.json")
	write(t, name, data)
	return name
}

// TestNet_Errors wants to hear of a Go release that does not fit.
func TestNet_Errors(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	goroot := strings.TrimSpace(string(out))
	// A Go release of which one file is another.
	doctored := t.TempDir()
	linkAll(t, goroot, doctored, "src")
	linkAll(t, filepath.Join(goroot, "src"), filepath.Join(doctored, "src"), "net")
	linkAll(t, filepath.Join(goroot, "src", "net"), filepath.Join(doctored, "src", "net"), "fd_fake.go")
	src, err := os.ReadFile(filepath.Join(goroot, "src", "net", "fd_fake.go"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(doctored, "src", "net", "fd_fake.go"), bytes.Replace(src, []byte(") accept() ("), []byte(") take() ("), 1))
	stage := stageGuest(t, netGuest, "GOROOT="+doctored, "GOTOOLCHAIN=local")
	dir := t.TempDir()
	err = stage.Build(t.Context(), filepath.Join(dir, "guest.wasm"), staging.BuildOptions{CacheDir: t.TempDir()})
	var moved *netoverlay.MovedError
	if !errors.As(err, &moved) || moved.Function != "(*netFD).accept" || moved.Release != runtime.Version() {
		t.Errorf("Build: %v", err)
	}
	checkEntries(t, dir)
}

// linkAll makes links in a new folder to all in another but one.
func linkAll(t *testing.T, from, to, but string) {
	t.Helper()
	if err := os.MkdirAll(to, 0o777); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() == but {
			continue
		}
		if err := os.Symlink(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
}
