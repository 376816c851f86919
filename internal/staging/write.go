package staging

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/packages"

	"github.com/cofaas/cofaas/internal/goload"
)

// Write makes dir the stage that spec describes. A file whose content is unchanged keeps its modification time, and
// files that no longer belong are removed. The stage is prepared beside dir and then takes its place, so that dir never
// holds half of one; if Write fails or ctx ends, dir is as it was. Write refuses to replace a directory that is neither
// empty nor a stage. It must not overlap with other uses of the same dir.
func Write(ctx context.Context, dir string, spec Spec) (*Stage, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	env, err := newEnviron(ctx, &spec)
	if err != nil {
		return nil, err
	}
	p := &planner{
		spec: &spec,
		env:  env,
		pkgs: closure(spec.Packages),
	}
	if p.env.platform.Cgo = p.env.platform.Cgo && needsCgo(p.pkgs); p.env.platform.Cgo {
		spec.Tags = append(slices.Clone(spec.Tags), pureTags...)
	}
	p.tree = newTree(p.env.platform, spec.Tags)
	if err := p.plan(ctx); err != nil {
		return nil, err
	}
	if err := p.tree.sync(ctx, dir); err != nil {
		return nil, err
	}
	return &Stage{
		dir:      dir,
		main:     spec.Main,
		platform: env.platform,
		tags:     spec.Tags,
		env:      env.build(p.work, dir),
		tree:     p.tree,
		pkgs:     p.pkgs,
	}, nil
}

// closure indexes pkgs and all that they import by import path, without tests.
func closure(pkgs []*packages.Package) map[string]*packages.Package {
	m := make(map[string]*packages.Package)
	for p := range packages.Postorder(pkgs) {
		if p.ForTest == "" && !strings.HasSuffix(p.ID, ".test") {
			m[p.PkgPath] = p
		}
	}
	return m
}

// A planner decides which file goes where.
type planner struct {
	spec    *Spec
	env     *environ
	pkgs    map[string]*packages.Package // the closure, by import path
	tree    *tree
	work    bool               // the stage is a workspace
	modules map[string]*module // by moduleKey
	roots   map[string]bool    // folders of modules that are taken
}

// A module is one of which the stage holds a copy.
type module struct {
	path    string
	version string // as in the build list; empty for a main module
	src     string // where it is copied from; empty if it is vendored
	gomod   []byte // nil if there is none
	root    string // slash-separated, relative to the stage
}

// file names base, of package pkgPath, as -trimpath does.
func (m *module) file(pkgPath, base string) string {
	if m.version == "" {
		return pkgPath + "/" + base
	}
	return m.path + "@" + m.version + strings.TrimPrefix(pkgPath, m.path) + "/" + base
}

func (p *planner) plan(ctx context.Context) error {
	if err := p.addMissing(ctx); err != nil {
		return err
	}
	main := p.pkgs[p.spec.Main]
	if main == nil {
		return fmt.Errorf("%s is not among the packages to stage", p.spec.Main)
	}
	if err := p.addModules(ctx); err != nil {
		return err
	}
	var errs []error
	for _, pkgPath := range slices.Sorted(maps.Keys(p.pkgs)) {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if m := p.moduleOf(p.pkgs[pkgPath].Module); m != nil {
			rewritten := p.spec.Rewritten[pkgPath]
			if p.spec.Copies[pkgPath] != "" {
				rewritten = nil
			}
			errs = append(errs, p.addPackage(m, p.pkgs[pkgPath], pkgPath, rewritten))
		} else if len(p.spec.Rewritten[pkgPath]) > 0 {
			errs = append(errs, fmt.Errorf("cannot rewrite %s: it belongs to no module", pkgPath))
		}
	}
	for _, pkgPath := range slices.Sorted(maps.Keys(p.spec.Rewritten)) {
		if p.pkgs[pkgPath] == nil {
			errs = append(errs, fmt.Errorf("cannot rewrite %s: it is not among the packages to stage", pkgPath))
		}
	}
	for _, pkgPath := range slices.Sorted(maps.Keys(p.spec.Copies)) {
		errs = append(errs, p.addCopy(pkgPath, p.spec.Copies[pkgPath]))
	}
	for _, pkgPath := range slices.Sorted(maps.Keys(p.spec.Extra)) {
		errs = append(errs, p.addExtra(pkgPath))
	}
	return errors.Join(errs...)
}

