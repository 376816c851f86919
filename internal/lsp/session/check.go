package session

import (
	"context"
	"fmt"
	"go/ast"
	"go/types"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/packages"
)

// A node is one version of a package with all that is known of it. Once done it does not change; when the package does, or one that it
// imports, a new node takes its place.
type node struct {
	meta     *packages.Package // without types
	editable bool              // it belongs to the user's modules, not to those that are downloaded
	files    []*file           // as meta.CompiledGoFiles
	deps     []*node           // imported packages but for the standard library, in the order of imports
	below    map[string]*node  // deps and what is below them, by package path
	pkg      *packages.Package // with syntax and types
	broken   bool              // it, or what it imports, does not compile, so that there are no actions
	actions  map[*analysis.Analyzer]*action
}

// A promise is a node that is being made.
type promise struct {
	done chan struct{}
	node *node // nil if the update ended before
}

// check brings the nodes up to date, several at once.
func (v *view) check(ctx context.Context, files map[string][]*file) error {
	promises := map[string]*promise{}
	for _, id := range v.order {
		promises[id] = &promise{done: make(chan struct{})}
	}
	var all sync.WaitGroup
	busy := make(chan struct{}, runtime.GOMAXPROCS(0))
	for _, id := range v.order {
		meta := v.packages[id]
		if isStandard(meta) {
			continue
		}
		all.Go(func() {
			p := promises[id]
			defer close(p.done)
			n := &node{meta: meta, editable: isEditable(meta), files: files[id]}
			for _, imp := range imports(meta) {
				dep := promises[imp.ID]
				<-dep.done
				if dep.node == nil {
					return
				}
				n.deps = append(n.deps, dep.node)
			}
			if old := v.nodes[id]; old != nil && old.same(n) {
				p.node = old
				return
			}
			busy <- struct{}{}
			defer func() { <-busy }()
			if ctx.Err() == nil {
				v.make(n)
				p.node = n
			}
		})
	}
	all.Wait()
	nodes := map[string]*node{}
	for id, p := range promises {
		if p.node != nil {
			nodes[id] = p.node
		}
	}
	v.dirty = v.dirty || !maps.Equal(nodes, v.nodes)
	if err := ctx.Err(); err != nil {
		// What was not reached is as it was, and will be looked at again.
		for id, old := range v.nodes {
			if nodes[id] == nil && promises[id] != nil {
				nodes[id] = old
			}
		}
		v.nodes = nodes
		return err
	}
	v.nodes = nodes
	return nil
}

// sources returns the current files of each package, by ID.
func (v *view) sources(in inputs) map[string][]*file {
	files := map[string][]*file{}
	for _, id := range v.order {
		meta := v.packages[id]
		if isStandard(meta) {
			continue
		}
		for _, name := range meta.CompiledGoFiles {
			files[id] = append(files[id], v.file(in, name, !isEditable(meta)))
		}
	}
	return files
}

// restructured says whether files on disk have changed, unbeknown to the editor, so that the go command has to be asked again.
func (v *view) restructured(files map[string][]*file) bool {
	found := false
	for _, list := range files {
		for _, f := range list {
			if known, ok := v.headers[f.name]; ok && v.compare(f.name, known, f.header) {
				found = true
			}
		}
	}
	return found
}

// isEditable says whether the sources of pkg may change.
func isEditable(pkg *packages.Package) bool {
	m := pkg.Module
	return m != nil && (m.Main || m.Version == "" || m.Replace != nil && m.Replace.Version == "")
}

// imports returns what pkg imports but for the standard library, by ID.
func imports(pkg *packages.Package) []*packages.Package {
	var list []*packages.Package
	for _, path := range sortedKeys(pkg.Imports) {
		if imp := pkg.Imports[path]; !isStandard(imp) {
			list = append(list, imp)
		}
	}
	return list
}

// same says whether n, which is not made yet, would become what old is.
func (old *node) same(n *node) bool {
	if !slices.Equal(old.files, n.files) || !slices.Equal(old.deps, n.deps) {
		return false
	}
	return old.meta == n.meta || old.meta.PkgPath == n.meta.PkgPath && old.meta.Name == n.meta.Name &&
		maps.EqualFunc(old.meta.Imports, n.meta.Imports, func(a, b *packages.Package) bool { return a.ID == b.ID }) &&
		goVersion(old.meta) == goVersion(n.meta)
}

func goVersion(pkg *packages.Package) string {
	if pkg.Module == nil || pkg.Module.GoVersion == "" {
		return ""
	}
	return "go" + pkg.Module.GoVersion
}

// make checks the types of a package and analyzes it. A panic in either breaks this package and no other.
func (v *view) make(n *node) {
	defer func() {
		if r := recover(); r != nil {
			v.opts.Warn("package %s: panic: %v\n%s", n.meta.PkgPath, r, debug.Stack())
			n.broken = true
		}
	}()
	n.actions = map[*analysis.Analyzer]*action{}
	v.checkTypes(n)
	if !n.broken {
		v.analyze(n)
	}
}

func (v *view) checkTypes(n *node) {
	pkg := *n.meta
	n.pkg = &pkg
	pkg.Fset = v.fset
	pkg.Errors = nil // of the version that the go command saw
	pkg.Imports = map[string]*packages.Package{}
	for _, dep := range n.deps {
		n.broken = n.broken || dep.broken
	}
	n.below = map[string]*node{}
	for _, dep := range n.deps {
		n.below[dep.meta.PkgPath] = dep
		maps.Copy(n.below, dep.below)
	}
	for path, imp := range n.meta.Imports {
		if dep := n.below[imp.PkgPath]; dep != nil {
			pkg.Imports[path] = dep.pkg
		}
	}
	for _, f := range n.files {
		if f.err != nil {
			n.broken = true
		}
		if f.syntax != nil {
			pkg.Syntax = append(pkg.Syntax, f.syntax)
		}
	}
	pkg.TypesInfo = &types.Info{
		Types:        map[ast.Expr]types.TypeAndValue{},
		Defs:         map[*ast.Ident]types.Object{},
		Uses:         map[*ast.Ident]types.Object{},
		Implicits:    map[ast.Node]types.Object{},
		Instances:    map[*ast.Ident]types.Instance{},
		Scopes:       map[ast.Node]*types.Scope{},
		Selections:   map[*ast.SelectorExpr]*types.Selection{},
		FileVersions: map[*ast.File]string{},
	}
	config := &types.Config{
		GoVersion: goVersion(n.meta),
		Sizes:     n.meta.TypesSizes,
		Importer: importer(func(path string) (*types.Package, error) {
			if imp := pkg.Imports[path]; imp != nil {
				return imp.Types, nil
			}
			if imp := n.meta.Imports[path]; imp != nil && v.standard.types[imp.PkgPath] != nil {
				return v.standard.types[imp.PkgPath], nil
			}
			return nil, fmt.Errorf("no package %s", path)
		}),
		Error: func(err error) {
			n.broken = true
			if err, ok := err.(types.Error); ok {
				pkg.TypeErrors = append(pkg.TypeErrors, err)
			}
		},
	}
	pkg.Types = types.NewPackage(pkg.PkgPath, pkg.Name)
	// All errors have gone to config.Error.
	_ = types.NewChecker(config, v.fset, pkg.Types, pkg.TypesInfo).Files(pkg.Syntax)
	pkg.IllTyped = n.broken
}

type importer func(path string) (*types.Package, error)

func (f importer) Import(path string) (*types.Package, error) { return f(path) }
