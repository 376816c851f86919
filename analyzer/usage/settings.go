package usage

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/ast/edge"

	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
)

// A reader is a function or method that returns something that is kept under a
// name, and how it gets the name and the default. Methods count by the package
// of their name, whatever their receiver.
type reader struct {
	path, fn string
	kind     string // as Term.Text
	name     int    // argument
	def      int    // argument, or 0 for none
	// out is 1 + the argument through which the value is stored, or 0 if it is
	// returned.
	out int
}

const (
	envKind  = "environment variable"
	flagKind = "flag"
	keyKind  = "configuration key"
)

var readers = []reader{
	{path: "os", fn: "Getenv", kind: envKind},
	{path: "os", fn: "LookupEnv", kind: envKind},
	{path: "syscall", fn: "Getenv", kind: envKind},

	{path: "flag", fn: "String", kind: flagKind, def: 1},
	{path: "flag", fn: "Int", kind: flagKind, def: 1},
	{path: "flag", fn: "Uint", kind: flagKind, def: 1},
	{path: "flag", fn: "StringVar", kind: flagKind, name: 1, def: 2, out: 1},
	{path: "flag", fn: "IntVar", kind: flagKind, name: 1, def: 2, out: 1},
	{path: "flag", fn: "UintVar", kind: flagKind, name: 1, def: 2, out: 1},

	{path: "github.com/spf13/pflag", fn: "String", kind: flagKind, def: 1},
	{path: "github.com/spf13/pflag", fn: "StringP", kind: flagKind, def: 2},
	{path: "github.com/spf13/pflag", fn: "Int", kind: flagKind, def: 1},
	{path: "github.com/spf13/pflag", fn: "IntP", kind: flagKind, def: 2},
	{path: "github.com/spf13/pflag", fn: "GetString", kind: flagKind},
	{path: "github.com/spf13/pflag", fn: "GetInt", kind: flagKind},
	{path: "github.com/spf13/pflag", fn: "StringVar", kind: flagKind, name: 1, def: 2, out: 1},
	{path: "github.com/spf13/pflag", fn: "StringVarP", kind: flagKind, name: 1, def: 3, out: 1},
	{path: "github.com/spf13/pflag", fn: "IntVar", kind: flagKind, name: 1, def: 2, out: 1},
	{path: "github.com/spf13/pflag", fn: "IntVarP", kind: flagKind, name: 1, def: 3, out: 1},

	{path: "github.com/urfave/cli", fn: "String", kind: flagKind},
	{path: "github.com/urfave/cli", fn: "Int", kind: flagKind},
	{path: "github.com/urfave/cli", fn: "GlobalString", kind: flagKind},
	{path: "github.com/urfave/cli/v2", fn: "String", kind: flagKind},
	{path: "github.com/urfave/cli/v2", fn: "Int", kind: flagKind},
	{path: "github.com/urfave/cli/v3", fn: "String", kind: flagKind},
	{path: "github.com/urfave/cli/v3", fn: "Int", kind: flagKind},

	{path: "github.com/spf13/viper", fn: "GetString", kind: keyKind},
	{path: "github.com/spf13/viper", fn: "GetInt", kind: keyKind},
	{path: "github.com/knadh/koanf/v2", fn: "String", kind: keyKind},
	{path: "github.com/knadh/koanf/v2", fn: "Int", kind: keyKind},
}

// isReader reports whether fn reads settings.
func isReader(fn *types.Func) bool {
	return slices.ContainsFunc(readers, func(r reader) bool { return isFunc(fn, r.path, r.fn) })
}

func (e *evaluator) reader(v value, fn *types.Func, out int) *Term {
	for _, r := range readers {
		if r.out != out || !isFunc(fn, r.path, r.fn) {
			continue
		}
		var args [2]*Term
		for i, index := range []int{r.name, r.def} {
			if index == 0 && i == 1 {
				continue
			}
			cur, ok := e.argCursor(v.cur, index)
			if !ok {
				return nil
			}
			args[i] = e.term(v.at(cur))
		}
		if v.result > 0 {
			return nil // whether it is set
		}
		return setting(r.kind, args[0], args[1])
	}
	return nil
}

