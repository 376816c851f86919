package generate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	"golang.org/x/tools/go/packages"

	"github.com/cofaas/cofaas/analyzer"
	"github.com/cofaas/cofaas/internal/loader"
	"github.com/cofaas/cofaas/internal/placement"
	"github.com/cofaas/cofaas/internal/staging"
)

// target is what functions are built for: a platform, and packages as they are there. What is analysed is what is compiled. Packages of
// different targets have nothing in common but their paths.
type target struct {
	platform staging.Platform
	paths    []string            // import paths of the functions that are built for it
	roots    []*packages.Package // their packages, with what they import; type-checked once analyze has returned

	byPath    map[string]*packages.Package
	patches   []staging.Patch               // what stages change so that packages compile
	functions map[string]*analyzer.Function // by import path
}

// list asks the go command for the packages of all functions, for each platform that one of them is built for.
func (f *found) list(ctx context.Context, opts *Options) ([]*target, error) {
	guests, natives := &target{}, &target{}
	for _, a := range f.annotated {
		wasm, native := f.places.on(f.rootNames(), nameOf(a))
		if wasm {
			guests.paths = append(guests.paths, a.PkgPath)
		}
		if native {
			natives.paths = append(natives.paths, a.PkgPath)
		}
	}
	var targets []*target
	if len(guests.paths) > 0 {
		targets = append(targets, guests)
	}
	if len(natives.paths) > 0 {
		var err error
		if natives.platform, err = staging.Native(ctx, opts.Dir); err != nil {
			return nil, err
		}
		targets = append(targets, natives)
	}
	var group errgroup.Group
	for _, t := range targets {
		group.Go(func() error { return t.list(ctx, opts) })
	}
	return targets, group.Wait()
}

// list asks the go command for the packages.
func (t *target) list(ctx context.Context, opts *Options) (err error) {
	list := loader.List
	if t.platform.IsNative() {
		list = loader.ListSources // cgo may translate files, and positions have to be those of the sources
	}
	t.roots, err = list(t.config(ctx, opts), t.paths...)
	return err
}

// config is how packages are loaded.
func (t *target) config(ctx context.Context, o *Options) packages.Config {
	return packages.Config{Context: ctx, Dir: o.Dir, Env: append(os.Environ(), t.platform.Env()...), BuildFlags: tagFlags(o.Tags)}
}

// check type-checks the packages.
func (t *target) check(ctx context.Context, opts *Options) (err error) {
	check := loader.Options{Near: analyzer.Near, Bodies: true}
	if t.platform.IsNative() {
		return loader.Check(ctx, t.roots, check)
	}
	t.roots, t.patches, err = staging.Check(t.config(ctx, opts), t.roots, check, t.paths...)
	return err
}

// analyze type-checks the packages and analyses the functions.
func (t *target) analyze(ctx context.Context, opts *Options) error {
	if err := t.check(ctx, opts); err != nil {
		return err
	}
	if err := staging.Preflight(t.platform, t.roots); err != nil {
		return errors.Join(append([]error{err}, t.remains(ctx, opts)...)...)
	}
	res, err := analyzer.Analyze(t.roots, analyzer.Options{})
	if err != nil {
		return err
	}
	t.byPath = map[string]*packages.Package{}
	packages.Visit(t.roots, nil, func(pkg *packages.Package) { t.byPath[pkg.PkgPath] = pkg })
	t.functions = map[string]*analyzer.Function{}
	for _, fn := range res.Functions {
		t.functions[fn.PkgPath] = fn
	}
	return nil
}

// merged returns what is known of all functions. One that is built for several targets serves and calls the same in all.
func merged(targets []*target) (*analyzer.Result, error) {
	res := &analyzer.Result{}
	var errs []error
	known := map[string]*analyzer.Function{}
	for _, t := range targets {
		for _, path := range t.paths {
			fn := t.functions[path]
			first := known[path]
			if first == nil {
				known[path] = fn
				res.Functions = append(res.Functions, fn)
				continue
			}
			for _, d := range []struct{ what, guest, native string }{
				{"serves", exported(first), exported(fn)}, {"calls", imported(first), imported(fn)},
			} {
				if d.guest != d.native {
					errs = append(errs, fmt.Errorf("%s: function %s %s %s as a guest, and %s natively: it has to be the same at all places for which it is built; "+
						"build it for one of them, with -place %[2]s=%[6]s or -place %[2]s=%[7]s", fn.Dir, fn.Name, d.what, d.guest, d.native, placement.Wasm, placement.Native))
				}
			}
		}
	}
	slices.SortFunc(res.Functions, func(a, b *analyzer.Function) int { return strings.Compare(a.PkgPath, b.PkgPath) })
	return res, errors.Join(errs...)
}

func exported(fn *analyzer.Function) string {
	var names []string
	for _, e := range fn.Exports {
		names = append(names, e.Service.Name)
	}
	return named(names)
}

func imported(fn *analyzer.Function) string {
	var names []string
	for _, i := range fn.Imports {
		names = append(names, i.Service.Name)
	}
	return named(names)
}

func named(names []string) string {
	slices.Sort(names)
	return cmp.Or(strings.Join(slices.Compact(names), ", "), "nothing")
}

// target is the one that a function is built for at a place.
func (p *project) target(place placement.Place) *target {
	for _, t := range p.targets {
		if t.platform.IsNative() == (place == placement.Native) {
			return t
		}
	}
	return nil
}
