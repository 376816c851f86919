package session

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/modfile"
	"golang.org/x/tools/go/packages"

	"github.com/cofaas/cofaas/analyzer"
)

// A view is one module, or one workspace of modules that a go.work file makes.
type view struct {
	*Session
	dir   string
	env   []string
	stale bool // what the go command said may no longer be so

	packages  map[string]*packages.Package // by ID, without types; of functions and what is below them
	order     []string                     // their IDs, what is imported before what imports it
	functions []string                     // IDs of the functions
	headers   map[string]string            // of the files of the modules, functions or not; "" if it was not needed yet
	standard  standard

	nodes   map[string]*node // by ID
	reports map[string][]Diagnostic
	kept    map[string]bool
	plan    *plan
	dirty   bool // nodes have changed since the plan was made
}

// choose makes the views that are wanted, drops others, and marks those as stale for which the go command has to be asked again.
func (s *Session) choose(in inputs) {
	for name := range in.changed {
		switch filepath.Base(name) {
		case "go.mod", "go.work", "go.sum", "go.work.sum", "modules.txt":
			clear(s.roots)
			for _, v := range s.views {
				v.stale = true
			}
		}
	}
	wanted := map[string]bool{}
	for dir := range in.folders {
		wanted[s.root(dir)] = true
	}
	for name := range in.buffers {
		if filepath.Ext(name) == ".go" {
			wanted[s.root(filepath.Dir(name))] = true
		}
	}
	delete(wanted, "")
	for root := range s.views {
		if !wanted[root] {
			delete(s.views, root)
		}
	}
	for root := range wanted {
		if s.views[root] == nil {
			dir, noWork := strings.CutSuffix(root, withoutWork)
			v := &view{Session: s, dir: dir, env: s.env, stale: true, headers: map[string]string{}, reports: map[string][]Diagnostic{}}
			if noWork {
				v.env = append(slices.Clip(s.env), "GOWORK=off")
			}
			s.views[root] = v
		}
	}
	for name := range in.changed {
		if v := s.views[s.root(filepath.Dir(name))]; v != nil && filepath.Ext(name) == ".go" {
			v.look(in, name)
		}
	}
	for name := range in.buffers {
		if v := s.views[s.root(filepath.Dir(name))]; v != nil && filepath.Ext(name) == ".go" {
			v.look(in, name)
		}
	}
}

// look marks the view as stale if a file has come, gone, or changed what decides about the structure of the program.
func (v *view) look(in inputs, name string) {
	if strings.HasSuffix(name, "_test.go") || v.stale {
		return
	}
	known, was := v.headers[name]
	content, err := read(in, name)
	switch {
	case err != nil:
		v.stale = was
	case !was:
		v.headers[name] = header(content)
		v.stale = true
	default:
		v.stale = v.compare(name, known, header(content))
	}
}

// compare takes note of what the header of a file is now, and says whether it has changed.
func (v *view) compare(name, known, now string) (changed bool) {
	if now == "" || now == known {
		return false
	}
	v.headers[name] = now
	return known != ""
}

func read(in inputs, name string) ([]byte, error) {
	if b, open := in.buffers[name]; open {
		return b.Content, nil
	}
	return os.ReadFile(name)
}

// withoutWork marks views of modules that lie below a go.work file and are not part of its workspace.
const withoutWork = "\x00"

// root returns the view that a folder belongs to: the folder of its go.work or go.mod file, or "" if there is neither.
func (s *Session) root(dir string) string {
	if root, ok := s.roots[dir]; ok {
		return root
	}
	root, err := s.findRoot(dir)
	if err != nil {
		s.opts.Warn("%s: %v", dir, err)
	} else if root == "" {
		s.opts.Log("%s: in no module, so there are no functions to look at", dir)
	}
	s.roots[dir] = root
	return root
}