// addMissing loads what rewritten and extra files import and the closure lacks.
func (p *planner) addMissing(ctx context.Context) error {
	missing := make(map[string]bool)
	copies := slices.Collect(maps.Values(p.spec.Copies))
	for _, files := range []map[string]map[string][]byte{p.spec.Rewritten, p.spec.Extra} {
		for _, pkgFiles := range files {
			for name, src := range pkgFiles {
				if !strings.HasSuffix(name, ".go") {
					continue
				}
				f, err := parser.ParseFile(token.NewFileSet(), name, src, parser.ImportsOnly)
				if err != nil {
					return fmt.Errorf("new content does not parse: %w", err)
				}
				for _, spec := range f.Imports {
					path, err := strconv.Unquote(spec.Path.Value)
					if err != nil || path == "C" || path == "unsafe" || p.pkgs[path] != nil || p.spec.Extra[path] != nil || slices.Contains(copies, path) {
						continue
					}
					missing[path] = true
				}
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	pkgs, err := goload.Load(&packages.Config{
		Context:    ctx,
		Mode:       LoadMode,
		Dir:        p.spec.Dir,
		Env:        p.env.load(),
		BuildFlags: tagFlags(p.spec.Tags),
	}, slices.Sorted(maps.Keys(missing))...)
	if err != nil {
		return fmt.Errorf("load what rewritten files import: %w", err)
	}
	r := newReporter(p.env.platform, closure(pkgs))
	for p := range packages.Postorder(pkgs) {
		r.addLoaded(p)
	}
	if err := r.err(); err != nil {
		return fmt.Errorf("load what rewritten files import: %w", err)
	}
	for path, pkg := range closure(pkgs) {
		if p.pkgs[path] == nil {
			p.pkgs[path] = pkg
		}
	}
	return nil
}

// moduleOf returns the staged module that m becomes, or nil if m is used as it is.
func (p *planner) moduleOf(m *packages.Module) *module {
	if m == nil {
		return nil
	}
	return p.modules[p.moduleKey(m)]
}

// moduleKey is the directory of a module that the user has in one, because several paths can lead there, and else its
// path and version.
func (p *planner) moduleKey(m *packages.Module) string {
	switch {
	case !isUsers(m):
		return m.Path + "@" + m.Version
	case m.Dir != "":
		return realPath(m.Dir)
	case m.Replace != nil: // vendored: the loader does not say where it comes from
		base := p.env.GOMOD
		if p.work {
			base = p.env.GOWORK
		}
		return realPath(absolute(filepath.Dir(base), m.Replace.Path))
	}
	return m.Path
}

// isUsers reports whether m is in a directory of the user's, not in the module cache.
func isUsers(m *packages.Module) bool {
	return m.Main || m.Replace != nil && m.Replace.Version == ""
}

// realPath makes paths to the same directory comparable.
func realPath(dir string) string {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		return real
	}
	return filepath.Clean(dir)
}

// addCopy adds the rewritten copy of a package.
func (p *planner) addCopy(pkgPath, copyPath string) error {
	pkg := p.pkgs[pkgPath]
	if pkg == nil {
		return fmt.Errorf("cannot copy %s: it is not among the packages to stage", pkgPath)
	}
	m := p.moduleOf(pkg.Module)
	if m == nil || copyPath == pkgPath || !within(copyPath, pkgPath) || p.pkgs[copyPath] != nil {
		return fmt.Errorf("cannot copy %s to %s: it has to be a new package below it", pkgPath, copyPath)
	}
	return p.addPackage(m, pkg, copyPath, p.spec.Rewritten[pkgPath])
}

// addPackage copies a package of m to the path as, with files rewritten. The names of files in stack traces stay those of pkg.
func (p *planner) addPackage(m *module, pkg *packages.Package, as string, content map[string][]byte) error {
	dst := path.Join(m.root, strings.TrimPrefix(as, m.path))
	moved := as != pkg.PkgPath
	if moved {
		p.tree.changed[as] = true
	}
	rewritten := make(map[string][]byte)
	for name, content := range content {
		rewritten[filepath.Base(name)] = content
	}
	files := slices.Concat(pkg.GoFiles, pkg.OtherFiles, pkg.EmbedFiles)
	for _, name := range pkg.IgnoredFiles { // A different tag may include them.
		if strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			files = append(files, name)
		}
	}
	var errs []error
	dir := packageDir(pkg)
	for _, name := range files {
		rel, err := filepath.Rel(dir, name)
		if err != nil || !filepath.IsLocal(rel) {
			errs = append(errs, fmt.Errorf("%s: %s is outside of its directory", pkg.PkgPath, name))
			continue
		}
		e := entry{src: name, orig: name}
		content, changed := rewritten[rel]
		if changed || moved && strings.HasSuffix(rel, ".go") {
			delete(rewritten, rel)
			orig, err := os.ReadFile(name)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			if !changed {
				content = orig
			}
			line := m.file(pkg.PkgPath, rel)
			e.src, e.data = "", keepLines(line, orig, content, moved)
			p.tree.lines[line] = name
			p.tree.changed[as] = true
		}
		p.tree.add(path.Join(dst, filepath.ToSlash(rel)), e)
	}
	for _, name := range slices.Sorted(maps.Keys(rewritten)) {
		errs = append(errs, fmt.Errorf("cannot rewrite %s: package %s has no such file", name, pkg.PkgPath))
	}
	errs = append(errs, p.addCFiles(m, pkg, dst))
	return errors.Join(errs...)
}

// addExtra adds the extra files of a package, which may be new.
func (p *planner) addExtra(pkgPath string) error {
	m := p.staged(pkgPath)
	if m == nil {
		return fmt.Errorf("cannot add files to %s: it belongs to no module of the closure", pkgPath)
	}
	dst := path.Join(m.root, strings.TrimPrefix(pkgPath, m.path))
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(p.spec.Extra[pkgPath])) {
		if name != filepath.Base(name) || !filepath.IsLocal(name) {
			errs = append(errs, fmt.Errorf("cannot add %s to %s: not a base name", name, pkgPath))
			continue
		}
		file := path.Join(dst, name)
		if _, ok := p.tree.files[file]; ok {
			errs = append(errs, fmt.Errorf("cannot add %s to %s: the package has such a file", name, pkgPath))
			continue
		}
		p.tree.changed[pkgPath] = true
		p.tree.add(file, entry{data: bytes.Clone(p.spec.Extra[pkgPath][name])})
	}
	return errors.Join(errs...)
}

// staged returns the staged module whose path is the longest prefix of pkgPath.
func (p *planner) staged(pkgPath string) *module {
	if pkg := p.pkgs[pkgPath]; pkg != nil {
		return p.moduleOf(pkg.Module)
	}
	var best *module
	for _, key := range slices.Sorted(maps.Keys(p.modules)) {
		m := p.modules[key]
		if within(pkgPath, m.path) && (best == nil || len(m.path) > len(best.path)) {
			best = m
		}
	}
	return best
}

// within reports whether the package or directory elem is prefix or lies below it.
func within(elem, prefix string) bool {
	rest, ok := strings.CutPrefix(elem, prefix)
	return ok && (rest == "" || rest[0] == '/')
}

// packageDir returns where the loader found pkg.
func packageDir(pkg *packages.Package) string {
	if pkg.Dir != "" {
		return pkg.Dir
	}
	for _, name := range slices.Concat(pkg.GoFiles, pkg.OtherFiles, pkg.IgnoredFiles) {
		return filepath.Dir(name)
	}
	return ""
}

// readOptional is os.ReadFile, but returns nil if the file does not exist.
func readOptional(name string) ([]byte, error) {
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}
