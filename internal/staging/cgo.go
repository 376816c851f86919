package staging

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// CFiles returns the files that the C code of a package may need, by what it says in directives of cgo, and that the go command does not
// list: headers, libraries and others in folders below the package's, and in those of its module that a directive names. There are none of
// packages without cgo.
func CFiles(p *packages.Package) []string {
	if p.Module == nil || p.Module.Dir == "" || !slices.ContainsFunc(p.GoFiles, importsC) {
		return nil
	}
	found := make(map[string]bool)
	dir := packageDir(p)
	addCFiles(found, dir, dir)
	for _, named := range sourceDirs(p.GoFiles) {
		if named = filepath.Join(dir, filepath.FromSlash(named)); below(named, p.Module.Dir) && !below(named, dir) {
			addCFiles(found, named, "")
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// addCFiles adds the files in dir and below but for Go's, those that the go command lists, which are in the folder besides, and those of
// other modules.
func addCFiles(found map[string]bool, dir, besides string) {
	// What cannot be read is not there for the compiler either.
	_ = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return filepath.SkipDir
		case d.IsDir():
			base := d.Name()
			if _, err := os.Stat(filepath.Join(name, "go.mod")); name != dir && (err == nil || base[0] == '.' || base == "testdata") {
				return filepath.SkipDir
			}
		case filepath.Dir(name) != besides && d.Type().IsRegular() && filepath.Ext(name) != ".go":
			found[name] = true
		}
		return nil
	})
}

var sourceDirRE = regexp.MustCompile(`\$\{SRCDIR\}/([^\s"',:]+)`)

// sourceDirs returns the paths that directives of cgo name relative to the package.
func sourceDirs(files []string) []string {
	var dirs []string
	for _, name := range files {
		src, err := os.ReadFile(name)
		if err != nil {
			continue // the go command will say so
		}
		for line := range strings.Lines(string(src)) {
			if !strings.Contains(line, "#cgo") {
				continue
			}
			for _, m := range sourceDirRE.FindAllStringSubmatch(line, -1) {
				dirs = append(dirs, m[1])
			}
		}
	}
	return dirs
}

func below(name, dir string) bool {
	rel, err := filepath.Rel(dir, name)
	return err == nil && filepath.IsLocal(rel)
}

// addCFiles adds what the C code of a package of m needs, which is copied to dst: what is below it goes along.
func (p *planner) addCFiles(m *module, pkg *packages.Package, dst string) error {
	if !p.env.platform.Cgo || m.src == "" {
		return nil
	}
	for _, name := range CFiles(pkg) {
		from, to := packageDir(pkg), dst
		if !below(name, from) {
			from, to = m.src, m.root
		}
		rel, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		p.tree.add(path.Join(to, filepath.ToSlash(rel)), entry{src: name, orig: name})
	}
	return nil
}
