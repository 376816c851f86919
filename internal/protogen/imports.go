package main

import (
	"fmt"
	"go/format"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// importRule replaces the import path from, and the same prefix of every path below it, with to.
type importRule struct{ from, to string }

func (r importRule) apply(path string) (string, bool) {
	rest, ok := strings.CutPrefix(path, r.from)
	if !ok || rest != "" && rest[0] != '/' {
		return path, false
	}
	return r.to + rest, true
}

// rewriteImports applies to each import of a Go file the most specific rule that matches, and formats the result.
// Generated files name all their imports, so no identifier changes its meaning.
func rewriteImports(name string, src []byte, rules []importRule) ([]byte, error) {
	if len(rules) == 0 {
		return src, nil
	}
	rules = slices.Clone(rules)
	slices.SortStableFunc(rules, func(a, b importRule) int { return len(b.from) - len(a.from) })

	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, src, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	// From the last to the first, so that offsets stay valid.
	for _, spec := range slices.Backward(file.Imports) {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", fset.Position(spec.Pos()), err)
		}
		for _, rule := range rules {
			if to, ok := rule.apply(path); ok {
				from, end := fset.Position(spec.Path.Pos()).Offset, fset.Position(spec.Path.End()).Offset
				src = slices.Replace(src, from, end, []byte(strconv.Quote(to))...)
				break
			}
		}
	}
	return format.Source(src)
}
