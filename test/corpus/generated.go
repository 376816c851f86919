package corpus

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/tools/go/packages"
)

// checker type-checks generated packages one by one: thousands of them, of which only the registrations matter. What they
// import is faked, but for the packages whose types tell a registration.
type checker struct {
	fset *token.FileSet
	real map[string]*types.Package
}

var registries = []string{
	"google.golang.org/protobuf/runtime/protoimpl",
	"github.com/golang/protobuf/proto",
	"github.com/gogo/protobuf/proto",
}

func newChecker() (*checker, error) {
	pkgs, err := packages.Load(&packages.Config{Mode: packages.NeedName | packages.NeedTypes}, registries...)
	if err != nil {
		return nil, err
	}
	c := &checker{fset: token.NewFileSet(), real: map[string]*types.Package{"unsafe": types.Unsafe}}
	for _, p := range pkgs {
		for _, err := range p.Errors {
			return nil, err
		}
		c.real[p.PkgPath] = p.Types
	}
	return c, nil
}

// Import implements [types.Importer].
func (c *checker) Import(name string) (*types.Package, error) {
	if p := c.real[name]; p != nil {
		return p, nil
	}
	p := types.NewPackage(name, path.Base(name))
	p.MarkComplete()
	return p, nil
}

// packages returns the generated packages of a module, as far as pbdesc looks at them.
func (c *checker) packages(m module, dir string) ([]*packages.Package, error) {
	byDir := map[string][]string{}
	var dirs []string
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if rel, _ := filepath.Rel(dir, p); m.skip[filepath.ToSlash(rel)] != "" {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(p, ".pb.go") {
			return nil
		}
		in, name := filepath.Split(p)
		if ok, err := build.Default.MatchFile(in, name); err != nil || !ok {
			return err
		}
		if byDir[in] == nil {
			dirs = append(dirs, in)
		}
		byDir[in] = append(byDir[in], p)
		return nil
	})
	if err != nil {
		return nil, err
	}
	var pkgs []*packages.Package
	for _, in := range dirs {
		rel, err := filepath.Rel(dir, in)
		if err != nil {
			return nil, err
		}
		p, err := c.check(path.Join(m.path, filepath.ToSlash(rel)), byDir[in])
		if err != nil {
			return nil, err
		}
		pkgs = append(pkgs, p)
	}
	return pkgs, nil
}

func (c *checker) check(pkgPath string, files []string) (*packages.Package, error) {
	p := &packages.Package{ID: pkgPath, PkgPath: pkgPath, Fset: c.fset, Imports: map[string]*packages.Package{},
		TypesInfo: &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}}}
	for _, name := range files {
		file, err := parser.ParseFile(c.fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("corpus: %w", err)
		}
		decls := file.Decls[:0]
		for _, d := range file.Decls {
			if fn, ok := d.(*ast.FuncDecl); !ok || fn.Recv == nil {
				decls = append(decls, d)
			}
		}
		file.Decls = decls
		for _, spec := range file.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return nil, fmt.Errorf("corpus: %w", err)
			}
			p.Imports[name] = &packages.Package{ID: name, PkgPath: name}
		}
		p.Syntax = append(p.Syntax, file)
	}
	conf := types.Config{Importer: c, Error: func(error) {}} // what is faked makes errors
	p.Types, _ = conf.Check(pkgPath, c.fset, p.Syntax, p.TypesInfo)
	return p, nil
}
