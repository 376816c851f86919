// Package loader loads Go packages for analysis as golang.org/x/tools/go/packages does with LoadAllSyntax, in two steps, and without the
// work that nobody looks at the results of.
//
// [List] runs the go command: what it returns says which files there are, and can be hashed. [Check] parses and type-checks these, and
// leaves out what is known to be right or of no interest: bodies of functions of the standard library, which is most of what a program
// consists of, and the syntax of dependencies that are far from what is analysed. So the types are all there, and all errors are too, but
// a package may have no syntax.
//
// The package imports the standard library, x/tools, and goload.
package loader

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
	"golang.org/x/tools/go/packages"

	"github.com/cofaas/cofaas/internal/goload"
)

// listMode is what List asks the go command for.
const listMode = packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedEmbedFiles |
	packages.NeedImports | packages.NeedDeps | packages.NeedModule | packages.NeedTypesSizes

// List returns the packages that patterns match, with all that they import, as the go command knows them. The Mode of the
// configuration does not count. Errors are those of [goload.Load].
func List(cfg packages.Config, patterns ...string) ([]*packages.Package, error) {
	cfg.Mode = listMode
	return goload.Load(&cfg, patterns...)
}

// ListSources is List for packages that are to be seen as they are written: what cgo makes of files is not part of them. Check takes what
// these have of C on trust, and all their positions are the user's.
func ListSources(cfg packages.Config, patterns ...string) ([]*packages.Package, error) {
	cfg.Mode = listMode &^ packages.NeedCompiledGoFiles
	return goload.Load(&cfg, patterns...)
}

// Options say what is wanted of packages.
type Options struct {
	// Near says whether a package is of interest, by what List says of it. Syntax and type information are kept of these, of the packages
	// that import one of them, however indirectly, and of all that are the user's: of modules without a version.
	Near func(p *packages.Package) bool
	// Bodies has the bodies of functions of other dependencies checked too, for errors. Those of the standard library never are: it
	// compiles.
	Bodies bool
	// Overlay has contents of files that differ from those on disk.
	Overlay map[string][]byte
}

// Check parses and type-checks roots, as List has returned them, and all that they import. As in package packages, what is wrong with a
// package is in its Errors; the error is that of the context.
func Check(ctx context.Context, roots []*packages.Package, opts Options) error {
	c := &checker{ctx: ctx, opts: opts, fset: token.NewFileSet(), slots: make(chan struct{}, runtime.GOMAXPROCS(0))}
	c.depths(roots)
	tasks := map[*packages.Package]*task{}
	var leaves []*task
	packages.Visit(roots, nil, func(p *packages.Package) { // dependencies first
		t := &task{pkg: p}
		tasks[p] = t
		for _, imp := range unique(p.Imports) {
			dep := tasks[imp]
			dep.waiting = append(dep.waiting, t)
			t.missing.Add(1)
		}
		if t.missing.Load() == 0 {
			leaves = append(leaves, t)
		}
	})
	var g errgroup.Group
	var start func(t *task)
	start = func(t *task) {
		g.Go(func() error {
			c.slots <- struct{}{}
			c.check(t.pkg)
			<-c.slots
			for _, w := range t.waiting {
				if w.missing.Add(-1) == 0 {
					start(w)
				}
			}
			return nil
		})
	}
	for _, t := range leaves {
		start(t)
	}
	return errors.Join(g.Wait(), ctx.Err())
}

// task is a package that waits for those that it imports.
type task struct {
	pkg     *packages.Package
	missing atomic.Int32
	waiting []*task
}

func unique(imports map[string]*packages.Package) map[*packages.Package]*packages.Package {
	set := make(map[*packages.Package]*packages.Package, len(imports))
	for _, p := range imports {
		set[p] = p
	}
	return set
}

// depth is how much of a package is wanted.
type depth int

const (
	declarations depth = iota // what other packages see of it
	bodies                    // whether it compiles
	syntax                    // all
)

type checker struct {
	ctx   context.Context
	opts  Options
	fset  *token.FileSet
	slots chan struct{}
	depth map[*packages.Package]depth
}

// depths decides how much of each package is wanted.
func (c *checker) depths(roots []*packages.Package) {
	std := ""
	near := map[*packages.Package]bool{}
	c.depth = map[*packages.Package]depth{}
	packages.Visit(roots, nil, func(p *packages.Package) {
		if p.PkgPath == "unsafe" && p.Module == nil {
			std = filepath.Dir(p.Dir)
		}
		near[p] = c.opts.Near(p)
		for _, imp := range p.Imports {
			near[p] = near[p] || near[imp]
		}
	})
	packages.Visit(roots, nil, func(p *packages.Package) {
		switch {
		case p.Module == nil && std != "" && strings.HasPrefix(p.Dir, std+string(filepath.Separator)):
			c.depth[p] = declarations
		case near[p] || p.Module == nil || Owned(p.Module):
			c.depth[p] = syntax
		case c.opts.Bodies:
			c.depth[p] = bodies
		default:
			c.depth[p] = declarations
		}
	})
}