// settingVar returns the term of what fn, called at v, stores through a pointer
// if it reads a setting, or nil.
func (e *evaluator) settingVar(v value, fn *types.Func) *Term {
	return e.reader(value{cur: v.cur, frame: v.frame}, fn, v.out)
}

// library returns the term of a call of a function whose meaning is known, or
// nil.
func (e *evaluator) library(v value, fn *types.Func, call *ast.CallExpr) *Term {
	if t := e.reader(v, fn, 0); t != nil {
		return t
	}
	arg := func(i int) *Term { return e.term(v.at(v.cur.ChildAt(edge.CallExpr_Args, i))) }
	n := len(call.Args)
	switch {
	case isFunc(fn, "cmp", "Or") && n > 0 && !call.Ellipsis.IsValid():
		return e.firstOf(n, arg)
	case isFunc(fn, "fmt", "Sprintf") && n > 0 && !call.Ellipsis.IsValid():
		return e.sprintf(n, arg)
	case isFunc(fn, "fmt", "Sprint") && n == 1:
		return arg(0)
	case isFunc(fn, "net", "JoinHostPort") && n == 2:
		return concat(arg(0), constTerm(":"), arg(1))
	case n == 2 && grpcpkg.IsFunc(fn, "net", "ResolveTCPAddr", "ResolveUDPAddr", "ResolveUnixAddr"):
		return arg(1)
	case isFunc(fn, "net/url", "String") && fn.Signature().Recv() != nil:
		if recv, ok := e.argCursor(v.cur, receiver); ok {
			return e.term(v.at(recv))
		}
	case isFunc(fn, "github.com/go-sql-driver/mysql", "FormatDSN"):
		if recv, ok := e.argCursor(v.cur, receiver); ok {
			return e.formatDSN(v.at(recv))
		}
	case isFunc(fn, "strings", "Split") && n == 2,
		isFunc(fn, "strings", "TrimRight") && n == 2, isFunc(fn, "strings", "TrimSuffix") && n == 2:
		// Of a list, the elements are not told apart; a slash at the end is of no address.
		if by := arg(1); by.Op == OpConst && (by.Text == "," || by.Text == "/") {
			return arg(0)
		}
	case isFunc(fn, "net", "ParseIP") && n == 1,
		isFunc(fn, "net/url", "Parse") && n == 1, isFunc(fn, "net/url", "ParseRequestURI") && n == 1,
		isFunc(fn, "strconv", "Itoa") && n == 1,
		isFunc(fn, "strconv", "FormatInt") && n == 2,
		isFunc(fn, "strconv", "Atoi") && v.result == 0 && n == 1,
		isFunc(fn, "strconv", "ParseInt") && v.result == 0 && n == 3,
		isFunc(fn, "strings", "TrimSpace") && n == 1:
		return arg(0)
	}
	return nil
}

// firstOf returns the term of cmp.Or: a setting with what follows as its
// default.
func (e *evaluator) firstOf(n int, arg func(int) *Term) *Term {
	t := arg(n - 1)
	for i := n - 2; i >= 0; i-- {
		switch a := arg(i); {
		case a.Op == OpConst && a.Text != "":
			t = a
		case a.Op == OpConst:
		case a.Op == OpSetting && len(a.Args) == 1:
			t = setting(a.Text, a.Args[0], t)
		default:
			t = either(a, t)
		}
	}
	return t
}

// sprintf returns the term of fmt.Sprintf with verbs that print a string or a
// number as it is.
func (e *evaluator) sprintf(n int, arg func(int) *Term) *Term {
	format := arg(0)
	if format.Op != OpConst {
		return unknownTerm("a computed value")
	}
	var parts []*Term
	next := 1
	for rest := format.Text; rest != ""; {
		text, after, found := strings.Cut(rest, "%")
		parts = append(parts, constTerm(text))
		if !found {
			break
		}
		if after == "" {
			return unknownTerm("a computed value")
		}
		switch after[0] {
		case '%':
			parts = append(parts, constTerm("%"))
		case 's', 'd', 'v':
			if next >= n {
				return unknownTerm("a computed value")
			}
			parts = append(parts, arg(next))
			next++
		default:
			return unknownTerm("a computed value")
		}
		rest = after[1:]
	}
	return concat(parts...)
}
