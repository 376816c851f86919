package rewrite

import (
	"go/ast"
	"go/token"
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

// An Edit replaces the bytes [Start, End) of a file by New, which has as many line
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
			slices.SortStableFunc(e.edits, func(a, b Edit) int { return a.Start - b.Start })
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
