// Package source says which files of a package belong to the program.
package source

import (
	"go/ast"
	"go/build"
	"path/filepath"
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

// Std reports whether the package of pass is of the standard library, which
// knows nothing of gRPC.
func Std(pass *analysis.Pass) bool {
	if len(pass.Files) == 0 {
		return true
	}
	name := pass.Fset.File(pass.Files[0].FileStart).Name()
	return strings.HasPrefix(name, root)
}

// root is where the standard library is.
var root = filepath.Join(build.Default.GOROOT, "src") + string(filepath.Separator)
