package session

import (
	"bytes"
	"cmp"
	"go/ast"
	"go/token"
	"os"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/astutil"
)

// A Diagnostic is one finding of the analyzer in a file.
type Diagnostic struct {
	Range    Range
	Category string
	Message  string
	URL      string // where it is explained, or ""
	Related  []Related
	Fixes    []Fix // alternatives
}

// Related is a place that has to do with a finding.
type Related struct {
	Location Location
	Message  string
}

// A Fix is what would do away with a finding. Its edits do not overlap.
type Fix struct {
	Title string
	Edits []Edit
}

// An Edit replaces what is at a location.
type Edit struct {
	Location Location
	Text     string
}

// report brings the diagnostics of the view up to date, for all packages that compile, and adds them to result.
func (v *view) report(result *Result) {
	reports := map[string][]Diagnostic{}
	v.kept = map[string]bool{}
	for _, id := range sortedKeys(v.nodes) {
		n := v.nodes[id]
		if !n.editable {
			continue
		}
		act := n.actions[v.opts.Analyzer]
		failed := n.broken || act == nil || act.err != nil
		for _, f := range n.files {
			if reports[f.name] == nil {
				reports[f.name] = []Diagnostic{}
			}
			if failed {
				v.kept[f.name] = true
				reports[f.name] = append(reports[f.name], v.reports[f.name]...)
			}
		}
		if failed {
			continue
		}
		for _, d := range act.diagnostics {
			name, found := v.diagnostic(n, d)
			if !slices.ContainsFunc(reports[name], func(d Diagnostic) bool { return d.Range == found.Range && d.Message == found.Message }) {
				reports[name] = append(reports[name], found)
			}
		}
	}
	for name, list := range reports {
		slices.SortStableFunc(list, func(a, b Diagnostic) int {
			return cmp.Or(cmp.Compare(a.Range.Start.Line, b.Range.Start.Line), cmp.Compare(a.Range.Start.Character, b.Range.Start.Character),
				strings.Compare(a.Message, b.Message))
		})
		result.Diagnostics[name] = list
		result.Kept[name] = v.kept[name]
	}
	v.reports = reports
}

func (v *view) diagnostic(n *node, d analysis.Diagnostic) (file string, found Diagnostic) {
	found = Diagnostic{Category: d.Category, Message: d.Message, URL: d.URL}
	location := v.location(d.Pos, v.end(n, d.Pos, d.End))
	found.Range = location.Range
	for _, r := range d.Related {
		found.Related = append(found.Related, Related{v.location(r.Pos, v.end(n, r.Pos, r.End)), r.Message})
	}
	for _, fix := range d.SuggestedFixes {
		f := Fix{Title: fix.Message}
		for _, e := range fix.TextEdits {
			end := e.End
			if !end.IsValid() {
				end = e.Pos
			}
			f.Edits = append(f.Edits, Edit{v.location(e.Pos, end), string(e.NewText)})
		}
		found.Fixes = append(found.Fixes, f)
	}
	return location.File, found
}

// end returns the end of what a diagnostic at pos is about, if the analyzer leaves it open: of the largest expression that starts there, as
// far as it is on the same line, of a comment, or of a word.
func (v *view) end(n *node, pos, end token.Pos) token.Pos {
	if end.IsValid() {
		return end
	}
	i := slices.IndexFunc(n.files, func(f *file) bool { return f.token != nil && f.syntax.FileStart <= pos && pos <= f.syntax.FileEnd })
	if i < 0 || n.files[i].content == nil {
		return pos
	}
	f := n.files[i]
	offset := f.token.Offset(pos)
	line, _, _ := bytes.Cut(f.content[offset:], []byte("\n"))
	line = bytes.TrimRight(line, "\r")
	path, _ := astutil.PathEnclosingInterval(f.syntax, pos, pos)
	for _, node := range path {
		if _, ok := node.(ast.Expr); ok && node.Pos() == pos {
			end = node.End()
		}
	}
	switch {
	case end.IsValid():
		return min(end, pos+token.Pos(len(line)))
	case bytes.HasPrefix(line, []byte("//")):
		return pos + token.Pos(len(line))
	}
	word := bytes.IndexFunc(line, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if word < 0 {
		word = len(line)
	}
	return pos + token.Pos(word)
}

// location returns where pos and end are. Files that are generated in the course of a build, from a user's file, point to that one.
func (s *Session) location(pos, end token.Pos) Location {
	tok := s.fset.File(pos)
	if tok == nil {
		return Location{}
	}
	if end < pos || s.fset.File(end) != tok {
		end = pos
	}
	if f := s.files[tok.Name()]; f != nil && f.token == tok && f.content != nil {
		return Location{f.name, Range{point(f.content, tok.Offset(pos)), point(f.content, tok.Offset(end))}}
	}
	from, to := s.fset.Position(pos), s.fset.Position(end)
	content, err := os.ReadFile(from.Filename)
	if err != nil {
		s.opts.Warn("%v", err)
	}
	return Location{from.Filename, Range{lineColumn(content, from), lineColumn(content, to)}}
}

// lineColumn converts a position that counts bytes.
func lineColumn(content []byte, p token.Position) Point {
	start, err := Offset(content, Point{Line: p.Line - 1})
	if err != nil || p.Line < 1 {
		return Point{}
	}
	return point(content, start+max(p.Column-1, 0))
}
