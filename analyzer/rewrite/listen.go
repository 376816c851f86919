package rewrite

import (
	"go/ast"
	"go/token"
	"go/types"
	"strconv"
	"strings"

	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
	"github.com/cofaas/cofaas/analyzer/usage"
)

// listens points the calls that make listeners to the net of guests. What serves
// gRPC only needs no other listener:
//
//	net.Listen(network, address)            cofaasnet.Listen(network, address)
//	lc.Listen(ctx, network, address)        cofaasnet.ListenConfig(lc, ctx, network, address)
//	tls.Listen(network, address, config)    cofaasnet.ListenTLS(tls.NewListener, network, address, config)
//
// What may serve something else too makes the real one when somebody accepts from
// it. The function that does so is passed, since guests without that need not
// have it:
//
//	net.Listen(network, address)            cofaasnet.Shared(net.Listen, network, address)
//	lc.Listen(ctx, network, address)        cofaasnet.SharedConfig(lc.Listen, ctx, network, address)
//	tls.Listen(network, address, config)    cofaasnet.SharedTLS(tls.Listen, network, address, config)
func (e *editor) listens(listens []*usage.Listen) {
	moved := make(map[*types.PkgName][]ast.Expr) // what names the package net
	var others []*usage.Listen
	for _, l := range listens {
		if !l.Rewritten() || l.Pos < e.file.FileStart || l.Pos >= e.file.FileEnd {
			continue
		}
		name, x := e.names(l)
		if name == nil {
			others = append(others, l)
		} else {
			moved[name] = append(moved[name], x)
		}
	}
	if len(moved) == 0 && len(others) == 0 {
		return
	}
	alias := e.freeName("cofaasnet")
	for _, l := range others {
		e.listen(l, alias)
	}
	added := false
	for _, spec := range e.file.Imports {
		name := e.pass.TypesInfo.PkgNameOf(spec)
		exprs := moved[name]
		if name == nil || exprs == nil {
			continue
		}
		for _, x := range exprs {
			if name.Name() == "." {
				e.replace(x.Pos(), x.Pos(), alias+".")
			} else {
				e.replace(x.Pos(), x.End(), alias)
			}
		}
		e.importStub(spec, alias, e.uses(name) == len(exprs), added)
		added = true
	}
	if !added {
		e.addImport(alias)
	}
}

// names returns the import by which l calls net.Listen and the expression that
// names it, if it is enough to name another package there.
func (e *editor) names(l *usage.Listen) (*types.PkgName, ast.Expr) {
	if l.Kind != usage.NetListen || l.Use != usage.RPC {
		return nil, nil
	}
	switch fun := ast.Unparen(l.Call().Fun).(type) {
	case *ast.SelectorExpr:
		if id, ok := fun.X.(*ast.Ident); ok {
			name, _ := e.pass.TypesInfo.Uses[id].(*types.PkgName)
			return name, id
		}
	case *ast.Ident: // import . "net"
		return e.dotImport(), fun
	}
	return nil, nil
}

// listen rewrites a call so that what it calls becomes an argument.
func (e *editor) listen(l *usage.Listen, alias string) {
	fun := ast.Unparen(l.Call().Fun)
	start, rest := l.Call().Fun.Pos(), l.Call().Lparen+1
	begin := func(name string) { e.replace(start, start, alias+"."+name+"(") }
	switch {
	case l.Use != usage.RPC:
		begin(map[usage.ListenKind]string{
			usage.NetListen: "Shared", usage.TLSListen: "SharedTLS", usage.ConfigListen: "SharedConfig",
		}[l.Kind])
		e.replaceLines(l.Call().Fun.End(), rest, ", ")
	case l.Kind == usage.TLSListen:
		begin("ListenTLS")
		e.replaceLines(nameOf(fun).Pos(), rest, "NewListener, ")
	case l.Kind == usage.ConfigListen:
		begin("ListenConfig")
		sel := fun.(*ast.SelectorExpr)
		e.replaceLines(sel.X.End(), rest, e.promotion(sel)+", ")
	}
}

