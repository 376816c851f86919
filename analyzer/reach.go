package analyzer

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/packages"
)

// reachable returns the functions of pkgs that main can call, as far as can be
// told without knowing what is called: a function is reached if reached code
// mentions it, a method if reached code mentions its type. Initialization of a
// package is always reached. Without this, a function would seem to call every
// service for which a package that it shares with others makes clients.
func reachable(main *packages.Package, pkgs []*packages.Package) map[*types.Func]bool {
	r := &reacher{
		decls: make(map[types.Object]declaration),
		funcs: make(map[*types.Func]bool),
		seen:  make(map[types.Object]bool),
	}
	for _, pkg := range pkgs {
		r.declare(pkg)
	}
	if fn := main.Types.Scope().Lookup("main"); fn != nil {
		r.object(fn)
	}
	for _, d := range r.inits {
		r.code(d)
	}
	for len(r.work) > 0 {
		d := r.work[len(r.work)-1]
		r.work = r.work[:len(r.work)-1]
		r.code(d)
	}
	return r.funcs
}

type declaration struct {
	node ast.Node
	info *types.Info
}

type reacher struct {
	decls map[types.Object]declaration // functions and types
	inits []declaration
	funcs map[*types.Func]bool
	seen  map[types.Object]bool
	work  []declaration
}

func (r *reacher) declare(pkg *packages.Package) {
	info := pkg.TypesInfo
	for _, file := range pkg.Syntax {
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				if decl.Recv == nil && decl.Name.Name == "init" {
					if fn, ok := info.Defs[decl.Name].(*types.Func); ok {
						r.funcs[fn] = true
					}
					r.inits = append(r.inits, declaration{decl, info})
				} else if obj := info.Defs[decl.Name]; obj != nil {
					r.decls[obj] = declaration{decl, info}
				}
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						r.decls[info.Defs[spec.Name]] = declaration{spec, info}
					case *ast.ValueSpec:
						if decl.Tok == token.VAR && !assertion(spec) {
							r.inits = append(r.inits, declaration{spec, info})
						}
					}
				}
			}
		}
	}
}

// assertion reports whether spec only asserts that a type implements another:
// var _ I = (*T)(nil).
func assertion(spec *ast.ValueSpec) bool {
	for _, name := range spec.Names {
		if name.Name != "_" {
			return false
		}
	}
	return spec.Type != nil
}

// code reaches everything that d mentions.
func (r *reacher) code(d declaration) {
	ast.Inspect(d.node, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			if obj := d.info.Uses[id]; obj != nil {
				r.object(obj)
			}
		}
		return true
	})
}

func (r *reacher) object(obj types.Object) {
	if fn, ok := obj.(*types.Func); ok {
		obj = fn.Origin()
	}
	d, ok := r.decls[obj]
	if !ok || r.seen[obj] {
		return
	}
	r.seen[obj] = true
	r.work = append(r.work, d)
	switch obj := obj.(type) {
	case *types.Func:
		r.funcs[obj] = true
	case *types.TypeName:
		if named, ok := types.Unalias(obj.Type()).(*types.Named); ok {
			for m := range named.Origin().Methods() {
				r.object(m)
			}
		}
	}
}