func (s *Session) findRoot(dir string) (string, error) {
	there := dir
	for { // a file that is on no disk yet may be in a folder that is on none either
		if _, err := os.Stat(there); err == nil || there == filepath.Dir(there) {
			break
		}
		there = filepath.Dir(there)
	}
	cmd := exec.CommandContext(s.open, "go", "env", "-json", "GOMOD", "GOWORK")
	cmd.Dir, cmd.Env = there, append(slices.Clip(s.env), "PWD="+there)
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go env: %w", err)
	}
	var env struct{ GOMOD, GOWORK string }
	if err := json.Unmarshal(out, &env); err != nil {
		return "", fmt.Errorf("go env: %w", err)
	}
	module := env.GOMOD != "" && env.GOMOD != os.DevNull
	switch {
	case env.GOWORK != "" && env.GOWORK != "off":
		work := filepath.Dir(env.GOWORK)
		if !module || uses(env.GOWORK, filepath.Dir(env.GOMOD)) {
			return work, nil
		}
		return filepath.Dir(env.GOMOD) + withoutWork, nil
	case module:
		return filepath.Dir(env.GOMOD), nil
	}
	return "", nil
}

// uses says whether a go.work file makes a module part of its workspace. One that cannot be read is for the go command to complain of.
func uses(work, module string) bool {
	data, err := os.ReadFile(work)
	if err != nil {
		return true
	}
	parsed, err := modfile.ParseWork(work, data, nil)
	if err != nil {
		return true
	}
	return slices.ContainsFunc(parsed.Use, func(u *modfile.Use) bool {
		dir := filepath.FromSlash(u.Path)
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(filepath.Dir(work), dir)
		}
		return filepath.Clean(dir) == module
	})
}

// loadMode is what is asked of the go command.
const loadMode = packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports | packages.NeedDeps |
	packages.NeedModule | packages.NeedTypesSizes

// update brings the view up to date.
func (v *view) update(ctx context.Context, in inputs) error {
	for {
		if v.stale {
			start := time.Now()
			if err := v.load(in); v.open.Err() != nil {
				return v.open.Err()
			} else if err != nil {
				v.opts.Warn("%s: %v", v.dir, err)
			}
			v.stale = false // or else each edit would run a go command that fails
			v.opts.Log("%s: %d functions, %d packages, in %v", v.dir, len(v.functions), len(v.order), time.Since(start).Round(time.Millisecond))
		}
		files := v.sources(in)
		if v.stale = v.restructured(files); !v.stale {
			return v.check(ctx, files)
		}
	}
}

// load asks the go command which packages there are, and finds the functions among them. If it fails, the view stays as it was.
func (v *view) load(in inputs) error {
	overlay := map[string][]byte{}
	for name, b := range in.buffers {
		overlay[name] = b.Content
	}
	config := &packages.Config{Context: v.open, Mode: loadMode, Dir: v.dir, Env: v.env, BuildFlags: v.opts.BuildFlags, Overlay: overlay}
	all, err := packages.Load(config, "work") // all packages of the main modules
	if err != nil {
		return err
	}
	headers := map[string]string{}
	var functions []*packages.Package
	for _, pkg := range all {
		marked := false
		for _, name := range slices.Concat(pkg.GoFiles, pkg.IgnoredFiles) {
			if filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
				continue
			}
			headers[name] = v.headers[name]
			if pkg.Name != "main" {
				continue
			}
			content, err := read(in, name)
			if err != nil {
				v.opts.Warn("%v", err)
				continue
			}
			headers[name] = header(content)
			marked = marked || slices.Contains(pkg.GoFiles, name) && analyzer.AnnotationLine(content) > 0
		}
		if marked {
			functions = append(functions, pkg)
		}
	}
	for name := range in.buffers { // some of which belong to no package, as yet
		if filepath.Ext(name) == ".go" {
			headers[name] = header(in.buffers[name].Content)
		}
	}
	slices.SortFunc(functions, func(a, b *packages.Package) int { return cmp.Compare(a.ID, b.ID) })
	v.headers, v.packages, v.order, v.functions = headers, map[string]*packages.Package{}, nil, nil
	for _, pkg := range functions {
		v.functions = append(v.functions, pkg.ID)
	}
	packages.Visit(functions, nil, func(pkg *packages.Package) {
		v.packages[pkg.ID] = pkg
		v.order = append(v.order, pkg.ID)
	})
	return v.standard.load(config, v.packages, v.Session)
}

// snapshot returns the view as it is, for readers.
func (v *view) snapshot() *snapshot {
	snap := &snapshot{view: v, nodes: maps.Clone(v.nodes), files: map[string]*node{}, plan: v.plan}
	for _, n := range v.nodes {
		if n.editable {
			for _, f := range n.files {
				snap.files[f.name] = n
			}
		}
	}
	return snap
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
