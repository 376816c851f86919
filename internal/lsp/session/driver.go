package session

import (
	"errors"
	"fmt"
	"go/types"
	"net/url"
	"os"
	"reflect"
	"runtime/debug"
	"slices"

	"golang.org/x/tools/go/analysis"

	"github.com/cofaas/cofaas/analyzer/services"
)

// The driver below differs from x/tools' checker in what an editor needs: actions are kept with the version of the package that they are
// about, and a panic ends the analysis of one package, not the program.

// An action is an analyzer applied to a node.
type action struct {
	result      any
	err         error
	diagnostics []analysis.Diagnostic
	objects     map[objectKey]analysis.Fact
	packages    map[reflect.Type]analysis.Fact
}

type objectKey struct {
	object types.Object
	fact   reflect.Type
}

// withFacts returns the analyzers that a requires, itself included, that have facts: what has to run on dependencies too.
func withFacts(a *analysis.Analyzer) []*analysis.Analyzer {
	var list []*analysis.Analyzer
	seen := map[*analysis.Analyzer]bool{}
	var visit func(a *analysis.Analyzer)
	visit = func(a *analysis.Analyzer) {
		if seen[a] {
			return
		}
		seen[a] = true
		for _, req := range a.Requires {
			visit(req)
		}
		if len(a.FactTypes) > 0 {
			list = append(list, a)
		}
	}
	visit(a)
	return list
}

// analyze runs the analyzers that are due on n.
func (v *view) analyze(n *node) {
	due := v.analyzers
	if n.editable {
		due = append(slices.Clip(due), v.opts.Analyzer)
	}
	for _, a := range due {
		if act := v.run(a, n); act.err != nil {
			v.opts.Warn("package %s: %v", n.meta.PkgPath, act.err)
			break // what remains depends on it
		}
	}
	for a, act := range n.actions {
		if a != services.Analyzer { // which At asks
			act.result = nil
		}
	}
}

// run applies a, and what it requires, to n.
func (v *view) run(a *analysis.Analyzer, n *node) *action {
	if act := n.actions[a]; act != nil {
		return act
	}
	act := &action{objects: map[objectKey]analysis.Fact{}, packages: map[reflect.Type]analysis.Fact{}}
	n.actions[a] = act
	results := map[*analysis.Analyzer]any{}
	for _, req := range a.Requires {
		r := v.run(req, n)
		if r.err != nil {
			act.err = r.err
			return act
		}
		results[req] = r.result
	}
	act.result, act.err = v.recovering(a, v.pass(a, n, act, results))
	if act.err == nil {
		act.err = resolveURLs(a, act.diagnostics)
	}
	if act.err != nil {
		act.err = fmt.Errorf("%s: %w", a.Name, act.err)
	}
	return act
}

// recovering runs a, and makes a panic an error.
func (v *view) recovering(a *analysis.Analyzer, pass *analysis.Pass) (result any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return a.Run(pass)
}

func (v *view) pass(a *analysis.Analyzer, n *node, act *action, results map[*analysis.Analyzer]any) *analysis.Pass {
	module := &analysis.Module{}
	if m := n.meta.Module; m != nil {
		module = &analysis.Module{Path: m.Path, Version: m.Version, GoVersion: m.GoVersion}
	}
	return &analysis.Pass{
		Analyzer:     a,
		Fset:         v.fset,
		Files:        n.pkg.Syntax,
		OtherFiles:   n.pkg.OtherFiles,
		IgnoredFiles: n.pkg.IgnoredFiles,
		Pkg:          n.pkg.Types,
		TypesInfo:    n.pkg.TypesInfo,
		TypesSizes:   n.pkg.TypesSizes,
		Module:       module,
		ResultOf:     results,
		ReadFile:     n.read,
		Report:       func(d analysis.Diagnostic) { act.diagnostics = append(act.diagnostics, d) },
		ImportObjectFact: func(object types.Object, fact analysis.Fact) bool {
			if object == nil || object.Pkg() == nil {
				return false
			}
			from := n.declaring(a, object.Pkg())
			return from != nil && set(fact, from.objects[objectKey{object, reflect.TypeOf(fact)}])
		},
		ExportObjectFact: func(object types.Object, fact analysis.Fact) {
			act.objects[objectKey{object, reflect.TypeOf(fact)}] = fact
		},
		ImportPackageFact: func(pkg *types.Package, fact analysis.Fact) bool {
			from := n.declaring(a, pkg)
			return from != nil && set(fact, from.packages[reflect.TypeOf(fact)])
		},
		ExportPackageFact: func(fact analysis.Fact) { act.packages[reflect.TypeOf(fact)] = fact },
		AllObjectFacts: func() []analysis.ObjectFact {
			var facts []analysis.ObjectFact
			for _, n := range n.closure() {
				if act := n.actions[a]; act != nil {
					for key, fact := range act.objects {
						facts = append(facts, analysis.ObjectFact{Object: key.object, Fact: fact})
					}
				}
			}
			return facts
		},
		AllPackageFacts: func() []analysis.PackageFact {
			var facts []analysis.PackageFact
			for _, n := range n.closure() {
				if act := n.actions[a]; act != nil {
					for _, fact := range act.packages {
						facts = append(facts, analysis.PackageFact{Package: n.pkg.Types, Fact: fact})
					}
				}
			}
			return facts
		},
	}
}

// set stores what is in from, if there is anything, where to points.
func set(to, from analysis.Fact) bool {
	if from == nil {
		return false
	}
	reflect.ValueOf(to).Elem().Set(reflect.ValueOf(from).Elem())
	return true
}

// declaring returns what a found in the package whose types are pkg, which n is or depends on, or nil.
func (n *node) declaring(a *analysis.Analyzer, pkg *types.Package) *action {
	if d := n.find(pkg); d != nil {
		return d.actions[a]
	}
	return nil
}

// find returns the node whose types are pkg, n or what it depends on, or nil.
func (n *node) find(pkg *types.Package) *node {
	if n.pkg.Types == pkg {
		return n
	}
	if d := n.below[pkg.Path()]; d != nil && d.pkg.Types == pkg {
		return d
	}
	return nil
}

// closure returns n and all that it depends on.
func (n *node) closure() []*node {
	list := []*node{n}
	for _, path := range sortedKeys(n.below) {
		list = append(list, n.below[path])
	}
	return list
}

// read is how analyzers get the contents of files of the package: as they are in buffers.
func (n *node) read(name string) ([]byte, error) {
	for _, f := range n.files {
		if f.name == name && f.content != nil {
			return f.content, f.err
		}
	}
	if slices.Contains(n.meta.OtherFiles, name) || slices.Contains(n.meta.IgnoredFiles, name) || slices.Contains(n.meta.CompiledGoFiles, name) {
		return os.ReadFile(name)
	}
	return nil, fmt.Errorf("%s: not a file of package %s", name, n.meta.PkgPath)
}

// resolveURLs completes the addresses of diagnostics, as analysis.Diagnostic has it.
func resolveURLs(a *analysis.Analyzer, diagnostics []analysis.Diagnostic) error {
	for i := range diagnostics {
		d := &diagnostics[i]
		if d.URL == "" && d.Category == "" && a.URL == "" {
			continue
		}
		if d.URL == "" && d.Category != "" {
			d.URL = "#" + d.Category
		}
		base, err := url.Parse(a.URL)
		u, err2 := url.Parse(d.URL)
		if err := errors.Join(err, err2); err != nil {
			return err
		}
		d.URL = base.ResolveReference(u).String()
	}
	return nil
}
