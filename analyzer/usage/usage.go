package usage

import (
	_ "embed"
	"go/ast"
	"go/token"
	"go/types"
	"reflect"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/inspector"

	"github.com/cofaas/cofaas/analyzer/internal/analysisdoc"
	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
	"github.com/cofaas/cofaas/analyzer/internal/source"
	"github.com/cofaas/cofaas/analyzer/services"
)

//go:embed doc.go
var doc string

// Analyzer finds the uses of gRPC services and of listeners. It makes its own
// inspector rather than require one, so that packages without gRPC cost nothing.
var Analyzer = &analysis.Analyzer{
	Name:       "usage",
	Doc:        analysisdoc.MustExtract(doc, "usage"),
	Run:        run,
	Requires:   []*analysis.Analyzer{services.Analyzer},
	ResultType: reflect.TypeFor[*Result](),
	FactTypes: []analysis.Fact{
		new(Returns), new(Stores), new(Holds), new(Configures), new(Patterns),
		new(Opens), new(MakesServer), new(RegistersOwn), new(ListensFor),
	},
}

func run(pass *analysis.Pass) (any, error) {
	c := &collector{
		Pass:     pass,
		services: pass.ResultOf[services.Analyzer].(*services.Result),
		result:   new(Result),
		dials:    make(map[ast.Node]*Dial),
		patterns: make(map[*types.Func][]*Pattern),
		applied:  make(map[application]bool),
		named:    make(map[token.Pos]bool),
	}
	switch {
	case source.Std(pass):
		return c.result, nil
	case grpcpkg.Is(pass.Pkg.Path()):
		ownServices(pass, c.services.Registers)
		return c.result, nil
	}
	near, listens := services.Near(pass.Pkg), opensListeners(pass)
	if !near && !listens && !source.Owned(pass) && !wrapsLibrary(pass) {
		return c.result, nil
	}
	c.flow = newFlow(pass, inspector.New(source.Files(pass)))
	c.exportFacts()
	if near || listens {
		c.listeners()
	}
	if near {
		c.sites()
	}
	if source.Owned(pass) || wrapsLibrary(pass) {
		c.needs(near || listens)
	}
	c.exportPatterns()
	c.sort()
	return c.result, nil
}

// listeners collects what makes listeners and what takes them, which packages
// without gRPC do too.
func (c *collector) listeners() {
	c.listenerParams()
	c.openers()
	c.calls((*collector).server)
	c.calls((*collector).serve)
	c.calls((*collector).listen)
}

// sites collects the rest, in this order, since each step refers to the sites of
// earlier ones.
func (c *collector) sites() {
	c.serverFacts()
	c.calls((*collector).dial)
	c.apply(DialPattern) // before clients look for them
	c.calls((*collector).register)
	c.calls((*collector).client)
	c.calls((*collector).invoke)
	c.calls((*collector).outbound)
	c.apply(ClientPattern, ListenPattern)
	c.mentions()
	c.refused()
}

// opensListeners reports whether a package without gRPC may have to do with the
// listeners of others: it has a function that takes or returns one.
func opensListeners(pass *analysis.Pass) bool {
	if !imports(pass.Pkg, "net", "crypto/tls") {
		return false
	}
	for _, obj := range pass.TypesInfo.Defs {
		fn, ok := obj.(*types.Func)
		if !ok {
			continue
		}
		sig := fn.Signature()
		for _, tuple := range []*types.Tuple{sig.Params(), sig.Results()} {
			for v := range tuple.Variables() {
				if isListener(v.Type()) {
					return true
				}
			}
		}
	}
	return false
}

// configures reports whether a package may know targets and addresses for
// others: it reads settings, imports one that does, or has them in tags.
func configures(pass *analysis.Pass) bool {
	if pass.Pkg.Name() == "main" {
		return false
	}
	for _, obj := range pass.TypesInfo.Uses {
		if fn, ok := obj.(*types.Func); ok && isReader(fn) {
			return true
		}
	}
	for _, file := range pass.Files {
		if tagged(file) {
			return true
		}
	}
	for _, imp := range pass.Pkg.Imports() {
		if pass.ImportPackageFact(imp, new(Configures)) {
			return true
		}
	}
	return false
}

// tagged reports whether file has fields that are filled from the environment.
func tagged(file *ast.File) bool {
	found := false
	ast.Inspect(file, func(n ast.Node) bool {
		if field, ok := n.(*ast.Field); ok && field.Tag != nil && strings.Contains(field.Tag.Value, "env") {
			found = true
		}
		return !found
	})
	return found
}

func imports(pkg *types.Package, paths ...string) bool {
	for _, imp := range pkg.Imports() {
		for _, path := range paths {
			if imp.Path() == path {
				return true
			}
		}
	}
	return false
}
