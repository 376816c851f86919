package analyzer

import (
	"errors"
	"fmt"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/checker"
	"golang.org/x/tools/go/packages"

	"github.com/cofaas/cofaas/analyzer/internal/annotation"
	"github.com/cofaas/cofaas/analyzer/internal/category"
	"github.com/cofaas/cofaas/analyzer/internal/drivers"
	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
	"github.com/cofaas/cofaas/analyzer/rewrite"
	"github.com/cofaas/cofaas/analyzer/services"
	"github.com/cofaas/cofaas/analyzer/usage"
	"github.com/cofaas/cofaas/internal/loader"
)

// Options controls Analyze. The zero value is ready to use.
type Options struct {
	// Sequential runs the analyzers one after the other.
	Sequential bool
}

// Analyze analyzes the functions that pkgs are: main packages, loaded with
// LoadMode. The error joins all that is wrong with them, each with a position;
// the result is complete for functions without errors.
func Analyze(pkgs []*packages.Package, opts Options) (*Result, error) {
	if errs := loadErrors(pkgs); len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	p := &program{facts: make(map[string]*packageFacts), pkgs: make(map[string]*packages.Package)}
	packages.Visit(pkgs, nil, func(pkg *packages.Package) { p.pkgs[pkg.PkgPath] = pkg })
	if err := p.run(pkgs, opts); err != nil {
		return nil, err
	}
	result := new(Result)
	var errs []error
	var refused []Diagnostic // functions share packages
	for _, pkg := range sortedPackages(pkgs) {
		if pkg.Name != "main" {
			errs = append(errs, fmt.Errorf("%v: package %s: only a main package can be a function",
				packagePosition(pkg), pkg.PkgPath))
			continue
		}
		fn := p.function(pkg)
		if fn.servesNothing() {
			errs = append(errs, fmt.Errorf("%v: package %s: registers no gRPC service: a function has to serve one",
				functionPosition(pkg), pkg.PkgPath))
		}
		for _, d := range fn.Diagnostics {
			if d.Category == category.Refused && !slices.Contains(refused, d) {
				refused = append(refused, d)
				errs = append(errs, fmt.Errorf("%v: %s", d.Pos, d.Message))
			}
		}
		result.Functions = append(result.Functions, fn)
	}
	return result, errors.Join(errs...)
}

// loadErrors returns the errors of pkgs and of what they import.
func loadErrors(pkgs []*packages.Package) []error {
	var errs []error
	packages.Visit(pkgs, nil, func(pkg *packages.Package) {
		for _, err := range pkg.Errors {
			pos := err.Pos
			if pos == "" || pos == "-" {
				pos = "-"
			}
			errs = append(errs, fmt.Errorf("%s: package %s: %s", pos, pkg.PkgPath, err.Msg))
		}
	})
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errs
}

// A program holds what the analyzers found, for all functions at once.
type program struct {
	facts map[string]*packageFacts // by package path
	pkgs  map[string]*packages.Package
}

type packageFacts struct {
	pkg      *packages.Package
	services *services.Result
	usage    *usage.Result
	rewrite  *rewrite.Result
}

// run runs the analyzers over pkgs and all packages below them that can use
// gRPC.
func (p *program) run(pkgs []*packages.Package, opts Options) error {
	roots := slices.Clone(pkgs)
	packages.Visit(pkgs, nil, func(pkg *packages.Package) {
		if (services.Near(pkg.Types) || mayHaveSites(pkg)) && !slices.Contains(pkgs, pkg) {
			roots = append(roots, pkg)
		}
	})
	graph, err := checker.Analyze(
		[]*analysis.Analyzer{services.Analyzer, usage.Analyzer, rewrite.Analyzer},
		sortedPackages(roots), &checker.Options{Sequential: opts.Sequential})
	if err != nil {
		return err
	}
	var errs []error
	for _, act := range graph.Roots {
		if act.Err != nil {
			errs = append(errs, fmt.Errorf("package %s: %s: %w", act.Package.PkgPath, act.Analyzer, act.Err))
			continue
		}
		f := p.facts[act.Package.PkgPath]
		if f == nil {
			f = &packageFacts{pkg: act.Package}
			p.facts[act.Package.PkgPath] = f
		}
		switch r := act.Result.(type) {
		case *services.Result:
			f.services = r
		case *usage.Result:
			f.usage = r
		case *rewrite.Result:
			f.rewrite = r
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

// makesListeners reports whether pkg may make listeners, for it or others to
// serve gRPC on.
func makesListeners(pkg *packages.Package) bool {
	return pkg.Module != nil && (pkg.Imports["net"] != nil || pkg.Imports["crypto/tls"] != nil)
}

// mayHaveSites reports whether pkg may have sites of its own although it does not
// use gRPC: it makes listeners, is the user's, or wraps a library that package
// drivers knows.
func mayHaveSites(pkg *packages.Package) bool {
	return makesListeners(pkg) || pkg.Module != nil && (loader.Owned(pkg.Module) || wrapsLibrary(pkg))
}

// wrapsLibrary reports whether pkg imports libraries that package drivers knows.
func wrapsLibrary(pkg *packages.Package) bool {
	for path := range pkg.Imports {
		if drivers.Library(path) {
			return true
		}
	}
	return false
}

// service returns s as the package that declares it knows it, with the types of
// its messages.
func (p *program) service(s *services.Service) *services.Service {
	if f := p.facts[s.PkgPath]; f != nil {
		for _, full := range f.services.Services {
			if full.Name == s.Name {
				return full
			}
		}
	}
	return s
}

// withSites returns pkg and the packages below it that may have sites, or import
// one that has, however indirectly, without gRPC itself.
func withSites(pkg *packages.Package) []*packages.Package {
	var list []*packages.Package
	memo := make(map[*types.Package]bool)
	var uses func(pkg *packages.Package) bool
	uses = func(pkg *packages.Package) bool {
		if grpcpkg.Is(pkg.PkgPath) {
			return true
		}
		if u, ok := memo[pkg.Types]; ok {
			return u
		}
		u := mayHaveSites(pkg)
		for _, imp := range pkg.Imports {
			u = uses(imp) || u
		}
		memo[pkg.Types] = u
		if u {
			list = append(list, pkg)
		}
		return u
	}
	uses(pkg)
	return sortedPackages(list)
}

func sortedPackages(pkgs []*packages.Package) []*packages.Package {
	return slices.SortedFunc(slices.Values(pkgs), func(a, b *packages.Package) int {
		return strings.Compare(a.PkgPath, b.PkgPath)
	})
}

// packagePosition returns where the package clause of the first file of pkg is.
func packagePosition(pkg *packages.Package) token.Position {
	if len(pkg.Syntax) == 0 {
		return token.Position{Filename: pkg.Dir}
	}
	return pkg.Fset.Position(pkg.Syntax[0].Package)
}

// functionPosition returns where pkg is marked as a function, or else where it
// begins.
func functionPosition(pkg *packages.Package) token.Position {
	if pos := annotation.Pos(pkg.Fset, pkg.Syntax); pos.IsValid() {
		return pkg.Fset.Position(pos)
	}
	return packagePosition(pkg)
}

func directory(pkg *packages.Package) string {
	if pkg.Dir == "" && len(pkg.GoFiles) > 0 {
		return filepath.Dir(pkg.GoFiles[0])
	}
	return pkg.Dir
}
