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

	"github.com/cofaas/cofaas/analyzer"
	"github.com/cofaas/cofaas/analyzer/rewrite"
	"github.com/cofaas/cofaas/internal/placement"
	"github.com/cofaas/cofaas/internal/plan"
	"github.com/cofaas/cofaas/internal/staging"
)

// program is what is built of a function for a place.
type program struct {
	function *plan.Function
	place    placement.Place
}

// name is that of its file.
func (b program) name() string { return b.function.Name + "." + string(b.place) }

// programs are what is built for the host of an app.
func programs(app *plan.App) []program {
	var list []program
	for _, f := range app.Functions {
		for _, place := range f.PlacesIn(app.Root.Name) {
			list = append(list, program{f, place})
		}
	}
	return list
}

// build builds programs and returns their paths. One that nothing changed for costs no more than go build finding that out.
func (p *project) build(ctx context.Context, programs []program) (map[program]string, error) {
	built := make([]string, len(programs))
	errs := make([]error, len(programs))
	var group errgroup.Group
	group.SetLimit(2) // the go command itself uses all processors
	for i, b := range programs {
		group.Go(func() error {
			if b.place == placement.Native {
				p.opts.progress("building %s natively", b.function.Name)
			} else {
				p.opts.progress("building guest %s", b.function.Name)
			}
			built[i], errs[i] = p.buildProgram(ctx, b)
			return nil
		})
	}
	group.Wait()
	out := map[program]string{}
	for i, b := range programs {
		out[b] = built[i]
	}
	return out, joinUnique(errs)
}

func (p *project) buildProgram(ctx context.Context, b program) (string, error) {
	f := b.function
	spec, err := p.stageSpec(b)
	if err != nil {
		return "", err
	}
	dir, err := p.stageDir(b)
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
	out := dir + "." + string(b.place)
	opts := staging.BuildOptions{}
	if p.opts.StageDir != "" {
		opts.CacheDir = filepath.Join(p.opts.StageDir, ".cache") // There may be no other.
	}
	return out, hinted(b, stage.Build(ctx, out, opts))
}

// stageSpec says how the function's packages differ from the user's.
func (p *project) stageSpec(b program) (*staging.Spec, error) {
	f, t := b.function, p.target(b.place)
	rewritten, err := t.rewrites(f.Package)
	if err != nil {
		return nil, err
	}
	spec := &staging.Spec{
		Main: f.Package, Platform: t.platform, Packages: []*packages.Package{t.byPath[f.Package]},
		Rewritten: rewritten, Copies: copies(t.functions[f.Package]), Dir: p.opts.Dir, Tags: slices.Clone(p.opts.Tags),
	}
	if b.place == placement.Native {
		return spec, nil // the stubs find the host by themselves, and messages travel as protobuf
	}
	bindings, err := p.bindings(f)
	if err != nil {
		return nil, err
	}
	main, err := guestMain(f)
	if err != nil {
		return nil, err
	}
	spec.Extra = map[string]map[string][]byte{
		f.Package:       {"cofaas_guest.go": main},
		bindingsPath(f): stubbed(bindings),
	}
	spec.Tags = append(spec.Tags, t.guestTags(t.functions[f.Package])...)
	return spec, nil
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
func (t *target) guestTags(f *analyzer.Function) []string {
	tls, reflection := false, false
	for _, pkg := range f.Rewritten {
		loaded := t.byPath[pkg.PkgPath]
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
func (t *target) rewrites(function string) (map[string]map[string][]byte, error) {
	out := map[string]map[string][]byte{}
	reached := map[string]bool{}
	packages.Visit([]*packages.Package{t.byPath[function]}, nil, func(pkg *packages.Package) { reached[pkg.PkgPath] = true })
	for _, patch := range t.patches {
		if !reached[patch.Package] {
			continue
		}
		if out[patch.Package] == nil {
			out[patch.Package] = map[string][]byte{}
		}
		out[patch.Package][patch.File] = patch.Content
	}
	for _, pkg := range t.functions[function].Rewritten {
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
func copies(f *analyzer.Function) map[string]string {
	out := map[string]string{}
	for _, pkg := range f.Rewritten {
		if pkg.Copy != "" {
			out[pkg.PkgPath] = pkg.Copy
		}
	}
	return out
}

// stageDir is where the function is staged. No function has a name with @ in it, which import paths cannot have.
func (p *project) stageDir(b program) (string, error) {
	f, suffix := b.function, ""
	if b.place == placement.Native {
		suffix = "@native"
	}
	if p.opts.StageDir != "" {
		return filepath.Join(p.opts.StageDir, f.Name+suffix), nil
	}
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(f.Dir))
	return filepath.Join(cache, "stage", f.Name+"-"+hex.EncodeToString(sum[:6])+suffix), nil
}

// cacheDir is the project's folder in the user's cache.
func cacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache folder: %w; name one with -stage", err)
	}
	return filepath.Join(dir, "cofaas"), nil
}
