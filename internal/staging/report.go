package staging

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/packages"

	"github.com/cofaas/cofaas/internal/goload"
)

// Preflight reports what is known before a build to stand in its way: the errors of pkgs and of all that they import,
// loaded for the platform. The error is of the same kind as that of [Stage.Build]. Loading with packages.NeedTypes,
// NeedSyntax and NeedTypesInfo finds what the compiler would find.
func Preflight(platform Platform, pkgs []*packages.Package) error {
	all := closure(pkgs)
	r := newReporter(platform, all)
	for p := range packages.Postorder(pkgs) {
		if all[p.PkgPath] == p {
			r.addLoaded(p)
		}
	}
	return r.err()
}

// Errors returns what is wrong with pkgs, loaded for whatever system, and with what they import: a join of [*PositionError].
func Errors(pkgs []*packages.Package) error {
	r := newReporter(Platform{}, closure(pkgs))
	r.blameless = true
	for p := range packages.Postorder(pkgs) {
		r.addLoaded(p)
	}
	return r.err()
}

// A reporter collects findings and decides whose they are.
type reporter struct {
	platform  Platform
	pkgs      map[string]*packages.Package
	ours      func(pkgPath string) bool // reports whether a package is not as its author wrote it; may be nil
	blameless bool                      // no module is to blame for what it does not do on a platform
	errs      []error
	seen      map[string]bool  // messages
	blame     map[string]bool  // modules
	noSum     []*PositionError // missing entries of go.sum
}

func newReporter(platform Platform, pkgs map[string]*packages.Package) *reporter {
	return &reporter{platform: platform, pkgs: pkgs, seen: make(map[string]bool), blame: make(map[string]bool)}
}

// err returns all findings. Entries that go.sum lacks are one: a command adds them all.
func (r *reporter) err() error {
	errs := r.errs
	if len(r.noSum) > 0 {
		var paths []string
		for _, e := range r.noSum {
			if !slices.Contains(paths, e.Package) {
				paths = append(paths, e.Package)
			}
		}
		const shown = 3
		names := strings.Join(paths[:min(len(paths), shown)], ", ")
		if more := len(paths) - shown; more > 0 {
			names += fmt.Sprintf(" and %d more", more)
		}
		errs = append(slices.Clone(errs), &PositionError{
			Pos: r.noSum[0].Pos, Package: paths[0],
			Msg: "go.sum has no entry for the modules of these packages: " + names + "; to add them: go mod tidy",
		})
	}
	return errors.Join(errs...)
}

// addLoaded adds the errors that the loader met in p.
func (r *reporter) addLoaded(p *packages.Package) {
	for _, e := range p.Errors {
		pos, _ := splitPosition(e.Pos + ": ")
		chain, msg := splitChain(strings.Join(splitMessages(e.Msg), "\n"))
		if strings.HasPrefix(msg, "could not import ") {
			continue // The reason is reported for the other package.
		}
		if !filepath.IsAbs(pos.Filename) { // None, or relative to where the loader ran.
			if at := r.importer(chain, p.PkgPath); at.IsValid() {
				pos = at
			}
		}
		r.add(p.PkgPath, pos, msg)
	}
}

// add adds a finding in a package.
func (r *reporter) add(pkgPath string, pos token.Position, msg string) {
	msg = strings.Replace(msg, ": import lookup disabled by -mod=readonly", "; to add it: go get "+pkgPath, 1)
	if advice := goload.Advice(msg); advice != "" {
		msg += "; " + advice
	}
	err := &PositionError{Pos: pos, Package: pkgPath, Msg: msg}
	if m := noSumRE.FindStringSubmatch(msg); m != nil {
		err.Package = m[1]
		r.noSum = append(r.noSum, err)
		return
	}
	if r.seen[err.Error()] {
		return
	}
	r.seen[err.Error()] = true
	culprit := r.culprit(pkgPath, msg)
	if culprit == nil {
		r.errs = append(r.errs, err)
		return
	}
	m := culprit.Module
	if r.blame[m.Path] {
		return // One finding per module is enough to see what is wrong.
	}
	r.blame[m.Path] = true
	actual := m
	if m.Replace != nil {
		actual = m.Replace
	}
	dep := &DependencyError{Path: actual.Path, Version: actual.Version, Package: culprit.PkgPath, Platform: r.platform, Err: err}
	if !r.platform.IsNative() {
		dep.Advice = adviceFor(actual.Path, actual.Version)
	}
	r.errs = append(r.errs, dep)
}

var noSumRE = regexp.MustCompile(`^missing go\.sum entry for module providing package (\S+)`)

var undefinedRE = regexp.MustCompile(`^undefined: (\w+)\.(\w+)$`)

