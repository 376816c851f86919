package usage

import (
	"fmt"
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"

	"github.com/cofaas/cofaas/analyzer/internal/category"
	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
	"github.com/cofaas/cofaas/analyzer/services"
)

func (c *collector) server(cur inspector.Cursor, call *ast.CallExpr) {
	if fn := calleeFunc(c.pass.TypesInfo, call); fn != nil && isNewServer(fn) {
		c.result.Servers = append(c.result.Servers, &Server{
			Site: c.site(cur, "grpc.NewServer is called"), call: call,
		})
	}
}

func isNewServer(fn *types.Func) bool {
	return grpcpkg.IsFunc(fn, grpcpkg.Path, "NewServer") && fn.Signature().Recv() == nil
}

// serverOf returns the server that the registrar at cur is.
func (c *collector) serverOf(cur inspector.Cursor) (*Server, string) {
	call, why := c.theCall(cur, func(*ast.CallExpr) bool { return false })
	for _, s := range c.result.Servers {
		if s.call == call {
			return s, fmt.Sprintf("with the server made at %s", c.where(s.Pos))
		}
	}
	if why == "" {
		why = "it comes from " + c.describe(value{cur: c.at(call)})
	}
	return nil, "with a server that is not known: " + why
}

func (c *collector) at(n ast.Node) inspector.Cursor {
	cur, _ := c.flow.root.FindNode(n)
	return cur
}

func (c *collector) dial(cur inspector.Cursor, call *ast.CallExpr) {
	target, ok := c.target(call)
	if !ok {
		return
	}
	// A dial of a parameter that the function's callers choose is none of its
	// own: the calls of the function are.
	if fn := c.flow.function(cur); fn != nil {
		if p, ok := c.flow.param[c.flow.variable(target)]; ok && p.fn == fn {
			if param, ok := c.dials[fn]; ok && param == p.index {
				return
			}
		}
	}
	v := c.flow.constant(c.at(target))
	c.result.Dials = append(c.result.Dials, &Dial{
		Site: c.site(cur, "target is "+v.describe()), Target: v, call: call,
	})
}

// describe returns v for use in a sentence.
func (v Value) describe() string {
	if v.Known {
		return fmt.Sprintf("%q", v.Const)
	}
	return "not constant: " + v.String()
}

// dialOf returns the dial that the connection at cur comes from.
func (c *collector) dialOf(cur inspector.Cursor) (*Dial, Value, string) {
	call, why := c.theCall(cur, c.isDial)
	for _, d := range c.result.Dials {
		if d.call == call {
			return d, d.Target, fmt.Sprintf("dialled at %s, target is %s", c.where(d.Pos), d.Target.describe())
		}
	}
	if why == "" {
		why = "it comes from " + c.describe(value{cur: c.at(call)})
	}
	return nil, unknown("connection: " + why), "its connection is not known: " + why
}

