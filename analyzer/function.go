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
	b := &builder{
		program: p,
		fn:      fn,
		reached: reachable(pkg, usesGRPC(pkg)),
	}
	for _, node := range program.Reached() {
		if f := p.facts[node.Path]; f != nil && f.usage != nil {
			b.sites(f)
		}
	}
	for _, choice := range program.Rewritten {
		b.rewritten(p.facts[choice.Path], choice)
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
}

func (b *builder) decide(pos token.Position, category, subject, reason string) {
	b.fn.Decisions = append(b.fn.Decisions, Decision{pos, category, subject, reason})
}

func (b *builder) diagnose(pos token.Position, category, message string) {
	b.fn.Diagnostics = append(b.fn.Diagnostics, Diagnostic{pos, category, message})
}

// runs reports whether main reaches the code of fn; nil is initialization.
func (b *builder) runs(fn *types.Func) bool { return fn == nil || b.reached[fn] }

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
		if !b.runs(client.Func) {
			continue
		}
		i := &Import{
			Service: b.service(client.Service), Pos: position(client.Pos),
			Target: client.Target, Reason: client.Reason,
		}
		if client.Dial != nil {
			i.Dial = position(client.Dial.Pos)
		}
		b.fn.Imports = append(b.fn.Imports, i)
		b.decide(i.Pos, category.Import, i.Service.Name, i.Reason)
	}
	for _, l := range f.usage.Listens {
		subject := "listen on " + l.Address.String()
		switch {
		case l.Rewritten():
			b.decide(position(l.Pos), category.Rewrite, subject, l.Reason)
		case l.Use == usage.RPC:
			b.decide(position(l.Pos), category.Keep, subject, l.Reason+", but it is made by a net.ListenConfig")
		default:
			b.decide(position(l.Pos), category.Keep, subject, l.Reason)
		}
	}
	for _, problem := range f.usage.Problems {
		if b.runs(problem.Func) {
			b.diagnose(position(problem.Pos), problem.Category, problem.Message)
		}
	}
}

// rewritten adds a package that is rewritten.
func (b *builder) rewritten(f *packageFacts, choice rewrite.Choice) {
	pkg := &Package{PkgPath: choice.Path, Module: choice.Module, Reason: choice.Reason}
	if f != nil {
		pkg.Dir = directory(f.pkg)
		pkg.Package = f.pkg
		pkg.Files = f.rewrite.Files
		b.decide(packagePosition(f.pkg), category.Rewrite, "package "+choice.Path, choice.Reason)
	}
	b.fn.Rewritten = append(b.fn.Rewritten, pkg)
}