// culprit returns the package of a foreign module that is to blame for msg, or nil. That may be another package than
// the one in which the compiler met the problem: one that compiles for the platform, but without the files that declare what
// its importer needs.
func (r *reporter) culprit(pkgPath, msg string) *packages.Package {
	p := r.pkgs[pkgPath]
	if p == nil || r.blameless {
		return nil
	}
	if m := undefinedRE.FindStringSubmatch(msg); m != nil {
		for _, path := range slices.Sorted(maps.Keys(p.Imports)) {
			if dep := p.Imports[path]; dep.Name == m[1] && r.foreign(dep) && declares(dep.IgnoredFiles, m[2]) {
				return dep
			}
		}
	}
	if r.foreign(p) {
		return p
	}
	return nil
}

// foreign reports whether p comes from the module cache as it is.
func (r *reporter) foreign(p *packages.Package) bool {
	return p.Module != nil && !isUsers(p.Module) && (r.ours == nil || !r.ours(p.PkgPath))
}

// declares reports whether one of files declares name in package scope.
func declares(files []string, name string) bool {
	for _, file := range files {
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			continue
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.Name == name {
					return true
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					switch s := s.(type) {
					case *ast.TypeSpec:
						if s.Name.Name == name {
							return true
						}
					case *ast.ValueSpec:
						if slices.ContainsFunc(s.Names, func(id *ast.Ident) bool { return id.Name == name }) {
							return true
						}
					}
				}
			}
		}
	}
	return false
}

// importer returns where pkgPath is imported by the last package of chain, or failing that by a package of the user's.
func (r *reporter) importer(chain []string, pkgPath string) token.Position {
	if len(chain) > 0 && chain[len(chain)-1] == pkgPath {
		chain = chain[:len(chain)-1]
	}
	if len(chain) > 0 {
		if pos := importPosition(r.pkgs[chain[len(chain)-1]], pkgPath); pos.IsValid() {
			return pos
		}
	}
	for _, path := range slices.Sorted(maps.Keys(r.pkgs)) {
		p := r.pkgs[path]
		if p.Module == nil || !isUsers(p.Module) || p.Imports[pkgPath] == nil {
			continue
		}
		if pos := importPosition(p, pkgPath); pos.IsValid() {
			return pos
		}
	}
	return token.Position{}
}

// importPosition returns where p, which may be nil, imports path.
func importPosition(p *packages.Package, path string) token.Position {
	if p == nil {
		return token.Position{}
	}
	fset := token.NewFileSet()
	for _, name := range p.GoFiles {
		f, err := parser.ParseFile(fset, name, nil, parser.ImportsOnly)
		if err != nil {
			continue
		}
		for _, spec := range f.Imports {
			if got, err := strconv.Unquote(spec.Path.Value); err == nil && got == path {
				return fset.Position(spec.Path.Pos())
			}
		}
	}
	return token.Position{}
}

var positionRE = regexp.MustCompile(`^((?:[A-Za-z]:)?[^:\s][^:]*\.[A-Za-z]\w*):(\d+)(?::(\d+))?: `)

// splitPosition parts a line of the go command into position and message.
func splitPosition(line string) (token.Position, string) {
	m := positionRE.FindStringSubmatch(line)
	if m == nil {
		return token.Position{}, line
	}
	pos := token.Position{Filename: filepath.FromSlash(m[1])}
	pos.Line, _ = strconv.Atoi(m[2])
	pos.Column, _ = strconv.Atoi(m[3])
	return pos, line[len(m[0]):]
}

// What compilers of C say around a message: where they were, and the line, with a mark below it.
var contextRE = regexp.MustCompile(`^In file included from |^ +from .*[:,]$|: (?:In function '|At top level)|: note: each undeclared identifier is reported only once|^ *\d* \| `)

// splitMessages parts what the go command says of one package into messages. Indented lines continue one.
func splitMessages(text string) []string {
	var msgs []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case line == "", strings.HasPrefix(line, "# "), strings.HasSuffix(line, "too many errors"), contextRE.MatchString(line):
		case strings.HasPrefix(line, "\t") && len(msgs) > 0:
			last := &msgs[len(msgs)-1]
			if strings.HasSuffix(*last, ":") { // "to add it:", and the command on a line of its own
				*last += " " + strings.TrimSpace(line)
			} else {
				*last += "\n" + line
			}
		default:
			msgs = append(msgs, line)
		}
	}
	return msgs
}

// splitChain parts a message that begins with a chain of imports, as in
//
//	package a
//		imports b
//		imports c: the message
//
// into the import paths and the message.
func splitChain(msg string) ([]string, string) {
	if !strings.HasPrefix(msg, "package ") {
		return nil, msg
	}
	var chain []string
	lines := strings.Split(msg, "\n")
	for i, line := range lines {
		line = strings.TrimSpace(line)
		rest, ok := strings.CutPrefix(line, "package ")
		if i > 0 {
			rest, ok = strings.CutPrefix(line, "imports ")
		}
		if !ok {
			return nil, msg
		}
		path, text, found := strings.Cut(rest, ": ")
		path, _, _ = strings.Cut(path, " from ")
		chain = append(chain, path)
		if found {
			return chain, strings.Join(append([]string{text}, lines[i+1:]...), "\n")
		}
	}
	return nil, msg
}
