// Package analysisdoc takes the documentation of an analyzer from the package
// comment of its doc.go, so that there is one text for readers and for help.
package analysisdoc

import (
	"fmt"
	"go/parser"
	"go/token"
	"strings"
)

// MustExtract returns the section "# Analyzer name" of the package comment of
// src, from after "name: " on. It panics if there is none: src is embedded, so
// that would be a mistake in the program.
func MustExtract(src, name string) string {
	file, err := parser.ParseFile(token.NewFileSet(), "doc.go", src, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		panic(err)
	}
	for section := range strings.SplitSeq("\n"+file.Doc.Text(), "\n# ") {
		if body, ok := strings.CutPrefix(section, "Analyzer "+name+"\n"); ok {
			if text, ok := strings.CutPrefix(strings.TrimSpace(body), name+": "); ok {
				return text
			}
		}
	}
	panic(fmt.Sprintf("doc.go has no section for analyzer %s", name))
}
