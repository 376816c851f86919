// Package source says which files of a package belong to the program.
package source

import (
	"go/ast"
	"strings"

	"golang.org/x/tools/go/analysis"
)

// Files returns the files of the package of pass without test files, which go
// vet has in the same package.
func Files(pass *analysis.Pass) []*ast.File {
	files := make([]*ast.File, 0, len(pass.Files))
	for _, file := range pass.Files {
		if !strings.HasSuffix(pass.Fset.File(file.FileStart).Name(), "_test.go") {
			files = append(files, file)
		}
	}
	return files
}
