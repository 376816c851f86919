package netoverlay

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Reach returns a path to goroot at which the go command takes overlays. It takes none for files of the module cache, where the Go releases
// are that it has downloaded; but it does not see that a link leads there, which is then made in dir. Such a GOROOT needs GOTOOLCHAIN=local
// and the go command in it.
func Reach(goroot, modcache, dir string) (string, error) {
	if rel, err := filepath.Rel(modcache, goroot); err != nil || !filepath.IsLocal(rel) {
		return goroot, nil
	}
	sum := sha256.Sum256([]byte(goroot))
	name := filepath.Join(dir, "go-"+hex.EncodeToString(sum[:12]))
	if err := link(name, goroot); err != nil {
		return "", fmt.Errorf("package net for guests: reach the Go release in the module cache from elsewhere: %w", err)
	}
	return name, nil
}

// link makes a link, unless it is there.
func link(name, target string) error {
	if got, err := os.Readlink(name); err == nil && got == target {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	if err := os.Symlink(target, name); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	// Another process may have made it, or there is something else.
	if got, err := os.Readlink(name); err != nil || got != target {
		return cmp.Or(err, fmt.Errorf("%s leads to %s, not to %s; remove it", name, got, target))
	}
	return nil
}
