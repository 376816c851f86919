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

// dial collects calls that make a connection.
func (c *collector) dial(cur inspector.Cursor, call *ast.CallExpr) {
	i, ok := c.flow.dialled(call)
	if !ok {
		return
	}
	in := c.flow.function(cur)
	t := c.flow.term(value{cur: cur.ChildAt(edge.CallExpr_Args, i)}, in)
	reason := "target is " + t.Value().describe()
	if where := c.dialer(call); where != "" {
		reason += ", with a dialer of its own at " + where
	}
	d := &Dial{Site: c.site(cur, reason), Target: t.Value(), call: call}
	if c.abstract(&d.Site, &Pattern{Kind: DialPattern, Target: t}) {
		return
	}
	c.result.Dials = append(c.result.Dials, d)
	c.dials[call] = d
}

// dialer returns where an option of call, a dial, says how to connect, or "".
func (c *collector) dialer(call *ast.CallExpr) string {
	for _, arg := range call.Args {
		if t := c.TypesInfo.TypeOf(arg); t == nil || !isOption(t) {
			continue
		}
		for _, leaf := range c.flow.origins(value{cur: c.at(arg)}, query{}) {
			option, ok := leaf.expr().(*ast.CallExpr)
			if ok && isDialerOption(calleeFunc(c.TypesInfo, option)) {
				return c.where(option.Pos())
			}
		}
	}
	return ""
}

// isOption reports whether t is grpc.DialOption, or a slice of them.
func isOption(t types.Type) bool {
	if slice, ok := t.Underlying().(*types.Slice); ok {
		t = slice.Elem()
	}
	return grpcpkg.IsType(t, grpcpkg.Path, "DialOption")
}

func isDialerOption(fn *types.Func) bool {
	return fn != nil && grpcpkg.IsFunc(fn, grpcpkg.Path, "WithContextDialer", "WithDialer")
}

// describe returns v for use in a sentence.
func (v Value) describe() string {
	if v.Known {
		return fmt.Sprintf("%q", v.Const)
	}
	return "not constant: " + v.String()
}

// connection returns what is known of the connection v, in terms of the
// parameters of in, and the only dial of this package that it comes from, or
// nil.
func (c *collector) connection(v value, in *types.Func) (*Term, *Dial) {
	t := c.flow.term(v, in)
	var found *Dial
	for _, leaf := range c.flow.origins(v, query{in: in}) {
		d := c.dials[leaf.outermost()]
		if d == nil {
			d = c.dials[leaf.cur.Node()]
		}
		if d == nil || found != nil && found != d {
			return t, nil
		}
		found = d
	}
	return t, found
}

// client collects calls of functions that make a client.
func (c *collector) client(cur inspector.Cursor, call *ast.CallExpr) {
	fn := calleeFunc(c.TypesInfo, call)
	if fn == nil {
		c.clientValue(cur, call)
		return
	}
	s := c.services.Constructs[fn.Origin()]
	if s == nil {
		return
	}
	c.clientOn(cur, call, &Pattern{Kind: ClientPattern, Service: s}, "")
}

// clientValue is client for calls of function values: of what they are known to
// be, or of a parameter.
func (c *collector) clientValue(cur inspector.Cursor, call *ast.CallExpr) {
	if _, ok := c.argument(call, grpcpkg.IsConn); !ok {
		return
	}
	fun := value{cur: cur.ChildAt(edge.CallExpr_Fun, -1)}
	in := c.flow.function(cur)
	for _, leaf := range c.flow.origins(fun, query{in: in}) {
		if p, ok := c.flow.parameterOf(leaf); ok && p.fn != nil && p.fn == in && p.index >= 0 && leaf.field == "" {
			c.clientOn(cur, call, &Pattern{Kind: ClientPattern, Constructor: p.index + 1}, "")
			continue
		}
		if fn := c.flow.funcNamed(leaf.expr()); fn != nil {
			if s := c.services.Constructs[fn.Origin()]; s != nil {
				c.named[leaf.expr().Pos()] = true
				c.clientOn(cur, call, &Pattern{Kind: ClientPattern, Service: s}, "")
			}
		}
	}
}

// clientOn adds a client that the call at cur makes on the connection that is
// its argument.
func (c *collector) clientOn(cur inspector.Cursor, call *ast.CallExpr, p *Pattern, how string) {
	conn, ok := c.argument(call, grpcpkg.IsConn)
	if !ok {
		p.Target = unknownTerm("connection: " + c.describe(value{cur: cur}) + " takes none")
		c.addClient(cur, p, nil, how)
		return
	}
	c.clientWith(cur, conn, p, how)
}

