package staging

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

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
	if s.pkgs["net"] == nil {
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
	goroot := env.GOROOT
	if rel, err := filepath.Rel(env.GOMODCACHE, goroot); err == nil && filepath.IsLocal(rel) {
		if goroot, err = link(cache, goroot); err != nil {
			return nil, fmt.Errorf("package net for guests: reach the Go release in the module cache from elsewhere: %w", err)
		}
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

// link returns another path to a folder. The go command takes no overlay for files of the module cache, where Go releases are that it
// has downloaded, but does not see that a path leads there.
func link(cache, folder string) (string, error) {
	sum := sha256.Sum256([]byte(folder))
	name := filepath.Join(cache, "go-"+hex.EncodeToString(sum[:12]))
	if target, err := os.Readlink(name); err == nil && target == folder {
		return name, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	if err := os.Symlink(folder, name); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	// Another process may have made it, or there is something else.
	if target, err := os.Readlink(name); err != nil || target != folder {
		return "", cmp.Or(err, fmt.Errorf("%s leads to %s, not to %s; remove it", name, strings.TrimSpace(target), folder))
	}
	return name, nil
}
