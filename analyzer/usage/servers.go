package usage

import (
	"fmt"
	"go/ast"
	"go/types"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"

	"github.com/cofaas/cofaas/analyzer/internal/category"
	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
	"github.com/cofaas/cofaas/analyzer/services"
)

func (c *collector) server(cur inspector.Cursor, call *ast.CallExpr) {
	if fn := calleeFunc(c.TypesInfo, call); fn != nil && isNewServer(fn) {
		c.result.Servers = append(c.result.Servers, &Server{
			Site: c.site(cur, "grpc.NewServer is called"), call: call,
		})
	}
}

func isNewServer(fn *types.Func) bool {
	return grpcpkg.IsFunc(fn, grpcpkg.Path, "NewServer") && fn.Signature().Recv() == nil
}

// serverOf returns the server that the registrar at cur is, and says in words
// which one.
func (c *collector) serverOf(cur inspector.Cursor) (*Server, string) {
	in := c.flow.function(cur)
	leaves := c.serverLeaves(value{cur: cur}, in)
	switch len(leaves) {
	case 0:
		return nil, "with a server that is not known: nothing is assigned to it"
	case 1:
	default:
		return nil, "with " + c.oneOf(leaves)
	}
	leaf := leaves[0]
	if p, ok := c.flow.parameterOf(leaf); ok && p.fn != nil && p.fn == in {
		return nil, "with the server that callers of " + in.Name() + " pass"
	}
	var fact MakesServer
	if obj := c.flow.variable(leaf.expr()); obj != nil && c.flow.fact(obj, &fact) {
		return nil, fmt.Sprintf("with the server that %s gets at %s", c.describe(leaf), fact.Where)
	}
	call, ok := leaf.expr().(*ast.CallExpr)
	if !ok {
		return nil, "with a server that is not known: it comes from " + c.describe(leaf)
	}
	for _, s := range c.result.Servers {
		if s.call == call {
			return s, fmt.Sprintf("with the server made at %s", c.where(s.Pos))
		}
	}
	if fn := c.flow.calledFunc(leaf); fn != nil {
		if c.flow.fact(fn.Origin(), &fact) {
			return nil, fmt.Sprintf("with the server that %s makes at %s", qualified(fn), fact.Where)
		}
	}
	return nil, "with a server that is not known: it comes from " + c.describe(leaf)
}

// oneOf says in words that a server is one of several.
func (c *collector) oneOf(leaves []value) string {
	var places []string
	for _, leaf := range leaves {
		call, ok := leaf.expr().(*ast.CallExpr)
		if !ok {
			return "one of several servers"
		}
		if callee := calleeFunc(c.TypesInfo, call); callee == nil || !isNewServer(callee) {
			return "one of several servers"
		}
		places = append(places, c.where(call.Pos()))
	}
	return "the server made at " + strings.Join(places, " or ")
}

// serverLeaves returns where the server v comes from. If all that can be found
// are parameters of in, these are what it comes from; else the arguments count
// that callers pass.
func (c *collector) serverLeaves(v value, in *types.Func) []value {
	var leaves []value
	for _, leaf := range c.flow.origins(v, query{}) {
		leaves = append(leaves, c.unwrapServer(leaf)...)
	}
	if len(leaves) == 1 {
		if p, ok := c.flow.parameterOf(leaves[0]); ok && p.fn != in {
			return c.flow.origins(v, query{in: in})
		}
	}
	return leaves
}

// unwrapServer returns what the server of a struct around one comes from.
func (c *collector) unwrapServer(leaf value) []value {
	lit, ok := leaf.expr().(*ast.CompositeLit)
	if !ok {
		return []value{leaf}
	}
	for i := range lit.Elts {
		field, val := c.flow.field(lit, leaf.cur.ChildAt(edge.CompositeLit_Elts, i), i)
		if field != nil && grpcpkg.IsRegistrar(field.Type()) {
			return c.flow.origins(leaf.at(val), query{})
		}
	}
	if st := structOf(c.TypesInfo.TypeOf(lit)); st != nil {
		for field := range st.Fields() {
			if grpcpkg.IsRegistrar(field.Type()) && len(c.flow.store[field.Origin()]) > 0 {
				return c.flow.origins(c.flow.store[field.Origin()][0], query{})
			}
		}
	}
	return []value{leaf}
}

