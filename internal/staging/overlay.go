package staging

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/cofaas/cofaas/internal/netoverlay"
)

// A toolchain is the go command that builds a guest, and with what.
type toolchain struct {
	command string
	env     []string
	flags   []string
}

// toolchain returns what builds the function. If its closure has package net, that is an overlay's, see package netoverlay, of which the
// files are below cache.
func (s *Stage) toolchain(ctx context.Context, cache string) (*toolchain, error) {
	t := &toolchain{command: "go", env: s.env}
	if s.pkgs["net"] == nil || s.platform.IsNative() {
		return t, nil
	}
	if cache == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("no cache folder for package net of guests: %w", err)
		}
		cache = filepath.Join(dir, "cofaas")
	}
	cache = filepath.Join(cache, "net")
	// Which toolchain it is can depend on the module.
	cmd := goCommand(ctx, append(slices.Clone(s.env), "PWD="+s.ModuleDir()), "env", "-json", "GOROOT", "GOMODCACHE")
	cmd.Dir = s.ModuleDir()
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go env in %s: %w", s.ModuleDir(), withStderr(err))
	}
	var env struct{ GOROOT, GOMODCACHE string }
	if err := json.Unmarshal(out, &env); err != nil {
		return nil, fmt.Errorf("go env in %s: %w", s.ModuleDir(), err)
	}
	goroot, err := netoverlay.Reach(env.GOROOT, env.GOMODCACHE, cache)
	if err != nil {
		return nil, err
	}
	if goroot != env.GOROOT {
		t.command = filepath.Join(goroot, "bin", "go")
		if runtime.GOOS == "windows" {
			t.command += ".exe"
		}
		t.env = append(slices.Clone(s.env), "GOROOT="+goroot, "GOTOOLCHAIN=local")
	}
	overlay, err := netoverlay.Make(goroot)
	if err != nil {
		return nil, err
	}
	config, err := overlay.Write(cache)
	if err != nil {
		return nil, fmt.Errorf("package net for guests: %w", err)
	}
	t.flags = []string{"-overlay=" + config}
	return t, nil
}
