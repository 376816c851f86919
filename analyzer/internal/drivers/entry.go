package drivers

import (
	"go/types"
	"slices"
	"strings"

	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
)

// A Kind is what a function wants of the system.
type Kind int

const (
	Dial   Kind = iota // connects, or sends datagrams
	Lookup             // looks a name up
	Listen             // listens, or is bound to a port
	Read               // reads a file or a folder
	Env                // reads an environment variable
)

func (k Kind) String() string { return [...]string{"dial", "lookup", "listen", "read", "env"}[k] }

// Values of Entry.Arg beside the indices of arguments.
const (
	Receiver = -1
	// Nowhere says that no argument has the address: options may, or else it is the default.
	Nowhere = -2
)

// An Entry says what a call of a function wants.
type Entry struct {
	// Func is the function: path.Name or path.Type.Method, of which the path has no elements or suffixes that only say a major version.
	Func string
	Kind Kind
	// Arg is the argument that has the address; if it is the variadic one, all of these do.
	Arg int
	// Fields are those of the argument, a struct, of which the first that is set has the address.
	Fields []string
	// Options are functions of the same package or another, among whose calls in the arguments the first argument is the address.
	Options []string
	// Second is 1 + the argument that has the network, or the name of the driver for SQL; SecondField is the field of Arg that has it.
	Second      int
	SecondField string
	// Network is the network if no argument says it. "" is tcp.
	Network string
	Form    Form
	// Port is the port of an address that has none, or "".
	Port string
	// Env has environment variables that the library takes the address from if the program gives none, first the one that counts most,
	// and Default is what it is then.
	Env     []string
	Default string
	// Note says what else there is to know, such as that servers name others.
	Note string
}

// index has the entries by package and name.
var index = func() map[string]map[string][]int {
	m := make(map[string]map[string][]int)
	for i := range table {
		path, name := split(table[i].Func)
		if m[path] == nil {
			m[path] = make(map[string][]int)
		}
		m[path][name] = append(m[path][name], i)
	}
	return m
}()

// split splits the full name of a function into the path of its package, which may have dots in it, and the rest, which is exported.
func split(full string) (path, name string) {
	for i := strings.LastIndex(full, "/") + 1; i < len(full)-1; i++ {
		if full[i] == '.' && 'A' <= full[i+1] && full[i+1] <= 'Z' {
			return full[:i], full[i+1:]
		}
	}
	return full, ""
}

// At returns an entry by its number, as Find has it.
func At(i int) *Entry { return &table[i] }

// All returns all entries, by number.
func All() []Entry { return slices.Clone(table) }

// Find returns the numbers of the entries for fn. A number means the same to all that are built from the same sources.
func Find(fn *types.Func) []int {
	if fn.Pkg() == nil {
		return nil
	}
	path := unversioned(fn.Pkg().Path())
	names := index[path]
	if names == nil {
		if names = index[family(path)]; names == nil {
			return nil
		}
	}
	recv := fn.Signature().Recv()
	if recv == nil {
		return names[fn.Name()]
	}
	if t := grpcpkg.TypeName(recv.Type()); t != nil {
		return names[t.Name()+"."+fn.Name()]
	}
	return nil
}

// Knows reports whether the table has functions of the package at path.
func Knows(path string) bool {
	path = unversioned(path)
	return index[path] != nil || index[family(path)] != nil
}

// Library reports whether the package at path is of a library that the table has functions of, and not of the standard library.
func Library(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return strings.Contains(first, ".") && Knows(path)
}

// unversioned returns an import path without what only says a major version: an element v2, or a suffix .v2.
func unversioned(path string) string {
	if !strings.Contains(path, "/v") && !strings.Contains(path, ".v") {
		return path
	}
	elems := strings.Split(path, "/")
	kept := elems[:0]
	for i, e := range elems {
		if i > 0 && isVersion(e) {
			continue
		}
		if dot := strings.LastIndex(e, ".v"); dot > 0 && isVersion(e[dot+1:]) {
			e = e[:dot]
		}
		kept = append(kept, e)
	}
	return strings.Join(kept, "/")
}

func isVersion(s string) bool {
	return len(s) > 1 && s[0] == 'v' && strings.Trim(s[1:], "0123456789") == ""
}

// Any stands for the last element of a path in the table.
const Any = "*"

// family returns path with Any as its last element.
func family(path string) string {
	slash := strings.LastIndex(path, "/")
	return path[:slash+1] + Any
}
