// Package goload loads packages as golang.org/x/tools/go/packages does, and says in one sentence, with what to run, why the go
// command could not. It may import the standard library and golang.org/x/tools/go/packages.
package goload

import (
	"cmp"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/tools/go/packages"
)

// Load is packages.Load. If the go command finds no packages to speak of, because of what is in a go.mod or go.work file or in the
// environment, the error is a [*Error] or a join of several. What is wrong with a package is among its errors.
func Load(cfg *packages.Config, patterns ...string) ([]*packages.Package, error) {
	ctx := cmp.Or(cfg.Context, context.Background())
	pkgs, err := packages.Load(cfg, patterns...)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, explain(cfg, err)
	}
	// With -e, the go command reports some of this as an error of a package that is none.
	var errs []error
	for _, p := range pkgs {
		for _, e := range p.Errors {
			if (e.Pos == "" || e.Pos == "-") && len(p.GoFiles)+len(p.IgnoredFiles) == 0 && aboutModule(e.Msg) {
				errs = append(errs, explain(cfg, e))
			}
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return pkgs, nil
}

// aboutModule reports whether a message of the go command is not about a package.
func aboutModule(msg string) bool {
	return strings.HasPrefix(msg, "go: ") || outsideRE.MatchString(msg)
}

// InModule returns an error if dir is in no module and in no workspace.
func InModule(ctx context.Context, dir string, env []string) error {
	mod, work, err := moduleFiles(ctx, dir, env)
	if err != nil {
		return explain(&packages.Config{Dir: dir, Env: env}, err)
	}
	if mod == "" && work == "" {
		return noModule(dir)
	}
	return nil
}

// moduleFiles returns the files go.mod and go.work that are in effect in dir, if any.
func moduleFiles(ctx context.Context, dir string, env []string) (mod, work string, err error) {
	cmd := exec.CommandContext(ctx, "go", "env", "GOMOD", "GOWORK")
	cmd.Dir, cmd.Env = dir, env
	out, err := cmd.Output()
	if err != nil {
		return "", "", err
	}
	mod, rest, _ := strings.Cut(string(out), "\n")
	work, _, _ = strings.Cut(rest, "\n")
	if mod == os.DevNull {
		mod = ""
	}
	if work == "off" {
		work = ""
	}
	return mod, work, nil
}
