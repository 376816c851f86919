package hazards

import (
	"go/ast"
	"go/token"

	"golang.org/x/tools/go/analysis"
)

// importZones returns the fix that imports time/tzdata in the file of pos, which imports package time.
func (w *walker) importZones(pos token.Pos) []analysis.SuggestedFix {
	for _, file := range w.pass.Files {
		if pos < file.FileStart || pos >= file.FileEnd {
			continue
		}
		for _, decl := range file.Decls {
			group, ok := decl.(*ast.GenDecl)
			if !ok || group.Tok != token.IMPORT {
				continue
			}
			for _, spec := range group.Specs {
				spec := spec.(*ast.ImportSpec)
				if spec.Path.Value != `"time"` {
					continue
				}
				end, text := spec.End(), "\n\t_ \"time/tzdata\""
				if spec.Comment != nil {
					end = spec.Comment.End()
				}
				if !group.Rparen.IsValid() {
					text = "\nimport _ \"time/tzdata\""
				}
				return []analysis.SuggestedFix{{
					Message:   `Import _ "time/tzdata"`,
					TextEdits: []analysis.TextEdit{{Pos: end, End: end, NewText: []byte(text)}},
				}}
			}
		}
	}
	return nil
}
