package hazards

import (
	_ "embed"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"reflect"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"

	"github.com/cofaas/cofaas/analyzer/internal/analysisdoc"
	"github.com/cofaas/cofaas/analyzer/internal/category"
	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
	"github.com/cofaas/cofaas/analyzer/internal/source"
)

//go:embed doc.go
var doc string

// Analyzer finds hazards.
var Analyzer = &analysis.Analyzer{
	Name:       "hazards",
	Doc:        analysisdoc.MustExtract(doc, "hazards"),
	Run:        run,
	ResultType: reflect.TypeFor[*Result](),
	FactTypes:  []analysis.Fact{new(Closure)},
}

// A Closure is a fact on a package: what is known of it and of all packages below it of which something is.
type Closure struct{ Packages []*Package } // by Path

func (*Closure) AFact() {}

func (c *Closure) String() string {
	paths := make([]string, len(c.Packages))
	for i, p := range c.Packages {
		paths[i] = p.Path
	}
	return "hazards below " + strings.Join(paths, " ")
}

// A Result is what is known of one package.
type Result struct {
	Found []Found // for main packages: what the program reaches, by package and position
}

// Found is a hazard of a program.
type Found struct {
	Path     string    // package that has it
	Pos      token.Pos // valid if that is the package itself
	Where    string    // file:line, without folders; empty if it is about the whole package
	Category string
	Message  string
	Native   string // see Natively
	Pin      bool   // it would be none if the function had one instance
	Fixes    []analysis.SuggestedFix
}

// Natively returns what f is for a function that runs natively, in a process of its own, if it is a hazard there. Such a process has threads
// and all of its memory to itself, and compiles as it always did; files and other processes it has no more than a guest.
func (f Found) Natively() (Found, bool) {
	if f.Category == category.NotBuildable {
		f.Category = category.Process // of what does not compile for guests, all that remains
	}
	f.Message = f.Native
	return f, f.Native != ""
}

func run(pass *analysis.Pass) (any, error) {
	result := new(Result)
	if grpcpkg.Is(pass.Pkg.Path()) || source.Std(pass) {
		return result, nil
	}
	below := make(map[string]*Package)
	for _, imp := range pass.Pkg.Imports() {
		var fact Closure
		if pass.ImportPackageFact(imp, &fact) {
			for _, p := range fact.Packages {
				below[p.Path] = p
			}
		}
	}
	p := &Package{Path: pass.Pkg.Path()}
	cgo(pass, p)
	if source.Owned(pass) {
		p.Exposes = exposes(pass.Pkg.Scope())
		collect(pass, p, below)
		p.prune()
	}
	if !p.empty() {
		below[p.Path] = p
	}
	if len(below) == 0 {
		return result, nil
	}
	closure := &Closure{}
	for _, path := range slices.Sorted(maps.Keys(below)) {
		closure.Packages = append(closure.Packages, below[path])
	}
	pass.ExportPackageFact(closure)
	if pass.Pkg.Name() == "main" {
		result.Found = newProgram(closure.Packages, p.Path).found()
	}
	return result, nil
}

// exposes reports whether other packages can write variables of the package.
func exposes(scope *types.Scope) bool {
	return slices.ContainsFunc(scope.Names(), func(name string) bool {
		v, ok := scope.Lookup(name).(*types.Var)
		return ok && v.Exported()
	})
}

// handwritten returns the files of the program, and of them those that no tool has written.
func handwritten(pass *analysis.Pass) (files []*ast.File, byHand map[*ast.File]bool) {
	files = source.Files(pass)
	byHand = make(map[*ast.File]bool)
	for _, file := range files {
		byHand[file] = !ast.IsGenerated(file)
	}
	return files, byHand
}
