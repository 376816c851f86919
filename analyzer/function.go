package analyzer

import (
	"cmp"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"

	"github.com/cofaas/cofaas/analyzer/internal/category"
	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
	"github.com/cofaas/cofaas/analyzer/rewrite"
	"github.com/cofaas/cofaas/analyzer/usage"
)

// function puts together what is known of the function that pkg is.
func (p *program) function(pkg *packages.Package) *Function {
	fn := &Function{
		PkgPath: pkg.PkgPath,
		Name:    filepath.Base(directory(pkg)),
		Dir:     directory(pkg),
		Package: pkg,
	}
	facts := p.facts[pkg.PkgPath]
	program := facts.rewrite.Program
	if program == nil {
		return fn // nothing in it imports gRPC
	}
	sites := withSites(pkg)
	b := &builder{
		program: p,
		fn:      fn,
		reached: reachable(pkg, sites),
		dialled: make(map[*usage.Dial]token.Position),
		counts:  make(map[string]bool),
	}
	for _, node := range program.Reached() {
		b.counts[node.Path] = true
	}
	for _, node := range program.Reached() {
		if f := p.facts[node.Path]; f != nil && f.usage != nil {
			b.sites(f)
		}
	}
	b.settle()
	b.needs(sites)
	copies := make(map[string]string)
	for _, choice := range program.Rewritten {
		if choice.Copy != "" {
			copies[choice.Path] = choice.Copy
		}
	}
	for _, choice := range program.Rewritten {
		b.rewritten(choice, copies)
	}
	for _, choice := range program.Kept {
		fn.Kept = append(fn.Kept, &Kept{PkgPath: choice.Path, Module: choice.Module, Reason: choice.Reason})
		pos := token.Position{}
		if f := p.facts[choice.Path]; f != nil {
			pos = packagePosition(f.pkg)
		}
		b.decide(pos, category.Keep, "package "+choice.Path, choice.Reason)
	}
	slices.SortFunc(fn.Exports, func(a, b *Export) int {
		return cmp.Or(strings.Compare(a.Service.Name, b.Service.Name), comparePositions(a.Pos, b.Pos))
	})
	slices.SortFunc(fn.Imports, func(a, b *Import) int {
		return cmp.Or(strings.Compare(a.Service.Name, b.Service.Name), comparePositions(a.Pos, b.Pos))
	})
	fn.Decisions = sortDecisions(fn.Decisions)
	fn.Diagnostics = SortDiagnostics(fn.Diagnostics)
	return fn
}

// servesNothing reports whether fn exports no service of the user's.
func (fn *Function) servesNothing() bool {
	return !slices.ContainsFunc(fn.Exports, func(e *Export) bool { return !grpcpkg.Is(e.Service.PkgPath) })
}

type builder struct {
	*program
	fn      *Function
	reached map[*types.Func]bool
	// What is reached, of all packages.
	clients []located[*usage.Client]
	dials   []located[*usage.Dial]
	listens []located[*usage.Listen]
	dialled map[*usage.Dial]token.Position
	counts  map[string]bool // packages whose gRPC is that of guests
}

// A located site is one of a package of the program.
type located[T any] struct {
	site T
	pos  token.Position
	usage.Site
}

// settled returns the sites that count: one that depends on parameters counts
// only if no call of its function is reached that says more.
func settled[T any](all []located[T]) []located[T] {
	closed := make(map[string]bool)
	for _, l := range all {
		closed[l.ID] = closed[l.ID] || !l.Open
	}
	return slices.DeleteFunc(slices.Clone(all), func(l located[T]) bool { return l.Open && closed[l.ID] })
}

// settle adds what depends on the packages together.
func (b *builder) settle() {
	for _, l := range settled(b.clients) {
		i := &Import{
			Service: b.service(l.site.Service), Pos: l.pos,
			Target: l.site.Target, Dial: b.dialled[l.site.Dial], Reason: l.Reason,
		}
		b.fn.Imports = append(b.fn.Imports, i)
		b.decide(i.Pos, category.Import, i.Service.Name, i.Reason)
	}
	for _, l := range settled(b.dials) {
		b.decide(l.pos, category.Dial, "dial", l.Reason)
	}
	var serving []Value
	addresses := make(map[string][]Value) // by site
	for _, l := range settled(b.listens) {
		addresses[l.ID] = appendNew(addresses[l.ID], l.site.Address)
		if l.site.Use != usage.Kept {
			serving = appendNew(serving, l.site.Address)
		}
	}
	for _, l := range b.listens {
		b.listen(l, addresses[l.ID])
	}
	// A function that serves in one place serves everything there.
	for _, e := range b.fn.Exports {
		if len(e.Listen) == 0 {
			e.Listen = slices.Clone(serving)
		}
	}
}

