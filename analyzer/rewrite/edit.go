package rewrite

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/analysis"

	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
	"github.com/cofaas/cofaas/analyzer/internal/source"
	"github.com/cofaas/cofaas/analyzer/usage"
)

// A File is a file that changes if its package is rewritten.
type File struct {
	Name  string
	Edits []Edit // by Start, not overlapping
}

// An Edit replaces the bytes [Start, End) of a file by New, which has no line
// breaks: line numbers stay.
type Edit struct {
	Start, End int
	New        string
}

// files returns the files of the package of pass that change, by name.
func files(pass *analysis.Pass, listens []*usage.Listen) []File {
	var list []File
	for _, file := range source.Files(pass) {
		e := &editor{pass: pass, file: file, tok: pass.Fset.File(file.FileStart)}
		e.imports()
		e.listens(listens)
		e.staticOptions()
		if len(e.edits) > 0 {
			slices.SortFunc(e.edits, func(a, b Edit) int { return a.Start - b.Start })
			list = append(list, File{Name: e.tok.Name(), Edits: e.edits})
		}
	}
	slices.SortFunc(list, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return list
}

type editor struct {
	pass  *analysis.Pass
	file  *ast.File
	tok   *token.File
	edits []Edit
}

func (e *editor) replace(start, end token.Pos, text string) {
	e.edits = append(e.edits, Edit{e.tok.Offset(start), e.tok.Offset(end), text})
}

// imports points the imports of gRPC to the packages that guests get, which
// have the same names.
func (e *editor) imports() {
	for _, spec := range e.file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil || !grpcpkg.Is(path) {
			continue
		}
		stub := grpcpkg.StubPath + strings.TrimPrefix(path, grpcpkg.Path)
		e.replace(spec.Path.Pos(), spec.Path.End(), strconv.Quote(stub))
	}
}

// listens points the calls of net.Listen that serve RPC to the net of guests.
func (e *editor) listens(listens []*usage.Listen) {
	moved := make(map[*types.PkgName][]ast.Expr) // what names the package net
	for _, l := range listens {
		if !l.Rewritten() || l.Pos < e.file.FileStart || l.Pos >= e.file.FileEnd {
			continue
		}
		switch fun := ast.Unparen(l.Call().Fun).(type) {
		case *ast.SelectorExpr:
			if id, ok := fun.X.(*ast.Ident); ok {
				if name, ok := e.pass.TypesInfo.Uses[id].(*types.PkgName); ok {
					moved[name] = append(moved[name], id)
				}
			}
		case *ast.Ident: // import . "net"
			if name := e.dotImport(); name != nil {
				moved[name] = append(moved[name], fun)
			}
		}
	}
	if len(moved) == 0 {
		return
	}
	alias := e.freeName("cofaasnet")
	added := false
	for _, spec := range e.file.Imports {
		name := e.pass.TypesInfo.PkgNameOf(spec)
		exprs := moved[name]
		if name == nil || exprs == nil {
			continue
		}
		for _, x := range exprs {
			if name.Name() == "." {
				e.replace(x.Pos(), x.Pos(), alias+".")
			} else {
				e.replace(x.Pos(), x.End(), alias)
			}
		}
		e.importStub(spec, alias, e.uses(name) == len(exprs), added)
		added = true
	}
}

// importStub imports the net of guests on the line of spec, and removes spec if
// it is unused.
func (e *editor) importStub(spec *ast.ImportSpec, alias string, unused, added bool) {
	stub := alias + " " + strconv.Quote(grpcpkg.StubNetPath)
	switch {
	case unused && !added:
		e.replace(spec.Pos(), spec.Path.End(), stub)
	case unused:
		// The package net is imported twice under different names.
		e.replace(spec.Pos(), spec.Path.End(), "_ "+spec.Path.Value)
	case added:
	case e.grouped(spec):
		e.replace(spec.Path.End(), spec.Path.End(), "; "+stub)
	default:
		e.replace(spec.Path.End(), spec.Path.End(), "; import "+stub)
	}
}

func (e *editor) grouped(spec *ast.ImportSpec) bool {
	for _, decl := range e.file.Decls {
		if gen, ok := decl.(*ast.GenDecl); ok && gen.Pos() <= spec.Pos() && spec.Pos() < gen.End() {
			return gen.Lparen.IsValid()
		}
	}
	return false
}

// dotImport returns the dot import of package net in the file, or nil.
func (e *editor) dotImport() *types.PkgName {
	for _, spec := range e.file.Imports {
		name := e.pass.TypesInfo.PkgNameOf(spec)
		if name != nil && name.Name() == "." && name.Imported().Path() == "net" {
			return name
		}
	}
	return nil
}

// uses returns how often the file uses an import.
func (e *editor) uses(name *types.PkgName) int {
	n := 0
	selected := make(map[*ast.Ident]bool)
	ast.Inspect(e.file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.SelectorExpr:
			selected[node.Sel] = true
		case *ast.Ident:
			obj := e.pass.TypesInfo.Uses[node]
			if obj == name ||
				name.Name() == "." && obj != nil && obj.Pkg() == name.Imported() && !selected[node] {
				n++
			}
		}
		return true
	})
	return n
}

// freeName returns name, or name with a number, such that it is neither used in
// the file nor declared by the package.
func (e *editor) freeName(name string) string {
	taken := make(map[string]bool)
	for _, id := range e.pass.Pkg.Scope().Names() {
		taken[id] = true
	}
	ast.Inspect(e.file, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			taken[id.Name] = true
		}
		return true
	})
	free := name
	for i := 2; taken[free]; i++ {
		free = name + strconv.Itoa(i)
	}
	return free
}

// Apply returns src with edits made.
func Apply(src []byte, edits []Edit) []byte {
	var out []byte
	last := 0
	for _, e := range edits {
		out = append(out, src[last:e.Start]...)
		out = append(out, e.New...)
		last = e.End
	}
	return append(out, src[last:]...)
}
