package hazards

import (
	"go/ast"
	"go/token"

	"golang.org/x/tools/go/analysis"
)

// importZones returns the fix that imports time/tzdata in the file of pos.
func (w *walker) importZones(pos token.Pos) []analysis.SuggestedFix {
	for _, file := range w.pass.Files {
		if pos < file.FileStart || pos >= file.FileEnd {
			continue
		}
		for _, decl := range file.Decls {
			group, ok := decl.(*ast.GenDecl)
			if !ok || group.Tok != token.IMPORT || !group.Rparen.IsValid() {
				continue
			}
			return []analysis.SuggestedFix{{
				Message: `Import _ "time/tzdata"`,
				TextEdits: []analysis.TextEdit{{
					Pos: group.Rparen, End: group.Rparen,
					NewText: []byte("\n\t_ \"time/tzdata\" // guests have no files with time zones\n"),
				}},
			}}
		}
		return []analysis.SuggestedFix{{
			Message: `Import _ "time/tzdata"`,
			TextEdits: []analysis.TextEdit{{
				Pos: file.Name.End(), End: file.Name.End(),
				NewText: []byte("\n\nimport _ \"time/tzdata\" // guests have no files with time zones\n"),
			}},
		}}
	}
	return nil
}
