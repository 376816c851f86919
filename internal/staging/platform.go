package staging

import (
	"context"
	"encoding/json"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/tools/go/packages"
)

// A Platform is what a function is built for. The zero value is that of guests.
type Platform struct {
	// GOOS and GOARCH are those of a native program.
	GOOS, GOARCH string
	// Cgo says that a native program may be built with cgo.
	Cgo bool
}

// Native is the platform for which the go command builds programs in dir.
func Native(ctx context.Context, dir string) (Platform, error) {
	cmd := goCommand(ctx, os.Environ(), "env", "-json", "GOOS", "GOARCH", "CGO_ENABLED")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return Platform{}, fmt.Errorf("go env in %s: %w", dir, withStderr(err))
	}
	var env struct{ GOOS, GOARCH, CGO_ENABLED string }
	if err := json.Unmarshal(out, &env); err != nil {
		return Platform{}, fmt.Errorf("go env in %s: %w", dir, err)
	}
	return Platform{GOOS: env.GOOS, GOARCH: env.GOARCH, Cgo: env.CGO_ENABLED == "1"}, nil
}

// IsNative says whether programs of the platform are native ones.
func (p Platform) IsNative() bool { return p.GOOS != "" }

// String names the platform as the go command does.
func (p Platform) String() string {
	if !p.IsNative() {
		return "wasip1"
	}
	return p.GOOS + "/" + p.GOARCH
}

// Env is what the go command needs in its environment to load and build packages for the platform.
func (p Platform) Env() []string {
	if !p.IsNative() {
		return []string{"GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0"}
	}
	cgo := "CGO_ENABLED=0"
	if p.Cgo {
		cgo = "CGO_ENABLED=1"
	}
	return []string{"GOOS=" + p.GOOS, "GOARCH=" + p.GOARCH, cgo}
}

// needsCgo says whether one of pkgs, or what they import, uses cgo. The standard library does too where it may, and has what it needs
// without it.
func needsCgo(pkgs map[string]*packages.Package) bool {
	for _, p := range pkgs {
		if p.Module != nil && slices.ContainsFunc(p.GoFiles, importsC) {
			return true
		}
	}
	return false
}

func importsC(name string) bool {
	if filepath.Ext(name) != ".go" {
		return false
	}
	f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
	if err != nil {
		return false // then the go command says what is wrong
	}
	for _, spec := range f.Imports {
		if spec.Path.Value == `"C"` {
			return true
		}
	}
	return false
}
