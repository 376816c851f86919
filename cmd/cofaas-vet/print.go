package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/packages"

	"github.com/cofaas/cofaas/analyzer"
	"github.com/cofaas/cofaas/internal/staging"
)

// A finding is a diagnostic, where it ends, and how it can be fixed. Findings are
// kept between runs.
type finding struct {
	analyzer.Diagnostic
	Pkg   string
	End   token.Position // invalid if not known
	Fixes []fix
}

// A fix is a SuggestedFix with positions that need no file set.
type fix struct {
	Message string
	Edits   []edit
}

// An edit replaces the bytes [Start, End) of a file.
type edit struct {
	File       string
	Start, End int
	Text       []byte
}

func newFinding(pkg *packages.Package, d analysis.Diagnostic) finding {
	f := finding{
		Diagnostic: analyzer.Diagnostic{Pos: pkg.Fset.Position(d.Pos), Category: d.Category, Message: d.Message},
		Pkg:        pkg.PkgPath,
	}
	if d.End.IsValid() {
		f.End = pkg.Fset.Position(d.End)
	}
	for _, suggested := range d.SuggestedFixes {
		one := fix{Message: suggested.Message}
		for _, e := range suggested.TextEdits {
			end := e.End
			if !end.IsValid() {
				end = e.Pos
			}
			// Not where line comments say, but where the bytes are.
			start := pkg.Fset.PositionFor(e.Pos, false)
			one.Edits = append(one.Edits, edit{start.Filename, start.Offset, pkg.Fset.PositionFor(end, false).Offset, e.NewText})
		}
		f.Fixes = append(f.Fixes, one)
	}
	return f
}

// sortFindings sorts by position and drops what is there twice.
func sortFindings(found []finding) []finding {
	slices.SortStableFunc(found, func(a, b finding) int {
		return cmp.Or(strings.Compare(a.Pos.Filename, b.Pos.Filename), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Column, b.Pos.Column),
			strings.Compare(a.Category, b.Category), strings.Compare(a.Message, b.Message))
	})
	return slices.CompactFunc(found, func(a, b finding) bool { return a.Diagnostic == b.Diagnostic })
}

// names makes names of files relative to the working directory, if they are
// below it, as go vet does.
type names struct{ cwd string }

func newNames() (names, error) {
	cwd, err := os.Getwd()
	return names{cwd}, err
}

func (n names) file(name string) string {
	rel, err := filepath.Rel(n.cwd, name)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return name
	}
	return rel
}

func (n names) position(p token.Position) string {
	p.Filename = n.file(p.Filename)
	return p.String()
}

func printText(w io.Writer, found []finding, names names) {
	for _, f := range found {
		fmt.Fprintf(w, "%s: %s [%s]\n", names.position(f.Pos), f.Message, f.Category)
	}
}

// printErrors prints the errors that err joins, and returns how many there are.
func printErrors(w io.Writer, names names, err error) int {
	if err == nil {
		return 0
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		n := 0
		for _, err := range joined.Unwrap() {
			n += printErrors(w, names, err)
		}
		return n
	}
	var at *staging.PositionError
	if errors.As(err, &at) && at.Pos.Filename != "" {
		fmt.Fprintf(w, "%s: %s\n", names.position(at.Pos), at.Msg)
	} else {
		fmt.Fprintln(w, err)
	}
	return 1
}

// The form of -json, which docs/diagnostics documents.
type (
	jsonOutput struct {
		Diagnostics []jsonDiagnostic `json:"diagnostics"`
	}
	jsonDiagnostic struct {
		Category string        `json:"category"`
		Severity string        `json:"severity"`
		Package  string        `json:"package"`
		Position jsonPosition  `json:"position"`
		End      *jsonPosition `json:"end,omitempty"`
		Message  string        `json:"message"`
		URL      string        `json:"url"`
		Fixes    []jsonFix     `json:"fixes,omitempty"`
	}
	jsonPosition struct {
		File   string `json:"file"`
		Line   int    `json:"line"`
		Column int    `json:"column"`
	}
	jsonFix struct {
		Message string     `json:"message"`
		Edits   []jsonEdit `json:"edits"`
	}
	jsonEdit struct {
		File  string `json:"file"`
		Start int    `json:"start"`
		End   int    `json:"end"`
		New   string `json:"new"`
	}
)

func printJSON(w io.Writer, found []finding, names names) error {
	position := func(p token.Position) jsonPosition { return jsonPosition{names.file(p.Filename), p.Line, p.Column} }
	out := jsonOutput{Diagnostics: []jsonDiagnostic{}}
	for _, f := range found {
		d := jsonDiagnostic{
			Category: f.Category, Severity: f.Severity().String(), Package: f.Pkg,
			Position: position(f.Pos), Message: f.Message, URL: f.URL(),
		}
		if f.End.IsValid() {
			end := position(f.End)
			d.End = &end
		}
		for _, fix := range f.Fixes {
			one := jsonFix{Message: fix.Message, Edits: []jsonEdit{}}
			for _, e := range fix.Edits {
				one.Edits = append(one.Edits, jsonEdit{names.file(e.File), e.Start, e.End, string(e.Text)})
			}
			d.Fixes = append(d.Fixes, one)
		}
		out.Diagnostics = append(out.Diagnostics, d)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}
