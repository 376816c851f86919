package staging

import (
	"bytes"
	"fmt"
	"go/scanner"
	"go/token"
	"sort"
	"strings"
)

// keepLines returns rewritten with //line directives that give every line which is also in orig its number there.
// There are none if rewriting moved no line: the go command already names the file as it should. Unless the file itself was moved:
// then there is one at least.
//
// The name is the one that -trimpath gives the original file. The go command does not turn names in directives into
// paths, so a relative name ends up in a binary as it is written, and the column in the directive keeps the compiler
// reporting columns.
//
// A directive stands on a line of its own, and only behind the package clause and between tokens. So it is
// neither in front of a build constraint, nor in the package's doc comment, nor in a string; and it is not shown as
// documentation and does not part another directive from its declaration.
func keepLines(name string, orig, rewritten []byte, moved bool) []byte {
	if hasDirective(orig) {
		return rewritten // Its lines are those of yet another file.
	}
	oldLines := bytes.SplitAfter(orig, []byte("\n"))
	newLines := bytes.SplitAfter(rewritten, []byte("\n"))
	match := matchLines(oldLines, newLines)
	ok := breakable(rewritten, len(newLines))

	var out bytes.Buffer
	cur := 0 // the number that the compiler would give to the line, from 0
	for i, line := range newLines {
		if j := match[i]; j >= 0 && (j != cur || moved) && ok[i] && len(bytes.TrimSpace(line)) > 0 {
			fmt.Fprintf(&out, "//line %s:%d:1\n", name, j+1)
			cur, moved = j, false
		}
		out.Write(line)
		cur++
	}
	return out.Bytes()
}

// hasDirective reports whether src has line directives of its own.
func hasDirective(src []byte) bool {
	return bytes.HasPrefix(src, []byte("//line ")) ||
		bytes.Contains(src, []byte("\n//line ")) ||
		bytes.Contains(src, []byte("/*line "))
}

// breakable reports for each line whether a line may be inserted in front of it: it begins between two tokens, behind
// the package clause.
func breakable(src []byte, n int) []bool {
	ok := make([]bool, n)
	var s scanner.Scanner
	fset := token.NewFileSet()
	file := fset.AddFile("", fset.Base(), len(src))
	s.Init(file, src, func(token.Position, string) {}, scanner.ScanComments)
	lineOf := func(p token.Pos) int { return file.PositionFor(p, false).Line - 1 }
	first := n // the line behind the package clause
	inClause := false
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			break
		}
		start := lineOf(pos)
		if inClause && tok == token.IDENT && first == n {
			first = start + 1
			for i := first; i < n; i++ {
				ok[i] = true
			}
		}
		if tok == token.PACKAGE && first == n {
			inClause = true
		}
		if tok == token.STRING || tok == token.COMMENT {
			for i := range strings.Count(lit, "\n") {
				ok[min(start+i+1, n-1)] = false
			}
		}
	}
	return ok
}

// matchLines returns for each line of b the index of the line of a that it is, or -1. The indices increase. Lines that
// occur once in either text are the anchors, as in a patience diff; matches then grow from those.
func matchLines(a, b [][]byte) []int {
	type count struct{ inA, inB, lastA int }
	counts := make(map[string]count)
	for j, line := range a {
		c := counts[string(line)]
		c.inA++
		c.lastA = j
		counts[string(line)] = c
	}
	for _, line := range b {
		c := counts[string(line)]
		c.inB++
		counts[string(line)] = c
	}
	match := make([]int, len(b))
	var anchors []int // indices into b
	for i, line := range b {
		match[i] = -1
		if c := counts[string(line)]; c.inA == 1 && c.inB == 1 {
			match[i] = c.lastA
			anchors = append(anchors, i)
		}
	}
	keep := increasing(anchors, match)
	for _, i := range anchors {
		if !keep[i] {
			match[i] = -1
		}
	}

	// A line of b that follows a match is the line of a that follows, if they are equal and no anchor has that one.
	used := make(map[int]bool)
	for _, j := range match {
		used[j] = true
	}
	grow := func(i, j int) {
		if match[i] < 0 && 0 <= j && j < len(a) && !used[j] && bytes.Equal(a[j], b[i]) {
			match[i] = j
			used[j] = true
		}
	}
	grow(0, 0)
	for i := 1; i < len(b); i++ {
		if match[i-1] >= 0 {
			grow(i, match[i-1]+1)
		}
	}
	grow(len(b)-1, len(a)-1)
	for i := len(b) - 2; i >= 0; i-- {
		if match[i+1] >= 0 {
			grow(i, match[i+1]-1)
		}
	}
	return match
}

// increasing returns the longest subset of anchors whose matches increase.
func increasing(anchors, match []int) map[int]bool {
	var tails []int // tails[k]: the anchor that ends the best run of length k+1
	prev := make(map[int]int)
	for _, i := range anchors {
		k := sort.Search(len(tails), func(k int) bool { return match[tails[k]] >= match[i] })
		prev[i] = -1
		if k > 0 {
			prev[i] = tails[k-1]
		}
		tails = append(tails[:k], append([]int{i}, tails[min(k+1, len(tails)):]...)...)
	}
	keep := make(map[int]bool)
	if len(tails) > 0 {
		for i := tails[len(tails)-1]; i >= 0; i = prev[i] {
			keep[i] = true
		}
	}
	return keep
}
