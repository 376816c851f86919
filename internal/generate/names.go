package generate

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"

	"github.com/cofaas/cofaas/internal/loader"
)

// names are those that files have in output, which must not depend on where the module or the module cache are: relative to the main
// module, or to the folder of the workspace; others begin with the module, as import paths do, and its version.
type names struct {
	root    string
	modules []*packages.Module // with a folder, inner ones first
}

func newNames(dir string, pkgs []*packages.Package) *names {
	n := &names{root: workspaceDir(dir)}
	seen := map[string]bool{}
	packages.Visit(pkgs, nil, func(p *packages.Package) {
		m := p.Module
		if m == nil || m.Dir == "" || seen[m.Dir] {
			return
		}
		seen[m.Dir] = true
		n.modules = append(n.modules, m)
		if m.Main {
			n.root = common(n.root, m.Dir)
		}
	})
	slices.SortFunc(n.modules, func(a, b *packages.Module) int { return len(b.Dir) - len(a.Dir) })
	return n
}

// workspaceDir is where the go.work file is for somebody in a folder, or empty.
func workspaceDir(dir string) string {
	switch work := os.Getenv("GOWORK"); work {
	case "off":
		return ""
	case "":
	default:
		return filepath.Dir(work)
	}
	for {
		if info, err := os.Stat(filepath.Join(dir, "go.work")); err == nil && !info.IsDir() {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
		dir = filepath.Dir(dir)
	}
}

// common is the folder in which two are; the first may be empty.
func common(a, b string) string {
	if a == "" {
		return b
	}
	for !within(b, a) {
		a = filepath.Dir(a)
	}
	return a
}

// within says whether a path is a folder or below it.
func within(name, dir string) bool {
	rel, err := filepath.Rel(dir, name)
	return err == nil && filepath.IsLocal(rel)
}

// short is the name of a file in output.
func (n *names) short(file string) string {
	if n.root != "" && within(file, n.root) {
		rel, _ := filepath.Rel(n.root, file) // within has tried
		return filepath.ToSlash(rel)
	}
	for _, m := range n.modules {
		if rel, err := filepath.Rel(m.Dir, file); err == nil && filepath.IsLocal(rel) {
			name := m.Path
			if m.Version != "" && !loader.Owned(m) {
				name += "@" + m.Version
			}
			return path.Join(name, filepath.ToSlash(rel))
		}
	}
	return filepath.ToSlash(file)
}

// long is the absolute name of a file of the main module, for whoever wants to open it, and other names as they are.
func (n *names) long(name string) string {
	file := filepath.Join(n.root, filepath.FromSlash(name))
	if _, err := os.Stat(file); n.root == "" || strings.Contains(name, "@") || err != nil {
		return name
	}
	return file
}