// register collects calls of functions that register a service, and of
// RegisterService itself where no such function does it.
func (c *collector) register(cur inspector.Cursor, call *ast.CallExpr) {
	fn := calleeFunc(c.pass.TypesInfo, call)
	if fn == nil {
		return
	}
	fn = fn.Origin()
	if s := c.services.Registers[fn]; s != nil {
		server, how := (*Server)(nil), "with an unknown server"
		if arg, ok := c.argument(call, grpcpkg.IsRegistrar); ok {
			server, how = c.serverOf(arg)
		}
		c.registration(cur, s, server, qualified(fn)+" registers it "+how)
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
	server, how := c.serverOf(c.at(sel.X))
	s := c.services.Describes[services.DescVar(c.pass.TypesInfo, call.Args[0])]
	c.registration(cur, s, server, "RegisterService is called "+how)
	if s == nil {
		c.problem(c.site(cur, ""), category.UnknownService,
			"registration of a service that is not known: pass a package-level grpc.ServiceDesc with a constant ServiceName")
	}
}

func (c *collector) registration(cur inspector.Cursor, s *services.Service, server *Server, reason string) {
	c.result.Registrations = append(c.result.Registrations, &Registration{
		Site: c.site(cur, reason), Service: s, Server: server,
	})
}

// client collects calls of functions that make a client.
func (c *collector) client(cur inspector.Cursor, call *ast.CallExpr) {
	fn := calleeFunc(c.pass.TypesInfo, call)
	if fn == nil {
		return
	}
	s := c.services.Constructs[fn.Origin()]
	if s == nil {
		return
	}
	conn, ok := c.argument(call, grpcpkg.IsConn)
	if !ok {
		c.addClient(cur, s, nil, unknown("connection: "+qualified(fn)+" takes none"), "its connection is not known")
		return
	}
	dial, target, reason := c.dialOf(conn)
	c.addClient(cur, s, dial, target, reason)
}

func (c *collector) addClient(cur inspector.Cursor, s *services.Service, dial *Dial, target Value, reason string) {
	c.result.Clients = append(c.result.Clients, &Client{
		Site: c.site(cur, reason), Service: s, Dial: dial, Target: target,
	})
}

// invoke collects calls of Invoke and NewStream outside of generated clients.
func (c *collector) invoke(cur inspector.Cursor, call *ast.CallExpr) {
	info := c.pass.TypesInfo
	if !services.IsInvoke(info, call) {
		return
	}
	in := c.flow.function(cur)
	if in != nil && in.Signature().Recv() != nil && c.services.Clients[services.TypeName(in.Signature().Recv().Type())] != nil {
		return
	}
	name, method, ok := services.CalledMethod(info, call)
	if !ok {
		if c.forwards(cur) {
			return
		}
		c.problem(c.site(cur, ""), category.Unroutable,
			"call of a method that is not known: name the method by a constant, or use a generated client")
		return
	}
	s := c.services.Raw(name, method)
	dial, target, reason := (*Dial)(nil), unknown("connection"), "its connection is not known"
	if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok && grpcpkg.IsConn(info.TypeOf(sel.X)) {
		dial, target, reason = c.dialOf(c.at(sel.X))
	} else if arg, ok := c.argument(call, grpcpkg.IsConn); ok {
		dial, target, reason = c.dialOf(arg)
	}
	c.addClient(cur, s, dial, target, "called without a generated client; "+reason)
}

// forwards reports whether cur is in a method that is itself called Invoke or
// NewStream, as those of connections that wrap another one.
func (c *collector) forwards(cur inspector.Cursor) bool {
	in := c.flow.function(cur)
	if in == nil || in.Signature().Recv() == nil {
		return false
	}
	return in.Name() == "Invoke" || in.Name() == "NewStream"
}

// mentions collects uses of functions that register a service or make a client
// other than calls: as values, they are called by something else.
func (c *collector) mentions() {
	for cur := range c.flow.root.Preorder((*ast.File)(nil)) {
		if c.services.Generated(cur.Node().(*ast.File)) {
			continue
		}
		for cur := range cur.Preorder((*ast.Ident)(nil)) {
			fn, ok := c.pass.TypesInfo.Uses[cur.Node().(*ast.Ident)].(*types.Func)
			if !ok {
				continue
			}
			expr := cur
			if expr.ParentEdgeKind() == edge.SelectorExpr_Sel {
				expr = expr.Parent()
			}
			if expr.ParentEdgeKind() == edge.CallExpr_Fun {
				continue
			}
			if s := c.services.Registers[fn.Origin()]; s != nil {
				c.registration(expr, s, nil, qualified(fn)+" is used as a value")
			}
			if s := c.services.Constructs[fn.Origin()]; s != nil {
				c.addClient(expr, s, nil, unknown("connection: "+qualified(fn)+" is used as a value"),
					qualified(fn)+" is used as a value")
			}
		}
	}
}

func (c *collector) serve(cur inspector.Cursor, call *ast.CallExpr) {
	fn := calleeFunc(c.pass.TypesInfo, call)
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

func (c *collector) listen(cur inspector.Cursor, call *ast.CallExpr) {
	fn := calleeFunc(c.pass.TypesInfo, call)
	if fn == nil || !isFunc(fn, "net", "Listen") {
		return
	}
	config := false
	if recv := fn.Signature().Recv(); recv != nil {
		if config = grpcpkg.IsType(recv.Type(), "net", "ListenConfig"); !config {
			return
		}
	}
	n := len(call.Args)
	if n < 2 {
		return // net.Listen(f())
	}
	v := c.classify(c.flow.sinks(value{cur: cur}, c.wrapped))
	l := &Listen{
		Site:    c.site(cur, v.reason),
		Use:     v.use,
		Config:  config,
		Network: c.flow.constant(c.at(call.Args[n-2])),
		Address: c.flow.constant(c.at(call.Args[n-1])),
		call:    call,
	}
	c.result.Listens = append(c.result.Listens, l)
	if v.shared {
		c.problem(l.Site, category.ListenerShared, "listener "+v.reason+": give each a listener of its own")
	} else if v.use == Unknown && len(v.serves) > 0 {
		c.problem(l.Site, category.ListenerUnknown, "listener serves gRPC, but "+v.reason+": pass it to Serve and to nothing else")
	}
	for _, s := range c.result.Serves {
		for _, call := range v.serves {
			if s.call == call && s.Listen == nil {
				s.Listen = l
			}
		}
	}
}

// linkServes reports the servers whose listener is no listen of the package,
// where it is not the caller's.
func (c *collector) linkServes() {
	for _, s := range c.result.Serves {
		if s.Listen != nil || len(s.call.Args) == 0 {
			continue
		}
		for _, leaf := range c.flow.origins(value{cur: c.at(s.call.Args[0])}, func(*ast.CallExpr) bool { return false }) {
			if call, ok := leaf.expr().(*ast.CallExpr); ok && c.foreign(call) {
				c.problem(s.Site, category.ListenerShared, fmt.Sprintf(
					"listener comes from %s: serve gRPC on a listener made by net.Listen", c.describe(leaf)))
			}
		}
	}
}

// foreign reports whether call makes a listener in a way that serves something
// else too, as a connection multiplexer does.
func (c *collector) foreign(call *ast.CallExpr) bool {
	fn := calleeFunc(c.pass.TypesInfo, call)
	if fn == nil || fn.Pkg() == nil || fn.Pkg().Path() == "net" || grpcpkg.Is(fn.Pkg().Path()) {
		return false
	}
	return fn.Signature().Recv() != nil && grpcpkg.ParamIndex(fn.Signature(), isListener) < 0
}
