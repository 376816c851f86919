package generate

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"

	"github.com/cofaas/cofaas/internal/placement"
	"github.com/cofaas/cofaas/internal/staging"
)

// remains says of each function that does not compile for a target at which other place it does.
func (t *target) remains(ctx context.Context, opts *Options) (errs []error) {
	var broken []*packages.Package
	other := &target{}
	for _, root := range t.roots {
		if staging.Preflight(t.platform, []*packages.Package{root}) != nil {
			broken = append(broken, root)
			other.paths = append(other.paths, root.PkgPath)
		}
	}
	place := placement.Wasm
	if !t.platform.IsNative() {
		place = placement.Native
		var err error
		if other.platform, err = staging.Native(ctx, opts.Dir); err != nil {
			return nil // what stands in the way has been said
		}
	}
	if other.list(ctx, opts) != nil || other.check(ctx, opts) != nil {
		return nil
	}
	for _, root := range broken {
		i := slices.IndexFunc(other.roots, func(p *packages.Package) bool { return p.PkgPath == root.PkgPath })
		if i < 0 || staging.Preflight(other.platform, other.roots[i:i+1]) != nil {
			continue
		}
		name := filepath.Base(root.Dir)
		because := ""
		if list := dependencies(staging.Preflight(t.platform, []*packages.Package{root})); len(list) > 0 {
			because = ", because of " + strings.Join(list, " and ")
		}
		errs = append(errs, fmt.Errorf("function %s does not compile for %s%s, and does for %s: -place %[1]s=%[5]s remains", name, t.platform, because, other.platform, place))
	}
	return errs
}

// hinted adds to what stands in the way of a guest, and was only found by building it, where the function would do without. Whether it would is not
// known: the other error of this kind is one that has been tried.
func hinted(b program, err error) error {
	list := dependencies(err)
	if b.place != placement.Wasm || len(list) == 0 {
		return err
	}
	return errors.Join(append(split(err), fmt.Errorf("function %s does not compile for wasip1, because of %s: with -place %[1]s=native it is compiled for this machine instead",
		b.function.Name, strings.Join(list, " and ")))...)
}

// dependencies are the modules that are to blame.
func dependencies(err error) []string {
	var list []string
	for _, err := range split(err) {
		if dep, ok := errors.AsType[*staging.DependencyError](err); ok {
			list = append(list, dep.Path+" "+dep.Version)
		}
	}
	return list
}
