package generate

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// Diff returns how the sources of the chosen functions are rewritten in their stages, as a unified diff. What it makes of the files is what
// stages have, but for //line directives. Files are named relative to the main module or workspace, so that git apply and patch -p1 work there; those of dependencies by module and version.
func Diff(ctx context.Context, opts Options) ([]byte, error) {
	out, _, err := remembered(ctx, &opts, "diff", (*project).diff)
	return out, err
}

func (p *project) diff() ([]byte, error) {
	var out bytes.Buffer
	shown := map[string]bool{}
	for _, b := range p.rootPrograms() {
		t := p.target(b.place)
		files, err := t.rewrites(b.function.Package)
		if err != nil {
			return nil, err
		}
		copies := copies(t.functions[b.function.Package])
		for _, pkg := range sortedKeys(files) {
			for _, name := range sortedKeys(files[pkg]) {
				to := name
				if c := copies[pkg]; c != "" { // in the folder of the copy
					to = filepath.Join(filepath.Dir(name), filepath.FromSlash(strings.TrimPrefix(c, pkg)), filepath.Base(name))
				}
				if shown[to] {
					continue
				}
				shown[to] = true
				old, err := os.ReadFile(name)
				if err != nil {
					return nil, err
				}
				out.Write(diff.Diff("a/"+p.names.short(name), old, "b/"+p.names.short(to), files[pkg][name]))
			}
		}
	}
	return out.Bytes(), nil
}

// rootPrograms are what is built of the roots themselves.
func (p *project) rootPrograms() []program {
	var list []program
	for _, root := range p.roots {
		for _, place := range root.PlacesIn(root.Name) {
			list = append(list, program{root, place})
		}
	}
	return list
}