func (c *collector) clientWith(cur, conn inspector.Cursor, p *Pattern, how string) {
	var dial *Dial
	p.Target, dial = c.connection(value{cur: conn}, c.flow.function(cur))
	c.addClient(cur, p, dial, how)
}

// addClient adds the client that p describes at cur. how ends its
// reason.
func (c *collector) addClient(cur inspector.Cursor, p *Pattern, dial *Dial, how string) {
	client := &Client{
		Site: c.site(cur, c.targetReason(p.Target, dial)+how), Service: p.Service, Dial: dial, Target: p.Target.Value(),
	}
	if p.ID != "" {
		client.ID, client.Pkg = p.ID, p.Pkg
	}
	if c.abstract(&client.Site, p) || p.Service == nil {
		return
	}
	c.result.Clients = append(c.result.Clients, client)
}

func (c *collector) targetReason(t *Term, dial *Dial) string {
	switch {
	case dial != nil:
		return fmt.Sprintf("dialled at %s, target is %s", c.where(dial.Pos), t.Value().describe())
	case t.Op == OpUnknown:
		return "its connection is not known: it is " + t.Text
	}
	return "target is " + t.Value().describe()
}

// invoke collects calls of Invoke and NewStream outside of generated clients.
func (c *collector) invoke(cur inspector.Cursor, call *ast.CallExpr) {
	info := c.TypesInfo
	if !services.IsInvoke(info, call) {
		return
	}
	in := c.flow.function(cur)
	if in != nil && in.Signature().Recv() != nil && c.services.Clients[grpcpkg.TypeName(in.Signature().Recv().Type())] != nil {
		return
	}
	methods := c.methods(cur, call, in)
	if len(methods) == 0 {
		if !c.forwards(cur, "Invoke", "NewStream") {
			c.problem(c.site(cur, ""), category.Unroutable,
				"call of a method that is not known: name the method by a constant, or use a generated client")
		}
		return
	}
	for _, m := range methods {
		p := &Pattern{Kind: ClientPattern, Service: c.services.Raw(m.service, m.method)}
		const how = ", called without a generated client"
		if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok && grpcpkg.IsConn(info.TypeOf(sel.X)) {
			c.clientWith(cur, c.at(sel.X), p, how)
		} else {
			c.clientOn(cur, call, p, how)
		}
	}
}

type calledMethod struct{ service, method string }

// methods returns what the call of Invoke or NewStream at cur calls, if all of it
// is known.
func (c *collector) methods(cur inspector.Cursor, call *ast.CallExpr, in *types.Func) []calledMethod {
	if service, method, ok := services.CalledMethod(c.TypesInfo, call); ok {
		return []calledMethod{{service, method}}
	}
	for i, arg := range call.Args {
		if !isString(c.TypesInfo.TypeOf(arg)) {
			continue
		}
		t := c.flow.term(value{cur: cur.ChildAt(edge.CallExpr_Args, i)}, nil)
		list := []*Term{t}
		if t.Op == OpEither {
			list = t.Args
		}
		var methods []calledMethod
		for _, t := range list {
			service, method, ok := services.SplitMethod(t.Text)
			if t.Op != OpConst || !ok {
				return nil
			}
			methods = append(methods, calledMethod{service, method})
		}
		return methods
	}
	return nil
}

// mentions collects uses of functions that register a service or make a client
// other than calls: as values, they are called by something else.
func (c *collector) mentions() {
	for cur := range c.flow.root.Preorder((*ast.File)(nil)) {
		if c.services.Generated(cur.Node().(*ast.File)) {
			continue
		}
		for cur := range cur.Preorder((*ast.Ident)(nil)) {
			fn, ok := c.TypesInfo.Uses[cur.Node().(*ast.Ident)].(*types.Func)
			if !ok {
				continue
			}
			expr := cur
			if expr.ParentEdgeKind() == edge.SelectorExpr_Sel {
				expr = expr.Parent()
			}
			if expr.ParentEdgeKind() == edge.CallExpr_Fun || c.named[expr.Node().Pos()] {
				continue
			}
			if s := c.services.Registers[fn.Origin()]; s != nil {
				c.registration(expr, s, nil, qualified(fn)+" is used as a value")
			}
			if s := c.services.Constructs[fn.Origin()]; s != nil {
				p := &Pattern{Kind: ClientPattern, Service: s, Target: unknownTerm("not known, since " + qualified(fn) + " is used as a value")}
				c.addClient(expr, p, nil, "")
			}
		}
	}
}
