package staging

import (
	"cmp"
	"context"
	"maps"

	"golang.org/x/tools/go/packages"

	"github.com/cofaas/cofaas/internal/loader"
)

// Check is loader.Check for pkgs, which loader.List has returned for wasip1, and shows packages as a stage will have them: if there
// are errors, what [Patches] knows to help is patched, and the packages are listed and checked again. It returns the patches too.
func Check(cfg packages.Config, pkgs []*packages.Package, opts loader.Options, patterns ...string) ([]*packages.Package, []Patch, error) {
	ctx := cmp.Or(cfg.Context, context.Background())
	if err := loader.Check(ctx, pkgs, opts); err != nil || !failed(pkgs) {
		return pkgs, nil, err
	}
	patches, err := Patches(pkgs)
	if err != nil || len(patches) == 0 {
		return pkgs, nil, err
	}
	listed, checked := maps.Clone(cfg.Overlay), maps.Clone(opts.Overlay)
	for _, overlay := range []*map[string][]byte{&listed, &checked} {
		if *overlay == nil {
			*overlay = make(map[string][]byte)
		}
	}
	for _, p := range patches {
		checked[p.File] = p.Content
		if p.Version == "" { // The go command takes no overlay for files of the module cache.
			listed[p.File] = p.Content
		}
	}
	cfg.Overlay, opts.Overlay = listed, checked
	if pkgs, err = loader.List(cfg, patterns...); err != nil {
		return nil, nil, err
	}
	return pkgs, patches, loader.Check(ctx, pkgs, opts)
}

// failed reports whether there is an error in pkgs or what they import.
func failed(pkgs []*packages.Package) bool {
	for p := range packages.Postorder(pkgs) {
		if len(p.Errors) > 0 {
			return true
		}
	}
	return false
}
