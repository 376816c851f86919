package generate

import (
	"bytes"
	"context"
	"os"

	"github.com/rogpeppe/go-internal/diff"
)

// Diff returns how the sources of the chosen functions are rewritten in their stages, as a unified diff.
func Diff(ctx context.Context, opts Options) ([]byte, error) {
	p, err := load(ctx, &opts)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	shown := map[string]bool{}
	for _, f := range p.roots {
		files, err := p.rewrites(f)
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
				rel := relative(opts.Dir, name)
				out.Write(diff.Diff("a/"+rel, old, "b/"+rel, files[pkg][name]))
			}
		}
	}
	return out.Bytes(), nil
}
