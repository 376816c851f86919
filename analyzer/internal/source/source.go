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
// knows nothing of gRPC. Of that, drivers need not have the files.
func Std(pass *analysis.Pass) bool {
	switch {
	case pass.Module != nil && pass.Module.Path != "":
		return false
	case len(pass.Files) == 0:
		return true
	case build.Default.GOROOT != "":
		// Packages in GOPATH have no module either.
		root := filepath.Join(build.Default.GOROOT, "src") + string(filepath.Separator)
		return strings.HasPrefix(pass.Fset.File(pass.Files[0].FileStart).Name(), root)
	}
	first, _, _ := strings.Cut(pass.Pkg.Path(), "/")
	return !strings.Contains(first, ".")
}

// Owned reports whether the package of pass is the user's own: of a module
// without a version, or of none.
func Owned(pass *analysis.Pass) bool { return pass.Module == nil || pass.Module.Version == "" }
