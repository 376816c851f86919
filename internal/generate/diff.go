package generate

import (
	"bytes"
	"context"
	"os"

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
	for _, f := range p.roots {
		files, err := rewrites(f)
		if err != nil {
			return nil, err
		}
		for _, pkg := range sortedKeys(files) {
			for _, name := range sortedKeys(files[pkg]) {
				if shown[name] {
					continue
				}
				shown[name] = true
				old, err := os.ReadFile(name)
				if err != nil {
					return nil, err
				}
				short := p.names.short(name)
				out.Write(diff.Diff("a/"+short, old, "b/"+short, files[pkg][name]))
			}
		}
	}
	return out.Bytes(), nil
}
