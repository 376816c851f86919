package analyzer

import (
	"go/ast"
	"go/token"

	"github.com/cofaas/cofaas/analyzer/internal/annotation"
)

// AnnotationLine returns the number of the first line of a Go file that marks
// its package as a function, or 0. It is for callers with sources that are in no
// file yet, such as editors; others use FindAnnotated.
func AnnotationLine(src []byte) int {
	line, _ := annotation.Find(src)
	return line
}

// AnnotationArgs returns what the line that marks a package as a function passes
// to cofaas-gen, by the files of the package.
func AnnotationArgs(fset *token.FileSet, files []*ast.File) []string {
	return annotation.Line(fset, files)
}
