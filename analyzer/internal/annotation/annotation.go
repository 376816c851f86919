// Package annotation recognizes the line that makes a main package a function.
package annotation

import (
	"bufio"
	"bytes"
	"go/ast"
	"go/token"
	"path"
	"strconv"
	"strings"
)

// Is reports whether line, as go generate would read it, runs cofaas-gen:
//
//	//go:generate go tool cofaas-gen
//	//go:generate go run github.com/cofaas/cofaas/cmd/cofaas-gen@v1.2.3 -flag
func Is(line string) bool {
	_, ok := Args(line)
	return ok
}

// Args returns what line, as go generate would read it, passes to cofaas-gen.
// Variables are left as they are: what a function states must not depend on
// where it is generated.
func Args(line string) (args []string, ok bool) {
	text, ok := strings.CutPrefix(line, "//go:generate")
	if !ok || text == "" || text[0] != ' ' && text[0] != '\t' {
		return nil, false
	}
	words := split(text)
	if len(words) > 2 && words[0] == "go" && (words[1] == "tool" || words[1] == "run") {
		words = words[2:]
	}
	for len(words) > 1 && strings.HasPrefix(words[0], "-") {
		words = words[1:] // flags of go tool and go run
	}
	if len(words) == 0 {
		return nil, false
	}
	name, _, _ := strings.Cut(words[0], "@")
	return words[1:], path.Base(name) == "cofaas-gen"
}

// split splits a line into words as go generate does: a word that begins with a
// quotation mark is a string of Go.
func split(text string) []string {
	var words []string
	for text = strings.TrimLeft(text, " \t"); text != ""; text = strings.TrimLeft(text, " \t") {
		if quoted, err := strconv.QuotedPrefix(text); err == nil && text[0] == '"' {
			word, _ := strconv.Unquote(quoted) // it is one
			words = append(words, word)
			text = text[len(quoted):]
			continue
		}
		end := strings.IndexAny(text, " \t")
		if end < 0 {
			end = len(text)
		}
		words = append(words, text[:end])
		text = text[end:]
	}
	return words
}

// Meant reports whether line, a comment, would run cofaas-gen if it began as go generate wants it to.
func Meant(line string) bool {
	text := strings.TrimLeft(strings.TrimPrefix(line, "//"), " \t")
	return strings.HasPrefix(line, "//") && Is("//"+text)
}

// Find returns the number of the first such line of src, or 0, and what it
// passes to cofaas-gen.
func Find(src []byte) (line int, args []string) {
	if !bytes.Contains(src, []byte("cofaas-gen")) {
		return 0, nil
	}
	lines := bufio.NewScanner(bytes.NewReader(src))
	lines.Buffer(nil, len(src)+1)
	for n := 1; lines.Scan(); n++ {
		if args, ok := Args(strings.TrimRight(lines.Text(), "\r")); ok {
			return n, args
		}
	}
	return 0, nil
}

// Pos returns where the files of a package have the first such line, as go
// generate would find it, or no position.
func Pos(fset *token.FileSet, files []*ast.File) token.Pos {
	if comment, _ := find(fset, files); comment != nil {
		return comment.Pos()
	}
	return token.NoPos
}

// Line returns what that line passes to cofaas-gen.
func Line(fset *token.FileSet, files []*ast.File) []string {
	_, args := find(fset, files)
	return args
}

func find(fset *token.FileSet, files []*ast.File) (*ast.Comment, []string) {
	for _, file := range files {
		for _, group := range file.Comments {
			for _, comment := range group.List {
				if args, ok := Args(strings.TrimRight(comment.Text, "\r")); ok && fset.PositionFor(comment.Pos(), false).Column == 1 {
					return comment, args
				}
			}
		}
	}
	return nil, nil
}
