package analyzer

import (
	"cmp"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"

	"github.com/cofaas/cofaas/analyzer/internal/category"
	"github.com/cofaas/cofaas/analyzer/internal/drivers"
	"github.com/cofaas/cofaas/analyzer/usage"
)

// needs adds what the function needs of the system beside gRPC, of all packages
// that may have sites.
func (b *builder) needs(pkgs []*packages.Package) {
	var all []located[*usage.Need]
	for _, pkg := range pkgs {
		f := b.facts[pkg.PkgPath]
		if f == nil || f.usage == nil {
			continue
		}
		for _, n := range f.usage.Needs {
			if b.runs(n.Func) {
				all = append(all, located[*usage.Need]{n, pkg.Fset.Position(n.Pos), n.Site})
			}
		}
		if !drivers.Library(pkg.PkgPath) {
			all = append(all, b.keptDials(f)...)
		}
	}
	for _, l := range settled(all) {
		b.fn.Needs = append(b.fn.Needs, &Need{l.pos, l.site.Want})
	}
	slices.SortStableFunc(b.fn.Needs, func(a, b *Need) int {
		return cmp.Or(
			comparePositions(a.Pos, b.Pos), cmp.Compare(a.Kind, b.Kind), strings.Compare(a.Address.String(), b.Address.String()),
			strings.Compare(a.What, b.What), strings.Compare(a.Via, b.Via))
	})
	b.fn.Needs = slices.CompactFunc(b.fn.Needs, func(a, b *Need) bool { return *a == *b })
	for _, n := range b.fn.Needs {
		b.decide(n.Pos, category.Need, n.What, n.Explain(b.fn.Name))
	}
}

// keptDials returns what f dials, itself or by what it calls, with the real gRPC:
// no function answers that.
func (b *builder) keptDials(f *packageFacts) []located[*usage.Need] {
	var list []located[*usage.Need]
	for _, d := range f.usage.Dials {
		pkg := d.Pkg
		if pkg == "" {
			pkg = f.pkg.PkgPath
		}
		if b.counts[pkg] || !b.runs(d.Func) || drivers.Library(pkg) {
			continue
		}
		n := &usage.Need{Site: d.Site, Want: usage.DialWant(d)}
		list = append(list, located[*usage.Need]{n, f.pkg.Fset.Position(d.Pos), d.Site})
	}
	return list
}
