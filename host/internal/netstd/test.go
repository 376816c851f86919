package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/cofaas/cofaas/internal/netoverlay"
)

// testTimeout is for one package. A guest has one thread, and tests that are about timeouts take what they take.
const testTimeout = "30m"

// test runs the tests of packages in guests, with more flags of go test.
func test(ctx context.Context, packages []string, stderr io.Writer, flags ...string) (map[string]*result, error) {
	dir, err := os.MkdirTemp("", "netstd-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	gc, err := newGoCommand(ctx, dir)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	flags = append([]string{"-json", "-short", "-vet=off", "-timeout=" + testTimeout, "-exec=" + self + " -exec"}, flags...)
	cmd := gc.command(ctx, "test", append(flags, packages...)...)
	cmd.Stderr = stderr
	events, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	results, err := collect(events)
	if err != nil {
		return nil, errors.Join(err, cmd.Cancel(), cmd.Wait())
	}
	// That tests failed is among the results.
	var exit *exec.ExitError
	if err := cmd.Wait(); ctx.Err() != nil || err != nil && !errors.As(err, &exit) {
		return nil, fmt.Errorf("go test: %w", errors.Join(err, context.Cause(ctx)))
	}
	return results, nil
}

// repeat runs what failed unexpectedly once more, and forgets those failures that do not come again: some of the tests are about time, and
// fail now and then on a machine that has much to do, natively as well.
func repeat(ctx context.Context, stdout, stderr io.Writer, results map[string]*result, want map[string]map[string]string) error {
	for _, pkg := range slices.Sorted(maps.Keys(results)) {
		res := results[pkg]
		names := slices.DeleteFunc(slices.Sorted(maps.Keys(res.failed)), func(name string) bool { return want[pkg][name] != "" })
		if len(names) == 0 || !res.ended {
			continue
		}
		fmt.Fprintf(stdout, "%s: once more: %s\n", pkg, strings.Join(names, ", "))
		again, err := test(ctx, []string{pkg}, stderr, "-run=^("+strings.Join(names, "|")+")$")
		if err != nil {
			return err
		}
		res.merge(again[pkg], names)
	}
	return nil
}

// goCommand is the go command for GOOS=wasip1, with package net for guests.
type goCommand struct{ goroot, overlay string }

// newGoCommand has files of its own in dir.
func newGoCommand(ctx context.Context, dir string) (*goCommand, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOROOT", "GOMODCACHE").Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	paths := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(paths) != 2 {
		return nil, fmt.Errorf("go env: %q", out)
	}
	gc := new(goCommand)
	if gc.goroot, err = netoverlay.Reach(paths[0], paths[1], dir); err != nil {
		return nil, err
	}
	overlay, err := netoverlay.Make(gc.goroot)
	if err != nil {
		return nil, err
	}
	gc.overlay, err = overlay.Write(dir)
	return gc, err
}

// command runs in the module of the standard library, whatever the module here is.
func (gc *goCommand) command(ctx context.Context, verb string, args ...string) *exec.Cmd {
	name := filepath.Join(gc.goroot, "bin", "go")
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	cmd := exec.CommandContext(ctx, name, append([]string{verb, "-overlay=" + gc.overlay}, args...)...)
	cmd.Dir = filepath.Join(gc.goroot, "src")
	cmd.Env = append(os.Environ(), "GOROOT="+gc.goroot, "GOTOOLCHAIN=local", "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOWORK=off",
		"GOFLAGS=", "PWD="+cmd.Dir)
	return cmd
}
