package generate

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"

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
		copies := copies(f)
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
				out.Write(diff.Diff("a/"+relative(opts.Dir, name), old, "b/"+relative(opts.Dir, to), files[pkg][name]))
			}
		}
	}
	return out.Bytes(), nil
}
