package staging

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// An environ knows what the go command sees in the user's directory, and what it must see in a stage.
type environ struct {
	GOWORK, GOMOD, GOFLAGS, GOVERSION, GOEXPERIMENT string

	base     []string
	platform Platform
}

func newEnviron(ctx context.Context, spec *Spec) (*environ, error) {
	e := &environ{base: spec.Env, platform: spec.Platform}
	if e.base == nil {
		e.base = os.Environ()
	}
	cmd := goCommand(ctx, e.base, "env", "-json", "GOWORK", "GOMOD", "GOFLAGS", "GOVERSION", "GOEXPERIMENT")
	cmd.Dir = spec.Dir
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go env in %s: %w", spec.Dir, withStderr(err))
	}
	if err := json.Unmarshal(out, e); err != nil {
		return nil, fmt.Errorf("go env in %s: %w", spec.Dir, err)
	}
	return e, nil
}

// load returns the environment for loading packages from the user's tree as a stage sees them, that is not from vendor.
func (e *environ) load() []string {
	return e.with("GOWORK="+e.GOWORK, "GOPACKAGESDRIVER=off")
}

// build returns the environment for a build in dir.
func (e *environ) build(work bool, dir string) []string {
	gowork := "off"
	if work {
		gowork = filepath.Join(dir, "go.work")
	}
	if e.platform.IsNative() {
		return e.with("GOWORK=" + gowork)
	}
	return e.with("GOWORK="+gowork, "GOEXPERIMENT="+e.experiments())
}

// experiments returns GOEXPERIMENT for a guest. Go 1.26 has allocation routines for each size class, which take a third off the
// cost of what a call allocates, but uses them by default on other architectures only. Later releases decide for themselves.
func (e *environ) experiments() string {
	if e.GOEXPERIMENT == "" && (e.GOVERSION == "go1.26" || strings.HasPrefix(e.GOVERSION, "go1.26.")) {
		return "sizespecializedmalloc"
	}
	return e.GOEXPERIMENT
}

func (e *environ) with(vars ...string) []string {
	return slices.Concat(e.base, e.platform.Env(), []string{
		"GO111MODULE=on",
		"GOFLAGS=" + cleanFlags(e.GOFLAGS),
	}, vars)
}

// cleanFlags keeps the flags in GOFLAGS that say what is built. Others must not change how it is built, or from which
// module files. The result is not empty, because an empty GOFLAGS does not override the one that go env -w has set.
func cleanFlags(goflags string) string {
	flags := []string{"-mod=readonly"}
	for _, f := range strings.Fields(goflags) {
		name, _, _ := strings.Cut(strings.TrimLeft(f, "-"), "=")
		switch name {
		case "tags", "p", "modcacherw":
			flags = append(flags, f)
		}
	}
	return strings.Join(flags, " ")
}

func tagFlags(tags []string) []string {
	if len(tags) == 0 {
		return nil
	}
	return []string{"-tags=" + strings.Join(tags, ",")}
}

// goCommand returns a go command that is interrupted, not killed, when ctx ends, so that it can stop its compilers.
func goCommand(ctx context.Context, env []string, args ...string) *exec.Cmd {
	return goCommandAt(ctx, "go", env, args...)
}

// goCommandAt is goCommand for a go command of a name or at a path.
func goCommandAt(ctx context.Context, name string, env []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = env
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// withStderr adds what a command wrote to standard error, if Output has kept it.
func withStderr(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(exit.Stderr)))
	}
	return err
}
