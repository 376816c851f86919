package rewrite

import (
	"cmp"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/types/typeutil"

	"github.com/cofaas/cofaas/analyzer/internal/source"
	"github.com/cofaas/cofaas/analyzer/services"
)

// describesServices reports whether the package describes services: the messages
// of such packages are registered by name.
func describesServices(pass *analysis.Pass) bool {
	return len(pass.ResultOf[services.Analyzer].(*services.Result).Services) > 0
}

// initializes reports whether initialization of the package does more than to
// set its variables, so that a second copy of it would be noticed.
func initializes(pass *analysis.Pass) bool {
	for _, file := range source.Files(pass) {
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				if decl.Recv == nil && decl.Name.Name == "init" {
					return true
				}
			case *ast.GenDecl:
				if decl.Tok == token.VAR && registers(pass, decl) {
					return true
				}
			}
		}
	}
	return false
}

// registers reports whether decl calls what registers names for the whole
// program: flags, metrics and the like.
func registers(pass *analysis.Pass, decl *ast.GenDecl) bool {
	found := false
	ast.Inspect(decl, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return !found
		}
		if fn, ok := typeutil.Callee(pass.TypesInfo, call).(*types.Func); ok && fn.Pkg() != nil {
			switch path := fn.Pkg().Path(); {
			case path == "flag", path == "expvar", path == "encoding/gob", strings.HasPrefix(path, "github.com/prometheus/"), strings.HasPrefix(path, "github.com/spf13/"):
				found = true
			}
		}
		return !found
	})
	return found
}

// foreignTypes returns from which packages the code gets types of packages below
// it that are not theirs.
func foreignTypes(pass *analysis.Pass, below map[string]*Node) []Mention {
	set := make(map[Mention]bool)
	for obj := range used(pass) {
		if _, ok := obj.(*types.PkgName); ok {
			continue
		}
		from := obj.Pkg().Path()
		for path := range typePackages(obj.Type()) {
			if path != from && path != pass.Pkg.Path() && below[path] != nil {
				set[Mention{from, path}] = true
			}
		}
	}
	return slices.SortedFunc(maps.Keys(set), func(a, b Mention) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Types, b.Types))
	})
}

// typePackages returns the packages of the named types that t mentions, as far as
// mentions looks.
func typePackages(t types.Type) map[string]bool {
	paths := make(map[string]bool)
	if named, ok := types.Unalias(t).(*types.Named); ok {
		walkNamed(named.Underlying(), func(n *types.Named) bool { paths[path(n.Obj())] = true; return false })
	}
	walkNamed(t, func(n *types.Named) bool { paths[path(n.Obj())] = true; return false })
	return paths
}
