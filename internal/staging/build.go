package staging

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cofaas/cofaas/internal/wasmopt"
)

// Build compiles the function, to a wasip1 reactor that it makes faster (see package wasmopt), or to a native program, and moves it to out.
// Nothing is left at or beside out if it fails. The error is then a join of [*PositionError] and [*DependencyError], or one that says why the
// go command could not start to compile.
func (s *Stage) Build(ctx context.Context, out string, opts BuildOptions) error {
	out, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(out), "."+filepath.Base(out)+".")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	built := filepath.Join(tmp, filepath.Base(out))
	if s.platform.IsNative() {
		err = s.buildNative(ctx, built, &opts)
	} else {
		err = s.buildGuest(ctx, built, &opts)
	}
	if err != nil {
		return err
	}
	return os.Rename(built, out)
}

func (s *Stage) buildGuest(ctx context.Context, out string, opts *BuildOptions) error {
	toolchain, err := s.toolchain(ctx, opts.CacheDir)
	if err != nil {
		return fmt.Errorf("%s: %w", s.main, err)
	}
	ldflags := cmp.Or(opts.LDFlags, defaultLDFlags) + " -checklinkname=0" // see package guest, signals_wasip1.go
	if err := s.goBuild(ctx, toolchain, out, ldflags, slices.Concat([]string{"-buildmode=c-shared"}, toolchain.flags)...); err != nil {
		return err
	}
	if err := optimize(out); err != nil {
		return fmt.Errorf("%s: %w", s.main, err)
	}
	return nil
}

const defaultLDFlags = "-s -w"

// goBuild runs go build.
func (s *Stage) goBuild(ctx context.Context, toolchain *toolchain, out, ldflags string, flags ...string) error {
	args := slices.Concat([]string{
		"build",
		"-json",
		"-mod=readonly",
		"-buildvcs=false", // The state of the user's repository must not show in what is built.
		"-trimpath",
		"-ldflags=" + ldflags,
		"-o", out,
	}, flags, tagFlags(s.tags), []string{s.main})
	// With PWD, the go command prints names relative to the directory as it is named here.
	cmd := goCommandAt(ctx, toolchain.command, append(slices.Clone(toolchain.env), "PWD="+s.ModuleDir()), args...)
	cmd.Dir = s.ModuleDir()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("go build %s: %w", s.main, context.Cause(ctx))
		}
		if err := s.findings(&stdout); err != nil {
			return err
		}
		return fmt.Errorf("go build %s: %w: %s", s.main, err, s.mapText(strings.TrimSpace(stderr.String())))
	}
	return nil
}

// optimize rewrites a module's file.
func optimize(file string) error {
	module, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	module, _, err = wasmopt.Module(module)
	if err != nil {
		return err
	}
	return os.WriteFile(file, module, 0o666)
}

// findings turns the events of go build -json into errors.
func (s *Stage) findings(r io.Reader) error {
	text := make(map[string]*strings.Builder)
	dec := json.NewDecoder(r)
	for {
		var event struct{ ImportPath, Action, Output string }
		if err := dec.Decode(&event); err != nil {
			if errors.Is(err, io.EOF) {
				break
			}
			return fmt.Errorf("go build %s: %w", s.main, err)
		}
		if event.Action != "build-output" {
			continue
		}
		pkgPath, _, _ := strings.Cut(event.ImportPath, " ")
		if text[pkgPath] == nil {
			text[pkgPath] = new(strings.Builder)
		}
		text[pkgPath].WriteString(event.Output)
	}
	rep := newReporter(s.platform, s.pkgs)
	rep.ours = func(pkgPath string) bool { return s.tree.changed[pkgPath] }
	for _, pkgPath := range slices.Sorted(maps.Keys(text)) {
		for _, msg := range splitMessages(text[pkgPath].String()) {
			pos, msg := splitPosition(msg)
			chain, msg := splitChain(msg)
			if pos.Filename != "" {
				pos.Filename = s.mapFile(pkgPath, pos.Filename)
			} else {
				pos = rep.importer(chain, pkgPath)
			}
			rep.add(pkgPath, pos, s.mapMessage(pkgPath, msg))
		}
	}
	return rep.err()
}

// mapFile returns the user's file for a name that the go command printed for a package.
func (s *Stage) mapFile(pkgPath, name string) string {
	if orig := s.tree.lines[filepath.ToSlash(name)]; orig != "" {
		return orig
	}
	abs := name
	if !filepath.IsAbs(name) {
		abs = filepath.Join(s.ModuleDir(), name)
	}
	if rel, err := filepath.Rel(s.dir, abs); err == nil && filepath.IsLocal(rel) {
		if e, ok := s.tree.files[filepath.ToSlash(rel)]; ok {
			return cmp.Or(e.orig, abs)
		}
	}
	// A relative name may come from a line directive of the user's, such as goyacc writes.
	if p := s.pkgs[pkgPath]; p != nil && !filepath.IsAbs(name) {
		if orig := filepath.Join(packageDir(p), name); exists(orig) {
			return orig
		}
	}
	return filepath.Clean(s.mapText(abs))
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return !errors.Is(err, fs.ErrNotExist)
}

// mapMessage maps what a message says about other places, as in "other declaration of".
func (s *Stage) mapMessage(pkgPath, msg string) string {
	lines := strings.Split(msg, "\n")
	for i, line := range lines[1:] {
		if pos, rest := splitPosition(strings.TrimLeft(line, "\t")); pos.Filename != "" {
			pos.Filename = s.mapFile(pkgPath, pos.Filename)
			lines[i+1] = "\t" + pos.String() + ": " + rest
		}
	}
	return s.mapText(strings.Join(lines, "\n"))
}

// mapText replaces folders of the stage by the ones that they are copies of.
func (s *Stage) mapText(text string) string {
	roots := slices.SortedFunc(maps.Keys(s.tree.roots), func(a, b string) int {
		return cmp.Or(len(b)-len(a), strings.Compare(a, b))
	})
	for _, root := range roots {
		text = strings.ReplaceAll(text, filepath.Join(s.dir, filepath.FromSlash(root)), s.tree.roots[root])
	}
	return text
}
