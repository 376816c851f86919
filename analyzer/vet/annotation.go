package vet

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/analysis"

	"github.com/cofaas/cofaas/analyzer/internal/annotation"
	"github.com/cofaas/cofaas/analyzer/internal/category"
	"github.com/cofaas/cofaas/analyzer/internal/source"
)

// annotations returns the first file that marks the package as a function, or nil, and reports lines that seem to be meant to.
func (r *reporter) annotations() *ast.File {
	var at *ast.File
	var malformed []*ast.Comment
	for _, file := range source.Files(r.pass) {
		for _, group := range file.Comments {
			for _, comment := range group.List {
				marks := annotation.Is(comment.Text) && begins(r.pass.Fset, comment)
				switch {
				case marks && r.pass.Pkg.Name() != "main":
					r.misplaced(file, comment)
				case marks && at == nil:
					at, r.line = file, comment
				case !marks && annotation.Meant(comment.Text):
					malformed = append(malformed, comment)
				}
			}
		}
	}
	if at == nil && r.pass.Pkg.Name() == "main" {
		for _, comment := range malformed {
			r.malformed(comment)
		}
	}
	return at
}

// IsFunction reports whether the files of a package mark it as a function.
func IsFunction(fset *token.FileSet, pkg *types.Package, files []*ast.File) bool {
	return pkg.Name() == "main" && annotation.Pos(fset, files).IsValid()
}

// begins reports whether a comment begins its line, as go generate wants it to.
func begins(fset *token.FileSet, comment *ast.Comment) bool {
	return fset.PositionFor(comment.Pos(), false).Column == 1
}

func (r *reporter) misplaced(file *ast.File, comment *ast.Comment) {
	end := comment.End()
	if end < file.FileEnd {
		end++ // the end of the line
	}
	r.diagnose(analysis.Diagnostic{
		Pos: comment.Pos(), End: comment.End(), Category: category.Annotation,
		Message: "package " + r.pass.Pkg.Path() + ": only a main package can be a function: move this line to the main that serves",
		SuggestedFixes: []analysis.SuggestedFix{{
			Message:   "Remove the line",
			TextEdits: []analysis.TextEdit{{Pos: comment.Pos(), End: end}},
		}},
	})
}

// malformed reports a line that go generate does not see, as it begins in another way.
func (r *reporter) malformed(comment *ast.Comment) {
	d := analysis.Diagnostic{
		Pos: comment.Pos(), End: comment.End(), Category: category.Annotation,
		Message: "go generate does not see this line: it has to begin with //go:generate, without spaces",
	}
	begin := strings.Index(comment.Text, "go:generate")
	if begins(r.pass.Fset, comment) {
		d.SuggestedFixes = []analysis.SuggestedFix{{
			Message:   "Write //go:generate",
			TextEdits: []analysis.TextEdit{{Pos: comment.Pos(), End: comment.Pos() + token.Pos(begin), NewText: []byte("//")}},
		}}
	}
	r.diagnose(d)
}
