package hazards

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/analysis"
)

// importZones returns the fix that imports time/tzdata in the file of pos.
func (w *walker) importZones(pos token.Pos) []analysis.SuggestedFix {
	file := w.file(pos)
	if file == nil {
		return nil
	}
	return []analysis.SuggestedFix{{
		Message:   `Import _ "time/tzdata"`,
		TextEdits: []analysis.TextEdit{importAfter(file, `"time"`, `_ "time/tzdata"`)},
	}}
}

// letRun returns the fix that lets other goroutines run at a place in a loop where a statement can be. close says that the line has to end
// behind it, too.
func (w *walker) letRun(pos token.Pos, close bool) []analysis.SuggestedFix {
	file := w.file(pos)
	if file == nil {
		return nil
	}
	name := "runtime"
	var edits []analysis.TextEdit
	if imported := w.imported(file, "runtime"); imported != "" {
		name = imported
	} else {
		edits = append(edits, importAfter(file, "", `"runtime"`))
	}
	// The name may mean something else there.
	if scope := w.pass.Pkg.Scope().Innermost(pos); scope != nil {
		_, obj := scope.LookupParent(name, pos)
		if pkg, ok := obj.(*types.PkgName); obj != nil && !(ok && pkg.Imported().Path() == "runtime") {
			return nil
		}
	}
	text := "\n" + name + ".Gosched()"
	if close {
		text += "\n"
	}
	return []analysis.SuggestedFix{{
		Message:   "Call runtime.Gosched",
		TextEdits: append(edits, analysis.TextEdit{Pos: pos, End: pos, NewText: []byte(text)}),
	}}
}

// imported returns the name by which file imports a package, or "". That is not the name of a dot import.
func (w *walker) imported(file *ast.File, path string) string {
	for _, spec := range file.Imports {
		if spec.Path.Value != `"`+path+`"` {
			continue
		}
		if name := w.info.PkgNameOf(spec); name != nil && name.Name() != "." && name.Name() != "_" {
			return name.Name()
		}
	}
	return ""
}

// file returns the file that has pos.
func (w *walker) file(pos token.Pos) *ast.File {
	for _, file := range w.pass.Files {
		if file.FileStart <= pos && pos < file.FileEnd {
			return file
		}
	}
	return nil
}

// importAfter returns the edit that adds an import to file: behind that of another package, named as it is in the source, or, without one,
// before all others. With none at all it comes behind the package clause.
func importAfter(file *ast.File, other, spec string) analysis.TextEdit {
	insert := func(pos token.Pos, text string) analysis.TextEdit {
		return analysis.TextEdit{Pos: pos, End: pos, NewText: []byte(text)}
	}
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.IMPORT {
			continue
		}
		grouped := group.Lparen.IsValid()
		if other == "" {
			if grouped {
				return insert(group.Lparen+1, "\n"+spec)
			}
			return insert(group.Pos(), "import "+spec+"\n")
		}
		for _, s := range group.Specs {
			s := s.(*ast.ImportSpec)
			if s.Path.Value != other {
				continue
			}
			end := s.End()
			if s.Comment != nil {
				end = s.Comment.End()
			}
			if grouped {
				return insert(end, "\n\t"+spec)
			}
			return insert(end, "\nimport "+spec)
		}
	}
	return insert(file.Name.End(), "\n\nimport "+spec)
}
