package hazards

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/analysis"

	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
)

// collect fills p with what the code of the package says.
func collect(pass *analysis.Pass, p *Package, below map[string]*Package) {
	c := &collector{pass: pass, info: pass.TypesInfo, pkg: p, below: below}
	files, byHand := handwritten(pass)
	initial := &Func{ID: initID(p.Path)}
	for _, file := range files {
		for _, spec := range file.Imports {
			if path, err := strconv.Unquote(spec.Path.Value); err == nil && path == "time/tzdata" {
				p.ZoneData = true
			}
		}
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				c.function(decl, initial, byHand[file])
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					switch spec := spec.(type) {
					case *ast.ValueSpec:
						if decl.Tok == token.VAR && !isAssertion(spec) {
							c.walk(initial, spec, nil, byHand[file])
						}
					case *ast.TypeSpec:
						c.typeSpec(spec)
					}
				}
			}
		}
	}
	p.Funcs = append(p.Funcs, initial)
}

// isAssertion reports whether spec only asserts that a type implements another: var _ I = (*T)(nil).
func isAssertion(spec *ast.ValueSpec) bool {
	for _, name := range spec.Names {
		if name.Name != "_" {
			return false
		}
	}
	return spec.Type != nil
}

// A collector summarizes the functions of one package.
type collector struct {
	pass     *analysis.Pass
	info     *types.Info
	pkg      *Package
	below    map[string]*Package
	literals int
}

func (c *collector) function(decl *ast.FuncDecl, initial *Func, byHand bool) {
	fn, ok := c.info.Defs[decl.Name].(*types.Func)
	if !ok || decl.Body == nil {
		return
	}
	f := initial
	if decl.Recv != nil || decl.Name.Name != "init" {
		f = &Func{ID: funcID(fn), Handler: isInterceptor(fn.Signature())}
		c.pkg.Funcs = append(c.pkg.Funcs, f)
	}
	c.walk(f, decl.Body, params(fn.Signature()), byHand)
}

// params returns the parameters of a signature by their numbers, the receiver being 0.
func params(sig *types.Signature) map[*types.Var]int {
	m := make(map[*types.Var]int)
	if recv := sig.Recv(); recv != nil {
		m[recv] = 0
	}
	for i := range sig.Params().Len() {
		m[sig.Params().At(i)] = i + 1
	}
	return m
}

func (c *collector) walk(f *Func, node ast.Node, params map[*types.Var]int, byHand bool) {
	ast.Inspect(node, c.newWalker(f, node, params, byHand).visit)
}

// typeSpec adds a named type with its methods, promoted ones included.
func (c *collector) typeSpec(spec *ast.TypeSpec) {
	obj, ok := c.info.Defs[spec.Name].(*types.TypeName)
	if !ok || obj.IsAlias() || types.IsInterface(obj.Type()) {
		return
	}
	t := &Type{ID: typeID(obj)}
	for sel := range types.NewMethodSet(types.NewPointer(obj.Type())).Methods() {
		if fn, ok := sel.Obj().(*types.Func); ok && c.summarized(fn.Pkg()) && !types.IsInterface(fn.Signature().Recv().Type()) {
			t.Methods = append(t.Methods, Method{methodKey(fn), funcID(fn)})
		}
	}
	slices.SortFunc(t.Methods, func(a, b Method) int { return strings.Compare(a.Key, b.Key) })
	if st, ok := obj.Type().Underlying().(*types.Struct); ok {
		for field := range st.Fields() {
			if held := c.named(field.Type()); held != "" {
				t.Holds = append(t.Holds, held)
			}
		}
	}
	c.pkg.Types = append(c.pkg.Types, t)
}

// named returns the ID of a named type, which is no interface, of a package that is summarized, or "".
func (c *collector) named(t types.Type) string {
	named, ok := types.Unalias(t).(*types.Named)
	if !ok || types.IsInterface(named) || !c.summarized(named.Obj().Pkg()) {
		return ""
	}
	return typeID(named.Obj())
}

// summarized reports whether there are summaries of a package's functions.
func (c *collector) summarized(pkg *types.Package) bool {
	return pkg != nil && (pkg == c.pass.Pkg || c.below[pkg.Path()] != nil)
}

func (c *collector) where(pos token.Pos) string {
	posn := c.pass.Fset.Position(pos)
	return fmt.Sprintf("%s:%d", filepath.Base(posn.Filename), posn.Line)
}

func initID(path string) string { return path + ".init" }

func funcID(fn *types.Func) string { return fn.Origin().FullName() }

func typeID(obj *types.TypeName) string { return obj.Pkg().Path() + "." + obj.Name() }

// methodKey is equal for a method of an interface and one that implements it. Parameters of generic types have names that differ: there,
// only their number counts.
func methodKey(fn *types.Func) string {
	sig := fn.Signature()
	key := fn.Name() + "("
	for _, tuple := range []*types.Tuple{sig.Params(), sig.Results()} {
		for v := range tuple.Variables() {
			key += typeKey(v.Type()) + ","
		}
		key += ")"
	}
	return key
}

func typeKey(t types.Type) string {
	if _, ok := types.Unalias(t).(*types.TypeParam); ok {
		return "_"
	}
	return types.TypeString(types.Unalias(t), nil)
}

// isInterceptor reports whether gRPC calls functions of that signature on the way to a handler or a callee.
func isInterceptor(sig *types.Signature) bool {
	return grpcpkg.ParamIndex(sig, func(t types.Type) bool {
		return grpcpkg.IsType(t, grpcpkg.Path, "UnaryServerInfo") || grpcpkg.IsType(t, grpcpkg.Path, "StreamServerInfo") ||
			grpcpkg.IsType(t, grpcpkg.Path, "UnaryInvoker") || grpcpkg.IsType(t, grpcpkg.Path, "Streamer")
	}) >= 0
}