// serverFacts exports which functions return a server that they make, and which
// variables and fields hold one.
func (c *collector) serverFacts() {
	for _, fn := range c.flow.declarations() {
		b, _ := c.flow.declared(fn)
		for i := range b.sig.Results().Len() {
			if t := b.sig.Results().At(i).Type(); grpcpkg.IsRegistrar(t) || c.holdsServer(t) {
				if where := c.madeAt(b.returned(c.flow, i), fn); where != "" {
					c.ExportObjectFact(fn, &MakesServer{where})
				}
			}
		}
	}
	for _, v := range c.exportedVars() {
		if grpcpkg.IsRegistrar(v.Type()) {
			if where := c.madeAt(c.flow.store[v], nil); where != "" {
				c.ExportObjectFact(v, &MakesServer{where})
			}
		}
	}
}

// madeAt returns where the server is made that vs come from, or "".
func (c *collector) madeAt(vs []value, in *types.Func) string {
	for _, v := range vs {
		for _, leaf := range c.serverLeaves(v, in) {
			call, ok := leaf.expr().(*ast.CallExpr)
			if !ok {
				continue
			}
			if callee := calleeFunc(c.TypesInfo, call); callee != nil && isNewServer(callee) {
				return c.where(call.Pos())
			}
		}
	}
	return ""
}

// holdsServer reports whether t is a struct with a server in it.
func (c *collector) holdsServer(t types.Type) bool {
	st := structOf(t)
	if st == nil {
		return false
	}
	for field := range st.Fields() {
		if grpcpkg.IsRegistrar(field.Type()) {
			return true
		}
	}
	return false
}

// register collects calls of functions that register a service, and of
// RegisterService itself where no such function does it.
func (c *collector) register(cur inspector.Cursor, call *ast.CallExpr) {
	fn := calleeFunc(c.TypesInfo, call)
	if fn == nil {
		c.registerValue(cur, call)
		return
	}
	fn = fn.Origin()
	if s := c.services.Registers[fn]; s != nil {
		c.registerWith(cur, call, s, qualified(fn))
		return
	}
	var fact RegistersOwn
	if c.flow.fact(fn, &fact) {
		for _, s := range fact.Services {
			c.registerWith(cur, call, s, qualified(fn))
		}
		return
	}
	if !grpcpkg.IsFunc(fn, grpcpkg.Path, "RegisterService") || len(call.Args) == 0 {
		return
	}
	if in := c.flow.function(cur); in != nil && c.services.Registers[in] != nil {
		return // seen where that function is called
	}
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok {
		return
	}
	s := c.described(call.Args[0])
	if s == nil && c.forwards(cur, "RegisterService") {
		return
	}
	server, how := c.serverOf(c.at(sel.X))
	c.registration(cur, s, server, "RegisterService is called "+how)
	if s == nil {
		c.problem(c.site(cur, ""), category.UnknownService,
			"registration of a service that is not known: pass a package-level grpc.ServiceDesc with a constant ServiceName")
	}
}

func (c *collector) registerWith(cur inspector.Cursor, call *ast.CallExpr, s *services.Service, name string) {
	server, how := (*Server)(nil), "with an unknown server"
	if arg, ok := c.argument(call, isRegistrarLike); ok {
		server, how = c.serverOf(arg)
	}
	c.registration(cur, s, server, name+" registers it "+how)
}

