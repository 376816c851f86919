package analyzer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"

	"github.com/cofaas/cofaas/analyzer/internal/annotation"
	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
	"github.com/cofaas/cofaas/internal/goload"
	"github.com/cofaas/cofaas/internal/loader"
)

// LoadMode is what Analyze needs to be loaded, of everything that is Near.
const LoadMode = packages.LoadAllSyntax | packages.NeedModule

// Load loads the packages that patterns match, seen from dir, for Analyze. It
// does less than packages.Load with LoadMode: dependencies that are not Near
// have types but no syntax, and errors in the bodies of their functions go
// unnoticed.
func Load(ctx context.Context, dir string, patterns ...string) ([]*packages.Package, error) {
	pkgs, err := List(ctx, dir, patterns...)
	if err != nil {
		return nil, err
	}
	return pkgs, Check(ctx, pkgs)
}

// List is the first half of Load: what it returns names the files that Check
// will read.
func List(ctx context.Context, dir string, patterns ...string) ([]*packages.Package, error) {
	return loader.List(packages.Config{Context: ctx, Dir: dir, Env: nativeEnv()}, patterns...)
}

// Check is the second half of Load.
func Check(ctx context.Context, pkgs []*packages.Package) error {
	return loader.Check(ctx, pkgs, loader.Options{Near: Near})
}

// Near reports whether Analyze needs the syntax of a package, and of all that
// import it, directly or not: it is gRPC, it is what generated code of messages
// imports, it may make listeners, or it wraps a library that is known to connect
// to something. Analyze needs that of the user's packages too.
func Near(pkg *packages.Package) bool {
	return grpcpkg.Near(pkg.PkgPath) || makesListeners(pkg) || pkg.Module != nil && wrapsLibrary(pkg)
}

// Annotated is a main package that is marked as a function.
type Annotated struct {
	PkgPath string
	Dir     string
	File    string // absolute; the first file with the annotation
	Line    int
	Args    []string // what the line passes to cofaas-gen
}

// FindAnnotated returns the main packages below dir whose files carry
//
//	//go:generate go tool cofaas-gen
//
// sorted by PkgPath. Without patterns it looks through the module of dir, or all
// modules of its workspace. Like the native build it ignores test files and
// files for other systems. That line in another package than main is an error.
func FindAnnotated(ctx context.Context, dir string, patterns ...string) ([]Annotated, error) {
	if len(patterns) == 0 {
		patterns = []string{"work"} // all packages of the main modules
	}
	pkgs, err := goload.Load(&packages.Config{
		Context: ctx,
		Mode:    packages.NeedName | packages.NeedFiles | packages.NeedModule,
		Dir:     dir,
		Env:     nativeEnv(),
	}, patterns...)
	if err != nil {
		return nil, err
	}
	var found []Annotated
	var errs []error
	for _, pkg := range pkgs {
		if len(pkg.GoFiles) == 0 {
			// Such as a pattern that matches nothing. Errors in the code of
			// packages are for Analyze to report.
			for _, err := range pkg.Errors {
				errs = append(errs, err)
			}
		}
		for _, file := range pkg.GoFiles {
			src, err := os.ReadFile(file)
			if err != nil {
				errs = append(errs, fmt.Errorf("package %s: %w", pkg.PkgPath, err))
				continue
			}
			if line, args := annotation.Find(src); line > 0 {
				if pkg.Name != "main" {
					errs = append(errs, fmt.Errorf("%s:%d: package %s is not a function: the line belongs into the main package of one", file, line, pkg.Name))
					continue
				}
				found = append(found, Annotated{pkg.PkgPath, pkg.Dir, file, line, args})
				break
			}
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	slices.SortFunc(found, func(a, b Annotated) int { return strings.Compare(a.PkgPath, b.PkgPath) })
	return found, nil
}

// nativeEnv is the environment for the system that the tool runs on: what a
// function's sources mean is what they mean there.
func nativeEnv() []string {
	return append(os.Environ(), "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
}
