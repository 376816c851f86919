// Package grpcapi says what of the API of google.golang.org/grpc guests do not have, and what to do about it.
//
// The analyzer reports uses of what is listed in refused.txt; a test of the stubs proves that the list is complete and has
// nothing that the stubs do have.
package grpcapi

import (
	_ "embed"
	"strings"
)

//go:embed refused.txt
var refused string

// A Refusal is something that guests do not have.
type Refusal struct {
	// Path is the import path of a package.
	Path string
	// Symbol is Name or Type.Method, and empty for the whole package.
	Symbol string
	// Tree says that the packages below Path are meant too.
	Tree bool
	// Reason says why, and what to do: two clauses, for the end of a sentence.
	Reason string
}

// Covers reports whether r is about a symbol of a package, or what belongs to it. An empty symbol is the package itself.
func (r Refusal) Covers(path, symbol string) bool {
	if r.Tree && strings.HasPrefix(path, r.Path+"/") {
		return true
	}
	return path == r.Path && (r.Symbol == "" || r.Symbol == symbol || strings.HasPrefix(symbol, r.Symbol+"."))
}

// String returns what is refused, as the list has it.
func (r Refusal) String() string {
	switch {
	case r.Tree:
		return r.Path + "/..."
	case r.Symbol != "":
		return r.Path + "." + r.Symbol
	}
	return r.Path
}

// Refused returns the list, in its order.
func Refused() []Refusal { return list }

// Find returns the refusal of a symbol, or with an empty symbol that of a package.
func Find(path, symbol string) (Refusal, bool) {
	for _, r := range list {
		if r.Covers(path, symbol) {
			return r, true
		}
	}
	return Refusal{}, false
}

var list = parse(refused)

// parse reads lines of the form
//
//	import/path[/...] [Symbol]: reason
//
// Lines that begin with # and empty ones are comments.
func parse(text string) []Refusal {
	var list []Refusal
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		what, reason, _ := strings.Cut(line, ": ")
		path, symbol, _ := strings.Cut(what, " ")
		r := Refusal{Path: path, Symbol: symbol, Reason: reason}
		r.Path, r.Tree = strings.CutSuffix(path, "/...")
		list = append(list, r)
	}
	return list
}