// Owned says whether a module lies in a folder of the user's: it is a main module, or replaced by a folder. Others never change.
func Owned(m *packages.Module) bool {
	return m.Main || m.Replace != nil && m.Replace.Version == ""
}

// check parses and type-checks one package. It is a rewording of what package packages does for LoadAllSyntax.
func (c *checker) check(p *packages.Package) {
	p.Fset = c.fset
	p.Syntax = []*ast.File{}
	p.TypesInfo = newInfo()
	if p.PkgPath == "unsafe" {
		p.Types = types.Unsafe
		return
	}
	p.Types = types.NewPackage(p.PkgPath, p.Name)
	if c.ctx.Err() != nil {
		return
	}
	depth := c.depth[p]
	files := c.parse(p, depth)
	conf := &types.Config{
		Importer:         importer(func(path string) (*types.Package, error) { return imported(p, path) }),
		IgnoreFuncBodies: depth == declarations,
		FakeImportC:      p.CompiledGoFiles == nil,
		Sizes:            p.TypesSizes,
		Error: func(err error) {
			var te types.Error
			if errors.As(err, &te) {
				p.TypeErrors = append(p.TypeErrors, te)
				addError(p, te.Fset.Position(te.Pos).String(), te.Msg, packages.TypeError)
				return
			}
			addError(p, "-", err.Error(), packages.UnknownError)
		},
	}
	if p.Module != nil && p.Module.GoVersion != "" {
		conf.GoVersion = "go" + p.Module.GoVersion
	}
	info := p.TypesInfo
	if depth != syntax {
		info = nil // half of the work is to fill it
	}
	err := types.NewChecker(conf, c.fset, p.Types, info).Files(files)
	if err != nil && len(p.Errors) == 0 {
		// Such as a package that requires a newer version of Go.
		pos := "-"
		if len(files) > 0 {
			pos = c.fset.Position(files[0].Package).String()
		}
		addError(p, pos, err.Error(), packages.TypeError)
	}
	if depth == syntax {
		p.Syntax = files
	}
	p.IllTyped = len(p.Errors) > 0
	for _, imp := range p.Imports {
		p.IllTyped = p.IllTyped || imp.IllTyped
	}
}

func (c *checker) parse(p *packages.Package, depth depth) []*ast.File {
	mode := parser.AllErrors | parser.SkipObjectResolution
	if depth == syntax {
		mode |= parser.ParseComments
	}
	var files []*ast.File
	names := p.CompiledGoFiles
	if names == nil {
		names = p.GoFiles // see ListSources
	}
	for _, name := range names {
		src, ok := c.opts.Overlay[name]
		if !ok {
			var err error
			if src, err = os.ReadFile(name); err != nil {
				var at *fs.PathError
				if errors.As(err, &at) {
					err = at.Err
				}
				addError(p, name+":1", err.Error(), packages.ParseError)
				continue
			}
		}
		file, err := parser.ParseFile(c.fset, name, src, mode)
		var list scanner.ErrorList
		switch {
		case errors.As(err, &list):
			for _, e := range list {
				addError(p, e.Pos.String(), e.Msg, packages.ParseError)
			}
		case err != nil:
			addError(p, name+":1", err.Error(), packages.ParseError)
		}
		if file != nil {
			files = append(files, file)
		}
	}
	return files
}

func addError(p *packages.Package, pos, msg string, kind packages.ErrorKind) {
	p.Errors = append(p.Errors, packages.Error{Pos: pos, Msg: msg, Kind: kind})
}

// imported returns what is known of a package that p imports. It has been checked before.
func imported(p *packages.Package, path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	imp := p.Imports[path]
	if imp == nil {
		return nil, errors.New("import cycle, or the file has changed since the go command was asked")
	}
	if imp.Types == nil || !imp.Types.Complete() {
		return nil, errors.New("it was not loaded") // cancelled
	}
	return imp.Types, nil
}

type importer func(path string) (*types.Package, error)

func (f importer) Import(path string) (*types.Package, error) { return f(path) }

func newInfo() *types.Info {
	return &types.Info{
		Types:        make(map[ast.Expr]types.TypeAndValue),
		Defs:         make(map[*ast.Ident]types.Object),
		Uses:         make(map[*ast.Ident]types.Object),
		Implicits:    make(map[ast.Node]types.Object),
		Instances:    make(map[*ast.Ident]types.Instance),
		Scopes:       make(map[ast.Node]*types.Scope),
		Selections:   make(map[*ast.SelectorExpr]*types.Selection),
		FileVersions: make(map[*ast.File]string),
	}
}