func appendNew(list []Value, v Value) []Value {
	if slices.Contains(list, v) {
		return list
	}
	return append(list, v)
}

// listen adds what was decided about a listener, of which the addresses are
// known.
func (b *builder) listen(l located[*usage.Listen], addresses []Value) {
	var names []string
	for _, v := range addresses {
		names = append(names, v.String())
	}
	subject := "listen on " + strings.Join(names, " or ")
	switch {
	case l.site.Rewritten():
		b.decide(l.pos, category.Rewrite, subject, l.Reason)
	case l.site.Use == usage.Kept:
		b.decide(l.pos, category.Keep, subject, l.Reason)
	case l.site.Opener != nil:
		b.decide(l.pos, category.Rewrite, subject, l.Reason)
	}
}

func (b *builder) decide(pos token.Position, category, subject, reason string) {
	b.fn.Decisions = append(b.fn.Decisions, Decision{pos, category, subject, reason})
}

func (b *builder) diagnose(pos token.Position, category, message string) {
	b.fn.Diagnostics = append(b.fn.Diagnostics, Diagnostic{pos, category, message})
}

// runs reports whether main reaches the code of fn; nil is initialization.
func (b *builder) runs(fn *types.Func) bool { return fn == nil || b.reached[fn] }

// has reports whether s is a site of the function's: its code is reached, and it
// is not in a package that keeps the real gRPC.
func (b *builder) has(s usage.Site) bool { return b.runs(s.Func) && (s.Pkg == "" || b.counts[s.Pkg]) }

// sites adds what one package exports and imports.
func (b *builder) sites(f *packageFacts) {
	position := f.pkg.Fset.Position
	for _, reg := range f.usage.Registrations {
		if reg.Service == nil || !b.runs(reg.Func) {
			continue
		}
		e := &Export{Service: b.service(reg.Service), Pos: position(reg.Pos), Reason: reg.Reason}
		if reg.Server != nil {
			e.Server = position(reg.Server.Pos)
			for _, serve := range f.usage.Serves {
				if serve.Server == reg.Server && serve.Listen != nil {
					e.Listen = append(e.Listen, serve.Listen.Address)
				}
			}
		}
		b.fn.Exports = append(b.fn.Exports, e)
		b.decide(e.Pos, category.Export, e.Service.Name, e.Reason)
	}
	for _, client := range f.usage.Clients {
		if b.has(client.Site) {
			b.clients = append(b.clients, located[*usage.Client]{client, position(client.Pos), client.Site})
		}
		if client.Dial != nil {
			b.dialled[client.Dial] = position(client.Dial.Pos)
		}
	}
	for _, dial := range f.usage.Dials {
		if b.has(dial.Site) {
			b.dials = append(b.dials, located[*usage.Dial]{dial, position(dial.Pos), dial.Site})
		}
	}
	for _, l := range f.usage.Listens {
		if b.has(l.Site) {
			b.listens = append(b.listens, located[*usage.Listen]{l, position(l.Pos), l.Site})
		}
	}
	for _, o := range f.usage.Outbound {
		if b.runs(o.Func) && !f.usage.IsNeed(o.Pos) {
			b.decide(position(o.Pos), category.Keep, o.What+" to "+o.Address.String(), o.Reason)
		}
	}
	for _, problem := range f.usage.Problems {
		if b.runs(problem.Func) {
			b.diagnose(position(problem.Pos), problem.Category, problem.Message)
		}
	}
}

// rewritten adds a package that is rewritten. copies has the paths of copies by
// those of the originals.
func (b *builder) rewritten(choice rewrite.Choice, copies map[string]string) {
	pkg := &Package{PkgPath: choice.Path, Module: choice.Module, Reason: choice.Reason, Copy: choice.Copy}
	if p := b.pkgs[choice.Path]; p != nil {
		pkg.Dir = directory(p)
		pkg.Package = p
		if f := b.facts[choice.Path]; f != nil && f.rewrite != nil {
			pkg.Files = f.rewrite.Files
		}
		pkg.Files = rewrite.Redirect(p.Fset, p.Syntax, pkg.Files, copies)
		b.decide(packagePosition(p), category.Rewrite, "package "+choice.Path, choice.Reason)
	}
	b.fn.Rewritten = append(b.fn.Rewritten, pkg)
}
