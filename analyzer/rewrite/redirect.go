package rewrite

import (
	"cmp"
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// Redirect returns files, the changes of a package whose syntax is given, with
// imports of the keys of copies pointed to their values.
func Redirect(fset *token.FileSet, syntax []*ast.File, files []File, copies map[string]string) []File {
	if len(copies) == 0 {
		return files
	}
	files = slices.Clone(files)
	for _, file := range syntax {
		tok := fset.File(file.FileStart)
		var edits []Edit
		for _, spec := range file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if to := copies[path]; err == nil && to != "" {
				edits = append(edits, Edit{tok.Offset(spec.Path.Pos()), tok.Offset(spec.Path.End()), strconv.Quote(to)})
			}
		}
		if len(edits) == 0 {
			continue
		}
		i := slices.IndexFunc(files, func(f File) bool { return f.Name == tok.Name() })
		if i < 0 {
			files = append(files, File{Name: tok.Name()})
			i = len(files) - 1
		}
		files[i].Edits = append(slices.Clone(files[i].Edits), edits...)
		slices.SortStableFunc(files[i].Edits, func(a, b Edit) int { return cmp.Compare(a.Start, b.Start) })
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return files
}