// ownServices exports which functions of a package of gRPC register services of
// gRPC's own, as reflection.Register does. Other sites of gRPC do not count.
func ownServices(pass *analysis.Pass, registers map[*types.Func]*services.Service) {
	for _, file := range pass.Files {
		for _, decl := range file.Decls {
			decl, ok := decl.(*ast.FuncDecl)
			if !ok || decl.Body == nil {
				continue
			}
			fn, ok := pass.TypesInfo.Defs[decl.Name].(*types.Func)
			if !ok || grpcpkg.ParamIndex(fn.Signature(), isRegistrarLike) < 0 || registers[fn] != nil {
				continue
			}
			var fact RegistersOwn
			ast.Inspect(decl.Body, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok {
					if callee := calleeFunc(pass.TypesInfo, call); callee != nil && registers[callee] != nil {
						fact.Services = append(fact.Services, registers[callee])
					}
				}
				return true
			})
			if len(fact.Services) > 0 {
				pass.ExportObjectFact(fn, &fact)
			}
		}
	}
}

// isRegistrarLike reports whether t is what services are registered with, or an
// interface that embeds it.
func isRegistrarLike(t types.Type) bool {
	if grpcpkg.IsRegistrar(t) {
		return true
	}
	iface, ok := t.Underlying().(*types.Interface)
	if !ok {
		return false
	}
	for m := range iface.Methods() {
		if grpcpkg.IsFunc(m, grpcpkg.Path, "RegisterService") {
			return true
		}
	}
	return false
}

// registerValue is register for calls of function values.
func (c *collector) registerValue(cur inspector.Cursor, call *ast.CallExpr) {
	for _, v := range c.functionValues(cur) {
		if s := c.services.Registers[c.flow.funcNamed(v.expr()).Origin()]; s != nil {
			c.named[v.expr().Pos()] = true
			c.registerWith(cur, call, s, qualified(c.flow.funcNamed(v.expr())))
		}
	}
}

// functionValues returns the names of declared functions that the call at cur,
// of a variable, may call.
func (c *collector) functionValues(cur inspector.Cursor) []value {
	fun := cur.ChildAt(edge.CallExpr_Fun, -1)
	if _, ok := fun.Node().(*ast.FuncLit); ok {
		return nil
	}
	var names []value
	for _, leaf := range c.flow.origins(value{cur: fun}, query{}) {
		if c.flow.funcNamed(leaf.expr()) != nil {
			names = append(names, leaf)
		}
	}
	return names
}

// described returns the service that the description at e is of, or nil.
func (c *collector) described(e ast.Expr) *services.Service {
	if s := c.services.Describes[services.DescVar(c.TypesInfo, e)]; s != nil {
		return s
	}
	var found *services.Service
	for _, leaf := range c.flow.origins(value{cur: c.at(e)}, query{}) {
		v := services.DescVar(c.TypesInfo, leaf.expr())
		if leaf.cur.ParentEdgeKind() != edge.UnaryExpr_X {
			return nil // a copy, which may have another name
		}
		for decl := range leaf.cur.Enclosing((*ast.ValueSpec)(nil)) {
			// The literal that a variable of this package is set to.
			v, _ = c.TypesInfo.Defs[decl.Node().(*ast.ValueSpec).Names[0]].(*types.Var)
		}
		s := c.services.Describes[v]
		if s == nil || found != nil && found != s {
			return nil
		}
		found = s
	}
	return found
}

func (c *collector) registration(cur inspector.Cursor, s *services.Service, server *Server, reason string) {
	c.result.Registrations = append(c.result.Registrations, &Registration{
		Site: c.site(cur, reason), Service: s, Server: server,
	})
}

func (c *collector) serve(cur inspector.Cursor, call *ast.CallExpr) {
	fn := calleeFunc(c.TypesInfo, call)
	if fn == nil || !isServe(fn) {
		return
	}
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok {
		return
	}
	server, how := c.serverOf(c.at(sel.X))
	c.result.Serves = append(c.result.Serves, &Serve{
		Site: c.site(cur, "Serve is called "+how), Server: server, call: call,
	})
}

// forwards reports whether cur is in a method of one of these names, as those of
// connections and servers that wrap another one.
func (c *collector) forwards(cur inspector.Cursor, names ...string) bool {
	in := c.flow.function(cur)
	if in == nil || in.Signature().Recv() == nil {
		return false
	}
	for _, name := range names {
		if in.Name() == name {
			return true
		}
	}
	return false
}
