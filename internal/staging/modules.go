package staging

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/mod/modfile"
	xmodule "golang.org/x/mod/module"
	"golang.org/x/tools/go/packages"
)

// The folders of a stage.
const (
	mainDir = "main" // the module of the function
	depsDir = "deps" // other modules
)

// addModules decides which modules are copied, and writes their go.mod, go.sum and go.work files.
//
// A user's workspace stays a workspace. To flatten it into one module would be to guess the build list: requirements
// of all modules count in a workspace, those of the function's own module alone need not be consistent.
func (p *planner) addModules(ctx context.Context) error {
	p.modules = make(map[string]*module)
	p.roots = make(map[string]bool)
	p.work = p.env.GOWORK != "" && p.env.GOWORK != "off"
	var mains []string
	var work *modfile.WorkFile
	if p.work {
		data, err := os.ReadFile(p.env.GOWORK)
		if err != nil {
			return err
		}
		if work, err = modfile.ParseWork(p.env.GOWORK, data, nil); err != nil {
			return err
		}
		for _, use := range work.Use {
			mains = append(mains, absolute(filepath.Dir(p.env.GOWORK), use.Path))
		}
	} else {
		if p.env.GOMOD == "" || p.env.GOMOD == os.DevNull {
			return fmt.Errorf("%s is in no module: there is no go.mod file", p.spec.Dir)
		}
		mains = []string{filepath.Dir(p.env.GOMOD)}
	}

	files := make(map[*module]*modfile.File)
	for _, dir := range mains {
		m, f, err := p.addMain(dir)
		if err != nil {
			return err
		}
		files[m] = f
	}
	// The modules are known by now that replace directives may lead back to.
	for _, dir := range mains {
		f := files[p.modules[realPath(dir)]]
		for _, r := range f.Replace {
			if err := p.addReplaced(dir, r); err != nil {
				return err
			}
		}
	}
	if p.work {
		for _, r := range work.Replace {
			if err := p.addReplaced(filepath.Dir(p.env.GOWORK), r); err != nil {
				return err
			}
		}
	}
	copied, err := p.addCached(ctx)
	if err != nil {
		return err
	}

	for _, dir := range mains {
		m := p.modules[realPath(dir)]
		f := files[m]
		for _, t := range slices.Clone(f.Tool) {
			if err := f.DropTool(t.Path); err != nil {
				return err
			}
		}
		list := p.replaces(dir, m.root, f.Replace)
		if !p.work {
			list = p.replaceCopied(list, m.root, copied)
		}
		if err := setReplaces(f, f.Replace, list); err != nil {
			return err
		}
		f.Cleanup()
		if m.gomod, err = f.Format(); err != nil {
			return err
		}
		p.addFile(m.root+"/go.sum", filepath.Join(dir, "go.sum"))
	}
	if p.work {
		if err := p.addWork(work, mains, copied); err != nil {
			return err
		}
	}
	for _, m := range p.modules {
		if m.gomod != nil {
			p.tree.add(m.root+"/go.mod", entry{data: m.gomod, orig: filepath.Join(m.src, "go.mod")})
		}
		if m.src != "" {
			p.tree.roots[m.root] = m.src
		}
	}
	return nil
}

// addMain adds the module in dir, which is one of those that are being worked in.
func (p *planner) addMain(dir string) (*module, *modfile.File, error) {
	name := filepath.Join(dir, "go.mod")
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, nil, err
	}
	f, err := modfile.Parse(name, data, nil)
	if err != nil {
		return nil, nil, err
	}
	if f.Module == nil {
		return nil, nil, fmt.Errorf("%s: no module directive", name)
	}
	m := &module{path: f.Module.Mod.Path, src: dir, root: mainDir}
	if p.work {
		main := p.pkgs[p.spec.Main].Module
		if main == nil || p.moduleKey(main) != realPath(dir) {
			m.root = p.rootFor(m.path, "")
		}
	}
	p.modules[realPath(dir)] = m
	return m, f, nil
}

// addReplaced adds the module that r, of a file in dir, takes from a directory.
func (p *planner) addReplaced(dir string, r *modfile.Replace) error {
	if r.New.Version != "" {
		return nil
	}
	src := absolute(dir, r.New.Path)
	if p.modules[realPath(src)] != nil {
		return nil
	}
	gomod, err := readOptional(filepath.Join(src, "go.mod"))
	if err != nil {
		return err
	}
	m := &module{path: r.Old.Path, src: src, gomod: gomod, root: p.rootFor(r.Old.Path, r.Old.Version)}
	for _, pkg := range p.pkgs {
		if pkg.Module != nil && isUsers(pkg.Module) && p.moduleKey(pkg.Module) == realPath(src) {
			m.path, m.version = pkg.Module.Path, pkg.Module.Version
			break
		}
	}
	p.modules[realPath(src)] = m
	return nil
}

// addCached adds the modules of the module cache in which packages change, and returns them.
func (p *planner) addCached(ctx context.Context) ([]*module, error) {
	need := make(map[string]*packages.Module)
	for pkgPath := range p.spec.Rewritten {
		if pkg := p.pkgs[pkgPath]; pkg != nil && pkg.Module != nil && !isUsers(pkg.Module) {
			need[p.moduleKey(pkg.Module)] = pkg.Module
		}
	}
	for pkgPath := range p.spec.Extra {
		if m := p.owner(pkgPath); m != nil && !isUsers(m) {
			need[p.moduleKey(m)] = m
		}
	}
	var list []*module
	for _, key := range slices.Sorted(maps.Keys(need)) {
		pm := need[key]
		// The loader does not say where the go.mod file of a vendored module is: vendor has none.
		name := pm.GoMod
		if name == "" {
			var err error
			if name, err = p.download(ctx, pm); err != nil {
				return nil, err
			}
		}
		gomod, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		m := &module{path: pm.Path, version: pm.Version, src: pm.Dir, gomod: gomod, root: p.rootFor(pm.Path, pm.Version)}
		p.modules[key] = m
		list = append(list, m)
	}
	return list, nil
}