// replaceLines is replace, with as many line breaks as there were.
func (e *editor) replaceLines(start, end token.Pos, text string) {
	e.replace(start, end, text+strings.Repeat("\n", e.tok.Line(end)-e.tok.Line(start)))
}

func nameOf(fun ast.Expr) *ast.Ident {
	if sel, ok := fun.(*ast.SelectorExpr); ok {
		return sel.Sel
	}
	return fun.(*ast.Ident)
}

// promotion returns the embedded fields through which sel selects a method, as
// in .Config.ListenConfig.
func (e *editor) promotion(sel *ast.SelectorExpr) string {
	s := e.pass.TypesInfo.Selections[sel]
	t, path := s.Recv(), ""
	for _, i := range s.Index()[:len(s.Index())-1] {
		if ptr, ok := t.Underlying().(*types.Pointer); ok {
			t = ptr.Elem()
		}
		field := t.Underlying().(*types.Struct).Field(i)
		path += "." + field.Name()
		t = field.Type()
	}
	return path
}

// addImport imports the net of guests in a file that need not import net.
func (e *editor) addImport(alias string) {
	stub := alias + " " + strconv.Quote(grpcpkg.StubNetPath)
	if len(e.file.Imports) == 0 {
		e.replace(e.file.Name.End(), e.file.Name.End(), "; import "+stub)
		return
	}
	spec := e.file.Imports[0]
	e.importStub(spec, alias, false, false)
}

// importStub imports the net of guests on the line of spec, and removes spec if
// it is unused.
func (e *editor) importStub(spec *ast.ImportSpec, alias string, unused, added bool) {
	stub := alias + " " + strconv.Quote(grpcpkg.StubNetPath)
	switch {
	case unused && !added:
		e.replace(spec.Pos(), spec.Path.End(), stub)
	case unused:
		// The package net is imported twice under different names.
		e.replace(spec.Pos(), spec.Path.End(), "_ "+spec.Path.Value)
	case added:
	case e.grouped(spec):
		e.replace(spec.Path.End(), spec.Path.End(), "; "+stub)
	default:
		e.replace(spec.Path.End(), spec.Path.End(), "; import "+stub)
	}
}

func (e *editor) grouped(spec *ast.ImportSpec) bool {
	for _, decl := range e.file.Decls {
		if gen, ok := decl.(*ast.GenDecl); ok && gen.Pos() <= spec.Pos() && spec.Pos() < gen.End() {
			return gen.Lparen.IsValid()
		}
	}
	return false
}

// dotImport returns the dot import of package net in the file, or nil.
func (e *editor) dotImport() *types.PkgName {
	for _, spec := range e.file.Imports {
		name := e.pass.TypesInfo.PkgNameOf(spec)
		if name != nil && name.Name() == "." && name.Imported().Path() == "net" {
			return name
		}
	}
	return nil
}

// uses returns how often the file uses an import.
func (e *editor) uses(name *types.PkgName) int {
	n := 0
	selected := make(map[*ast.Ident]bool)
	ast.Inspect(e.file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.SelectorExpr:
			selected[node.Sel] = true
		case *ast.Ident:
			obj := e.pass.TypesInfo.Uses[node]
			if obj == name ||
				name.Name() == "." && obj != nil && obj.Pkg() == name.Imported() && !selected[node] {
				n++
			}
		}
		return true
	})
	return n
}

// freeName returns name, or name with a number, such that it is neither used in
// the file nor declared by the package.
func (e *editor) freeName(name string) string {
	taken := make(map[string]bool)
	for _, id := range e.pass.Pkg.Scope().Names() {
		taken[id] = true
	}
	ast.Inspect(e.file, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			taken[id.Name] = true
		}
		return true
	})
	free := name
	for i := 2; taken[free]; i++ {
		free = name + strconv.Itoa(i)
	}
	return free
}
