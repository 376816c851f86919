package vet

import (
	"go/ast"
	"go/token"
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
				begins := r.pass.Fset.PositionFor(comment.Pos(), false).Column == 1
				switch marks, meant := annotation.Is(comment.Text), annotation.Meant(comment.Text); {
				case marks && begins && r.pass.Pkg.Name() != "main":
					r.misplaced(file, comment)
				case marks && begins && at == nil:
					at = file
				case meant && !(marks && begins):
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
	posn := r.pass.Fset.PositionFor(comment.Pos(), false)
	if posn.Column == 1 {
		d.SuggestedFixes = []analysis.SuggestedFix{{
			Message:   "Write //go:generate",
			TextEdits: []analysis.TextEdit{{Pos: comment.Pos(), End: comment.Pos() + token.Pos(begin), NewText: []byte("//")}},
		}}
	}
	r.diagnose(d)
}
