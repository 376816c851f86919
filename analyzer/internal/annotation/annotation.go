// Package annotation recognizes the line that makes a main package a function.
package annotation

import (
	"bufio"
	"bytes"
	"go/ast"
	"go/token"
	"path"
	"strings"
)

// Is reports whether line, as go generate would read it, runs cofaas-gen:
//
//	//go:generate go tool cofaas-gen
//	//go:generate go run github.com/cofaas/cofaas/cmd/cofaas-gen@v1.2.3 -flag
func Is(line string) bool {
	args, ok := strings.CutPrefix(line, "//go:generate")
	if !ok || args == "" || args[0] != ' ' && args[0] != '\t' {
		return false
	}
	words := strings.Fields(args)
	if len(words) > 2 && words[0] == "go" && (words[1] == "tool" || words[1] == "run") {
		words = words[2:]
	}
	for len(words) > 1 && strings.HasPrefix(words[0], "-") {
		words = words[1:] // flags of go tool and go run
	}
	if len(words) == 0 {
		return false
	}
	name, _, _ := strings.Cut(words[0], "@")
	return path.Base(name) == "cofaas-gen"
}

// Meant reports whether line, a comment, would run cofaas-gen if it began as go generate wants it to.
func Meant(line string) bool {
	text := strings.TrimLeft(strings.TrimPrefix(line, "//"), " \t")
	return strings.HasPrefix(line, "//") && Is("//"+text)
}

// Find returns the number of the first such line of src, or 0.
func Find(src []byte) int {
	if !bytes.Contains(src, []byte("cofaas-gen")) {
		return 0
	}
	lines := bufio.NewScanner(bytes.NewReader(src))
	lines.Buffer(nil, len(src)+1)
	for n := 1; lines.Scan(); n++ {
		if Is(strings.TrimRight(lines.Text(), "\r")) {
			return n
		}
	}
	return 0
}

// Pos returns where the files of a package have the first such line, as go
// generate would find it, or no position.
func Pos(fset *token.FileSet, files []*ast.File) token.Pos {
	for _, file := range files {
		for _, group := range file.Comments {
			for _, comment := range group.List {
				if Is(comment.Text) && fset.PositionFor(comment.Pos(), false).Column == 1 {
					return comment.Pos()
				}
			}
		}
	}
	return token.NoPos
}