// owner returns the module of the closure to which a package belongs, or would belong.
func (p *planner) owner(pkgPath string) *packages.Module {
	if pkg := p.pkgs[pkgPath]; pkg != nil {
		return pkg.Module
	}
	var best *packages.Module
	for _, pkg := range p.pkgs {
		if m := pkg.Module; m != nil && within(pkgPath, m.Path) && (best == nil || len(m.Path) > len(best.Path)) {
			best = m
		}
	}
	return best
}

// download returns the go.mod file of m in the module cache, and fetches m if it is not there.
func (p *planner) download(ctx context.Context, m *packages.Module) (string, error) {
	mod := m.Path + "@" + m.Version
	if m.Replace != nil {
		mod = m.Replace.Path + "@" + m.Replace.Version
	}
	cmd := goCommand(ctx, p.env.load(), "mod", "download", "-json", mod)
	cmd.Dir = p.spec.Dir
	out, err := cmd.Output()
	var info struct{ GoMod, Error string }
	if json.Unmarshal(out, &info) == nil && info.Error != "" {
		return "", fmt.Errorf("%s is vendored, and a stage needs it from the module cache: %s", mod, info.Error)
	}
	if err != nil {
		return "", fmt.Errorf("go mod download %s: %w", mod, withStderr(err))
	}
	return info.GoMod, nil
}

// rootFor returns a folder for a module that no other module has. Upper case letters are escaped as in the module cache.
func (p *planner) rootFor(path, version string) string {
	name := path
	if version != "" {
		name += "@" + version
	}
	var b strings.Builder
	b.WriteString(depsDir + "/")
	for _, r := range name {
		if unicode.IsUpper(r) {
			b.WriteByte('!')
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
	}
	root := b.String()
	for n := 2; p.roots[root]; n++ {
		root = fmt.Sprintf("%s+%d", b.String(), n)
	}
	p.roots[root] = true
	return root
}

// replaces returns the replace directives in list, of a file in dir, as they must be in a file in folder root.
func (p *planner) replaces(dir, root string, list []*modfile.Replace) []modfile.Replace {
	var res []modfile.Replace
	for _, r := range list {
		c := modfile.Replace{Old: r.Old, New: r.New}
		if r.New.Version == "" {
			c.New.Path = relative(root, p.modules[realPath(absolute(dir, r.New.Path))].root)
		}
		res = append(res, c)
	}
	return res
}

// replaceCopied makes list, of a file in folder root, lead to the copies.
func (p *planner) replaceCopied(list []modfile.Replace, root string, copied []*module) []modfile.Replace {
	for _, m := range copied {
		old := xmodule.Version{Path: m.path, Version: m.version}
		list = slices.DeleteFunc(list, func(r modfile.Replace) bool { return r.Old == old })
		list = append(list, modfile.Replace{Old: old, New: xmodule.Version{Path: relative(root, m.root)}})
	}
	return list
}

// addWork writes the stage's go.work. Its replace directives win over those in the modules.
func (p *planner) addWork(f *modfile.WorkFile, mains []string, copied []*module) error {
	for _, use := range slices.Clone(f.Use) {
		if err := f.DropUse(use.Path); err != nil {
			return err
		}
	}
	for _, dir := range mains {
		m := p.modules[realPath(dir)]
		f.AddNewUse(relative(".", m.root), m.path)
	}
	list := p.replaceCopied(p.replaces(filepath.Dir(p.env.GOWORK), ".", f.Replace), ".", copied)
	if err := setReplaces(f, f.Replace, list); err != nil {
		return err
	}
	f.Cleanup()
	p.tree.add("go.work", entry{data: modfile.Format(f.Syntax), orig: p.env.GOWORK})
	p.addFile("go.work.sum", p.env.GOWORK+".sum")
	return nil
}

// addFile copies a file if there is one.
func (p *planner) addFile(dst, src string) {
	if _, err := os.Stat(src); err == nil {
		p.tree.add(dst, entry{src: src, orig: src})
	}
}

// setReplaces replaces all replace directives of f, which are old, by list.
func setReplaces(f interface {
	AddReplace(oldPath, oldVers, newPath, newVers string) error
	DropReplace(oldPath, oldVers string) error
}, old []*modfile.Replace, list []modfile.Replace) error {
	for _, r := range slices.Clone(old) {
		if err := f.DropReplace(r.Old.Path, r.Old.Version); err != nil {
			return err
		}
	}
	// AddReplace without a version removes the directives for single versions, so those must come later.
	slices.SortStableFunc(list, func(a, b modfile.Replace) int {
		return cmp.Or(strings.Compare(a.Old.Path, b.Old.Path), strings.Compare(a.Old.Version, b.Old.Version))
	})
	for _, r := range list {
		if err := f.AddReplace(r.Old.Path, r.Old.Version, r.New.Path, r.New.Version); err != nil {
			return err
		}
	}
	return nil
}

// absolute resolves a path that a file in dir contains.
func absolute(dir, name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(dir, filepath.FromSlash(name))
}

// relative returns how a module file in folder from writes folder to.
func relative(from, to string) string {
	rel, err := filepath.Rel(filepath.FromSlash(from), filepath.FromSlash(to))
	if err != nil {
		panic(err) // both are relative to the stage
	}
	rel = filepath.ToSlash(rel)
	if !strings.HasPrefix(rel, "../") {
		rel = "./" + rel
	}
	return rel
}
