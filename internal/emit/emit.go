// Package emit prints Go source whose imports follow from use: an argument that is an [Ident] knows its package, and the file
// imports what was printed.
package emit

import (
	"bytes"
	"cmp"
	"fmt"
	"go/format"
	"go/scanner"
	"go/token"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Ident is an exported identifier of a package.
type Ident struct {
	ImportPath, Name string
	// Package is the name that the package declares; empty means the last element of its path.
	Package string
}

// Package is an import path, to make identifiers from.
type Package string

// Ident returns an identifier of the package.
func (p Package) Ident(name string) Ident { return Ident{ImportPath: string(p), Name: name} }

// File collects one Go file.
type File struct {
	name    string
	pkg     string
	header  []string
	body    bytes.Buffer
	imports map[string]string // import path to the name used
	renamed map[string]bool   // import paths whose packages declare another name than that
	names   map[string]bool   // names that imports may not take
}

// NewFile starts a file. name is for messages; pkg is its package; header are lines, without comment signs, above the package
// clause, of which the first is the mark of generated code.
func NewFile(name, pkg string, header ...string) *File {
	return &File{name: name, pkg: pkg, header: header, imports: map[string]string{}, renamed: map[string]bool{}, names: map[string]bool{}}
}

// Reserve keeps imports from taking names that the file declares.
func (f *File) Reserve(names ...string) {
	for _, n := range names {
		f.names[n] = true
	}
}

// P prints its arguments and a newline. An Ident is qualified and imported; everything else is printed as by fmt.
func (f *File) P(args ...any) {
	for _, a := range args {
		if id, ok := a.(Ident); ok {
			fmt.Fprint(&f.body, f.importPackage(id.ImportPath, id.Package), ".", id.Name)
			continue
		}
		fmt.Fprint(&f.body, a)
	}
	f.body.WriteByte('\n')
}

// Doc prints text as a comment.
func (f *File) Doc(text string) {
	for line := range strings.Lines(strings.TrimRight(text, "\n ")) {
		f.P(strings.TrimRight("// "+strings.TrimRight(line, "\r\n"), " "))
	}
}

// importPackage imports a package, which declares a name if that is known, and returns its name in the file.
func (f *File) importPackage(importPath, declared string) string {
	if name, ok := f.imports[importPath]; ok {
		return name
	}
	declared = cmp.Or(declared, path.Base(importPath))
	base := cleanName(declared)
	name := base
	for i := 2; f.names[name] || token.IsKeyword(name); i++ {
		name = base + strconv.Itoa(i)
	}
	f.names[name] = true
	f.imports[importPath] = name
	f.renamed[importPath] = name != declared || declared != path.Base(importPath)
	return name
}

// cleanName makes a package name of the last element of an import path.
func cleanName(base string) string {
	clean := strings.Map(func(r rune) rune {
		if r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, base)
	if clean == "" || '0' <= clean[0] && clean[0] <= '9' {
		clean = "p" + clean
	}
	return clean
}

// Content returns the formatted file. Source that does not parse is an error that shows it with line numbers.
func (f *File) Content() ([]byte, error) {
	var out bytes.Buffer
	for _, line := range f.header {
		fmt.Fprintln(&out, "//", line)
	}
	fmt.Fprintf(&out, "\npackage %s\n\n", f.pkg)
	if len(f.imports) > 0 {
		// The standard library first, as gofmt's users group them.
		var std, other []string
		for _, p := range slices.Sorted(maps.Keys(f.imports)) {
			line := strconv.Quote(p)
			if f.renamed[p] {
				line = f.imports[p] + " " + line
			}
			if first, _, _ := strings.Cut(p, "/"); strings.Contains(first, ".") {
				other = append(other, line)
			} else {
				std = append(std, line)
			}
		}
		fmt.Fprintf(&out, "import (\n%s\n\n%s\n)\n\n", strings.Join(std, "\n"), strings.Join(other, "\n"))
	}
	out.Write(f.body.Bytes())
	src, err := format.Source(out.Bytes())
	if err != nil {
		return nil, fmt.Errorf("generated %s does not parse: %w\n%s", f.name, err, numbered(out.String(), err))
	}
	return src, nil
}

// numbered shows the source around the first error.
func numbered(src string, err error) string {
	at := 1
	if list, ok := err.(scanner.ErrorList); ok && len(list) > 0 {
		at = list[0].Pos.Line
	}
	var b strings.Builder
	n := 0
	for line := range strings.Lines(src) {
		if n++; n >= at-10 && n <= at+10 {
			fmt.Fprintf(&b, "%5d  %s", n, line)
		}
	}
	return b.String()
}
