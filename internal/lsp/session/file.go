package session

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/cofaas/cofaas/analyzer"
)

// A file is one version of a Go file, parsed. It does not change; a new version is a new file.
type file struct {
	name    string
	content []byte
	buffer  bool // content is that of a buffer
	size    int64
	time    time.Time
	header  string
	syntax  *ast.File // nil if there is nothing to parse
	token   *token.File
	err     error // of reading or parsing
}

// file returns the current version of a file. One that cannot change is looked at once.
func (s *Session) file(in inputs, name string, fixed bool) *file {
	old := s.files[name]
	if old != nil && fixed {
		return old
	}
	if b, open := in.buffers[name]; open {
		if old != nil && bytes.Equal(old.content, b.Content) {
			return old
		}
		return s.parse(&file{name: name, content: b.Content, buffer: true}, fixed)
	}
	info, err := os.Stat(name)
	if err != nil {
		if old != nil && old.err != nil && old.err.Error() == err.Error() {
			return old
		}
		return s.parse(&file{name: name, err: err}, fixed)
	}
	if old != nil && !old.buffer && old.size == info.Size() && old.time.Equal(info.ModTime()) {
		return old
	}
	content, err := os.ReadFile(name)
	if old != nil && err == nil && bytes.Equal(old.content, content) {
		// As after saving a buffer. The old version stays the current one, so that nothing that depends on it is done again.
		old.buffer, old.size, old.time = false, info.Size(), info.ModTime()
		return old
	}
	return s.parse(&file{name: name, content: content, size: info.Size(), time: info.ModTime(), err: err}, fixed)
}

func (s *Session) parse(f *file, fixed bool) *file {
	if old := s.files[f.name]; old != nil {
		s.retired = append(s.retired, old)
	}
	s.files[f.name] = f
	if f.err != nil {
		return f
	}
	if !fixed {
		f.header = header(f.content)
	}
	f.syntax, f.err = parser.ParseFile(s.fset, f.name, f.content, parser.ParseComments|parser.AllErrors|parser.SkipObjectResolution)
	if f.syntax != nil {
		f.token = s.fset.File(f.syntax.FileStart)
	}
	if fixed {
		f.content = nil // nobody edits it
	}
	return f
}

// header is what of a file decides about the structure of its program: the package, the imports, the build constraints, embedded files
// and whether it marks a function. It is "" if it cannot be told, as in the middle of an edit.
func header(content []byte) string {
	f, err := parser.ParseFile(token.NewFileSet(), "", content, parser.ImportsOnly|parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return ""
	}
	var b strings.Builder
	b.WriteString(f.Name.Name)
	for _, imp := range f.Imports {
		b.WriteString(" " + imp.Path.Value)
	}
	for _, group := range f.Comments {
		for _, c := range group.List {
			if c.Pos() < f.Package && (strings.HasPrefix(c.Text, "//go:build ") || strings.HasPrefix(c.Text, "// +build ")) {
				b.WriteString("\n" + c.Text)
			}
		}
	}
	b.WriteString("\n" + strconv.FormatBool(analyzer.AnnotationLine(content) > 0))
	return b.String()
}
