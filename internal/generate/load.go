// Package generate carries out generation: it loads the functions of a module, has them analysed and planned, generates every
// file, builds the guests in stages, and only then writes. Commands call it; everything that is decided is decided in the
// packages that it puts together.
package generate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"

	"golang.org/x/tools/go/packages"

	"github.com/cofaas/cofaas/analyzer"
	"github.com/cofaas/cofaas/hostgen"
	"github.com/cofaas/cofaas/internal/goload"
	"github.com/cofaas/cofaas/internal/loader"
	"github.com/cofaas/cofaas/internal/plan"
	"github.com/cofaas/cofaas/internal/staging"
)

// Options of a run.
type Options struct {
	// Dir is where patterns are resolved.
	Dir string
	// Patterns choose the functions whose hosts are generated; none means the annotated package in Dir, or else all below it.
	Patterns []string
	// ImportPaths are searched for protos first; absolute.
	ImportPaths []string
	// Protos names the file of a service, by the service's full name.
	Protos map[string]string
	// StageDir keeps the stages; empty means a folder in the user's cache.
	StageDir string
	// Tags are build tags.
	Tags []string
	// Allow and Listen are what the function in Dir states of itself: its line passes them on. What counts are the lines of all functions, so
	// that hosts of other functions say the same; these are only compared.
	Allow, Listen []string
	// Place says where functions run, as the flag does; it wins over what their lines say.
	Place []string
	// Progress gets a line for each long step; nil means quiet.
	Progress io.Writer
	// Tool identifies the generator, so that a newer one generates anew.
	Tool string
}

func (o *Options) progress(format string, args ...any) {
	if o.Progress != nil {
		fmt.Fprintf(o.Progress, format+"\n", args...)
	}
}

// project is a loaded and planned module or workspace.
type project struct {
	opts    *Options
	plan    *plan.Plan
	targets []*target
	// names is how files are called where that must not depend on the machine.
	names *names
	// roots are the functions whose hosts are wanted.
	roots  []*plan.Function
	pkgs   map[string]*packages.Package // of all targets, each as one of them has it
	protos *protos
	// network is what functions state that they do on the network, by name.
	network map[string]hostgen.Network
}

// ErrNothing is a module without an annotated package.
var ErrNothing = errors.New("no package carries the line //go:generate go tool cofaas-gen")

// load analyses all annotated functions of the module and makes the plan. Edges depend on all of them, whichever are wanted.
func load(ctx context.Context, opts *Options) (*project, error) {
	f, err := find(ctx, opts)
	if err != nil {
		return nil, err
	}
	return loadFound(ctx, opts, f)
}

// loadFound is load for packages that have been found.
func loadFound(ctx context.Context, opts *Options, f *found) (*project, error) {
	opts.progress("analysing %d functions", len(f.annotated))
	defer loader.RelaxGC()()
	p := &project{opts: opts, targets: f.targets, pkgs: map[string]*packages.Package{}}
	var errs []error
	for _, t := range f.targets {
		errs = append(errs, split(t.analyze(ctx, opts))...) // targets have errors in common
	}
	if err := joinUnique(errs); err != nil {
		return nil, err
	}
	for _, t := range slices.Backward(f.targets) {
		maps.Copy(p.pkgs, t.byPath)
	}
	p.names = newNames(opts.Dir, f.roots())
	res, err := merged(f.targets)
	if err != nil {
		return nil, err
	}
	if p.plan, err = plan.Make(res, p.names.short); err != nil {
		return nil, err
	}
	p.plan.Place(f.places.In)
	for _, t := range f.targets {
		p.plan.Patches = append(p.plan.Patches, planned(t.patches)...)
	}
	p.network = map[string]hostgen.Network{}
	for _, fn := range p.plan.Functions {
		if stated, ok := f.network[fn.Package]; ok {
			p.network[fn.Name] = stated
		}
		if f.wanted[fn.Package] {
			p.roots = append(p.roots, fn)
		}
	}
	if err := f.places.check(p.plan, p.roots); err != nil {
		return nil, err
	}
	p.protos, err = loadProtos(ctx, opts, p.plan, p.pkgs)
	return p, err
}

// found is what the go command says of the module's functions.
type found struct {
	annotated []analyzer.Annotated       // all of the module or workspace
	wanted    map[string]bool            // import paths of those that the patterns choose
	network   map[string]hostgen.Network // what functions state of it, by import path
	places    *places
	targets   []*target // what functions are built for
}

// rootNames are the names of the functions whose hosts are wanted.
func (f *found) rootNames() []string {
	var names []string
	for _, a := range f.annotated {
		if f.wanted[a.PkgPath] {
			names = append(names, nameOf(a))
		}
	}
	return names
}

// roots are the functions' packages, as each target has them, with what they import.
func (f *found) roots() []*packages.Package {
	var list []*packages.Package
	for _, t := range f.targets {
		list = append(list, t.roots...)
	}
	return list
}

// find returns all annotated packages of the module or workspace, and which of them the patterns choose.
func find(ctx context.Context, opts *Options) (*found, error) {
	all, err := analyzer.FindAnnotated(ctx, opts.Dir)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		if err := goload.InModule(ctx, opts.Dir, nil); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("%s: %w; add it to the main package of each gRPC function", opts.Dir, ErrNothing)
	}
	wanted := map[string]bool{}
	if len(opts.Patterns) > 0 {
		chosen, err := analyzer.FindAnnotated(ctx, opts.Dir, opts.Patterns...)
		if err != nil {
			return nil, err
		}
		for _, a := range chosen {
			wanted[a.PkgPath] = true
		}
	} else {
		for _, a := range all {
			if a.Dir == opts.Dir {
				wanted = map[string]bool{a.PkgPath: true}
				break
			}
			if rel, err := filepath.Rel(opts.Dir, a.Dir); err == nil && filepath.IsLocal(rel) {
				wanted[a.PkgPath] = true
			}
		}
	}
	if len(wanted) == 0 {
		return nil, fmt.Errorf("%s: %w in the packages chosen; the annotated ones are in %s", opts.Dir, ErrNothing, dirs(all))
	}
	f := &found{annotated: all, wanted: wanted}
	lines, err := parseLines(all)
	var errPlaces, errNetwork error
	f.places, errPlaces = statedPlaces(opts, lines)
	f.network, errNetwork = statedNetwork(opts, lines)
	if err := errors.Join(err, errNetwork, errPlaces); err != nil {
		return nil, err
	}
	f.targets, err = f.list(ctx, opts)
	return f, err
}

func dirs(all []analyzer.Annotated) string {
	s := ""
	for i, a := range all {
		if i > 0 {
			s += ", "
		}
		s += a.Dir
	}
	return s
}

func tagFlags(tags []string) []string {
	if len(tags) == 0 {
		return nil
	}
	s := tags[0]
	for _, t := range tags[1:] {
		s += "," + t
	}
	return []string{"-tags=" + s}
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// planned says in the plan what is patched.
func planned(patches []staging.Patch) []plan.Patch {
	var out []plan.Patch
	for _, p := range patches {
		out = append(out, plan.Patch{Package: p.Package, Module: p.Module, Version: p.Version, File: filepath.Base(p.File), Reason: p.Reason})
	}
	return out
}
