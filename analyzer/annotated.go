package analyzer

import "github.com/cofaas/cofaas/analyzer/internal/annotation"

// AnnotationLine returns the number of the first line of a Go file that marks
// its package as a function, or 0. It is for callers with sources that are in no
// file yet, such as editors; others use FindAnnotated.
func AnnotationLine(src []byte) int {
	line, _ := annotation.Find(src)
	return line
}
