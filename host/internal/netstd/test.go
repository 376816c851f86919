package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/cofaas/cofaas/internal/netoverlay"
)

// testTimeout is for one package. A guest has one thread, and tests that are about timeouts take what they take.
const testTimeout = "30m"

// test runs the tests of packages in guests.
func test(ctx context.Context, packages []string, stderr io.Writer) (map[string]*result, error) {
	dir, err := os.MkdirTemp("", "netstd-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out, err := exec.CommandContext(ctx, "go", "env", "GOROOT", "GOMODCACHE").Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	paths := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(paths) != 2 {
		return nil, fmt.Errorf("go env: %q", out)
	}
	goroot, err := netoverlay.Reach(paths[0], paths[1], dir)
	if err != nil {
		return nil, err
	}
	overlay, err := netoverlay.Make(goroot)
	if err != nil {
		return nil, err
	}
	config, err := overlay.Write(dir)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := filepath.Join(goroot, "bin", "go")
	if runtime.GOOS == "windows" {
		command += ".exe"
	}
	args := []string{"test", "-json", "-short", "-vet=off", "-timeout=" + testTimeout, "-overlay=" + config, "-exec=" + self + " -exec"}
	cmd := exec.CommandContext(ctx, command, append(args, packages...)...)
	cmd.Dir = filepath.Join(goroot, "src") // They are packages of that module, whatever there is here.
	cmd.Env = append(os.Environ(), "GOROOT="+goroot, "GOTOOLCHAIN=local", "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=",
		"PWD="+cmd.Dir)
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
