package generate

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sync/errgroup"
	"golang.org/x/tools/go/packages"

	"github.com/cofaas/cofaas/analyzer/rewrite"
	"github.com/cofaas/cofaas/internal/plan"
	"github.com/cofaas/cofaas/internal/staging"
)

// buildGuests builds the guests of functions and returns their paths by function. A guest that nothing changed for costs no
// more than go build finding that out.
func (p *project) buildGuests(ctx context.Context, functions []*plan.Function) (map[string]string, error) {
	built := make([]string, len(functions))
	errs := make([]error, len(functions))
	var group errgroup.Group
	group.SetLimit(2) // the go command itself uses all processors
	for i, f := range functions {
		group.Go(func() error {
			p.opts.progress("building guest %s", f.Name)
			built[i], errs[i] = p.buildGuest(ctx, f)
			return nil
		})
	}
	group.Wait()
	out := map[string]string{}
	for i, f := range functions {
		out[f.Name] = built[i]
	}
	return out, joinUnique(errs)
}

func (p *project) buildGuest(ctx context.Context, f *plan.Function) (string, error) {
	spec, err := p.stageSpec(f)
	if err != nil {
		return "", err
	}
	dir, err := p.stageDir(f)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	stage, err := staging.Write(ctx, dir, *spec)
	if err != nil {
		return "", fmt.Errorf("function %s: %w", f.Name, err)
	}
	out := dir + ".wasm"
	opts := staging.BuildOptions{}
	if p.opts.StageDir != "" {
		opts.CacheDir = filepath.Join(p.opts.StageDir, ".cache") // There may be no other.
	}
	return out, stage.Build(ctx, out, opts)
}

// stageSpec says how the function's packages differ from the user's.
func (p *project) stageSpec(f *plan.Function) (*staging.Spec, error) {
	rewritten, err := p.rewrites(f)
	if err != nil {
		return nil, err
	}
	bindings, err := p.bindings(f)
	if err != nil {
		return nil, err
	}
	main, err := guestMain(f)
	if err != nil {
		return nil, err
	}
	root := p.pkgs[f.Package]
	return &staging.Spec{
		Main: f.Package, Packages: []*packages.Package{root}, Rewritten: rewritten, Copies: copies(f),
		Extra: map[string]map[string][]byte{
			f.Package:       {"cofaas_guest.go": main},
			bindingsPath(f): stubbed(bindings),
		},
		Dir: p.opts.Dir, Tags: append(slices.Clone(p.opts.Tags), p.guestTags(f)...),
	}, nil
}

// stubbed returns bindings with the stubs in place of gRPC's own generated packages, such as that of health checks: a guest links the
// stubs, and one program can link only one of them.
func stubbed(bindings map[string][]byte) map[string][]byte {
	out := map[string][]byte{}
	for name, content := range bindings {
		out[name] = bytes.ReplaceAll(content, []byte(`"google.golang.org/grpc/`), []byte(`"github.com/cofaas/cofaas/stubs/grpc/`))
	}
	return out
}

// guestTags are the build tags of the stubs that leave out what the function cannot be using. Without crypto/tls, whose types are
// in the signatures of package credentials, a guest is smaller and starts sooner; so it is without what package reflection has for
// those who make their own reflection service.
func (p *project) guestTags(f *plan.Function) []string {
	tls, reflection := false, false
	for _, pkg := range f.Analysis.Rewritten {
		loaded := p.pkgs[pkg.PkgPath]
		_, imports := loaded.Imports["google.golang.org/grpc/credentials"]
		tls = tls || imports
		reflection = reflection || makesReflection(loaded)
	}
	var tags []string
	if !tls {
		tags = append(tags, "cofaas_notls")
	}
	if !reflection {
		tags = append(tags, "cofaas_noreflection")
	}
	return tags
}

// makesReflection reports whether a package does more with reflection than to register it.
func makesReflection(pkg *packages.Package) bool {
	const path = "google.golang.org/grpc/reflection"
	if pkg.Imports[path] == nil {
		return false
	}
	for _, obj := range pkg.TypesInfo.Uses {
		if obj.Pkg() == nil || obj.Pkg().Path() != path {
			continue
		}
		switch obj.Name() {
		case "ServerOptions", "ExtensionResolver", "NewServer", "NewServerV1":
			return true
		}
	}
	return false
}

// rewrites returns the rewritten and the patched files of a function's packages by import path and file.
func (p *project) rewrites(f *plan.Function) (map[string]map[string][]byte, error) {
	out := map[string]map[string][]byte{}
	reached := map[string]bool{}
	packages.Visit([]*packages.Package{p.pkgs[f.Package]}, nil, func(pkg *packages.Package) { reached[pkg.PkgPath] = true })
	for _, patch := range p.patches {
		if !reached[patch.Package] {
			continue
		}
		if out[patch.Package] == nil {
			out[patch.Package] = map[string][]byte{}
		}
		out[patch.Package][patch.File] = patch.Content
	}
	for _, pkg := range f.Analysis.Rewritten {
		files := out[pkg.PkgPath]
		if files == nil {
			files = map[string][]byte{}
			out[pkg.PkgPath] = files
		}
		for _, file := range pkg.Files {
			src, patched := files[file.Name] // what the edits were made for
			if !patched {
				var err error
				if src, err = os.ReadFile(file.Name); err != nil {
					return nil, err
				}
			}
			files[file.Name] = rewrite.Apply(src, file.Edits)
		}
	}
	return out, nil
}

// copies returns the paths of packages that are in the stage twice, and those of their rewritten copies.
func copies(f *plan.Function) map[string]string {
	out := map[string]string{}
	for _, pkg := range f.Analysis.Rewritten {
		if pkg.Copy != "" {
			out[pkg.PkgPath] = pkg.Copy
		}
	}
	return out
}

// stageDir is where the function is staged.
func (p *project) stageDir(f *plan.Function) (string, error) {
	if p.opts.StageDir != "" {
		return filepath.Join(p.opts.StageDir, f.Name), nil
	}
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(f.Dir))
	return filepath.Join(cache, "stage", f.Name+"-"+hex.EncodeToString(sum[:6])), nil
}

// cacheDir is the project's folder in the user's cache.
func cacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache folder: %w; name one with -stage", err)
	}
	return filepath.Join(dir, "cofaas"), nil
}
