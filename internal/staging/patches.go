package staging

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/semver"
	"golang.org/x/tools/go/packages"
)

// A Patch is one file that a stage changes for no other reason than that its package would not compile for wasip1. It
// changes nothing that a guest could observe.
type Patch struct {
	Package string // import path
	Module  string // path
	Version string // empty for a module that the user works in
	File    string // absolute
	Reason  string // what is changed, and why that is safe
	Content []byte // of the whole file
}

// A patchRule says what is added to a file of a package that others wrote. It holds for a range of versions and for known
// contents of the file, so that it never changes what nobody has looked at. Declarations are added at the end, and
// import nothing: positions in the file stay as they are.
type patchRule struct {
	module      string
	pkg         string // import path
	first, last string // versions
	file        string
	sums        []string // sha256 of the contents that the file has had in these versions
	add         string
	reason      string
}

const (
	isattyDoc       = "06182cb1a7113cae6fdef9be492893298610bfc63cf565a23f86203c3074a861"
	noTerminal      = "a guest has no terminal, and what asks for one is told so"
	addIsTerminal   = "\nfunc IsTerminal(fd uintptr) bool { return false }\n"
	addIsTerminals  = addIsTerminal + "\nfunc IsCygwinTerminal(fd uintptr) bool { return false }\n"
	addIsTerminalFD = "\nfunc isTerminal(fd int) bool { return false }\n"
)

// patchRules are documented in docs/stages.md; a test builds the first and the last version of each.
var patchRules = []patchRule{
	{
		module: "github.com/mattn/go-isatty", pkg: "github.com/mattn/go-isatty", first: "v0.0.3", last: "v0.0.4",
		file: "doc.go", sums: []string{isattyDoc}, add: addIsTerminal,
		reason: "IsTerminal is missing on wasip1 and reports false: " + noTerminal,
	},
	{
		module: "github.com/mattn/go-isatty", pkg: "github.com/mattn/go-isatty", first: "v0.0.5", last: "v0.0.12",
		file: "doc.go", sums: []string{isattyDoc}, add: addIsTerminals,
		reason: "IsTerminal and IsCygwinTerminal are missing on wasip1 and report false: " + noTerminal,
	},
	{
		module: "github.com/sirupsen/logrus", pkg: "github.com/sirupsen/logrus", first: "v1.4.1", last: "v1.9.3",
		file: "terminal_check_notappengine.go",
		sums: []string{
			"5c5758b695e426cad32aa4ff32a934b2403e0b7480b40e62f55a3d6c85355015",
			"7a9c6f07aff2ab6bafc003ce9ec2619a383ec8bbbdfc80fa38697a29ee149fce",
		},
		add:    addIsTerminalFD,
		reason: "isTerminal is missing on wasip1 and reports false: " + noTerminal,
	},
}

// Patches returns what must be patched in pkgs and what they import, by file name. They are loaded for wasip1 with at
// least [LoadMode].
func Patches(pkgs []*packages.Package) ([]Patch, error) {
	var list []Patch
	all := closure(pkgs)
	for i := range patchRules {
		r := &patchRules[i]
		p := all[r.pkg]
		if p == nil || !r.covers(p.Module) {
			continue
		}
		for _, name := range p.GoFiles {
			if filepath.Base(name) != r.file {
				continue
			}
			src, err := os.ReadFile(name)
			if err != nil {
				return nil, err
			}
			if content, ok := r.apply(src); ok {
				m := actual(p.Module)
				list = append(list, Patch{p.PkgPath, m.Path, m.Version, name, r.reason, content})
			}
		}
	}
	for _, pkgPath := range slices.Sorted(maps.Keys(all)) {
		signals, err := signalPatches(all[pkgPath])
		if err != nil {
			return nil, err
		}
		list = append(list, signals...)
	}
	slices.SortFunc(list, func(a, b Patch) int { return strings.Compare(a.File, b.File) })
	return list, nil
}

// covers reports whether m is one of the rule's versions. A directory of the user's has none.
func (r *patchRule) covers(m *packages.Module) bool {
	if m == nil || isUsers(m) {
		return false
	}
	m = actual(m)
	return m.Path == r.module && semver.Compare(m.Version, r.first) >= 0 && semver.Compare(m.Version, r.last) <= 0
}

// apply returns src with the declarations, unless src is not known.
func (r *patchRule) apply(src []byte) ([]byte, bool) {
	sum := sha256.Sum256(src)
	if !slices.Contains(r.sums, hex.EncodeToString(sum[:])) {
		return nil, false
	}
	return append(bytes.Clone(src), r.add...), true
}

// actual is the module that stands in for m, or m.
func actual(m *packages.Module) *packages.Module {
	if m.Replace != nil {
		return m.Replace
	}
	return m
}
