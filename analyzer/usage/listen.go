package usage

import (
	"fmt"
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"

	"github.com/cofaas/cofaas/analyzer/internal/category"
	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
)

// listen collects calls that make a listener.
func (c *collector) listen(cur inspector.Cursor, call *ast.CallExpr) {
	fn := calleeFunc(c.TypesInfo, call)
	if fn == nil {
		return
	}
	var opens Opens
	if c.flow.fact(fn.Origin(), &opens) {
		e := &evaluator{flow: c.flow, in: c.flow.function(cur)}
		l := &Listen{Address: e.instantiate(opens.Address, value{cur: cur}).Value(), Opener: fn, call: call}
		c.addListen(cur, l, opens.Result, fmt.Sprintf(", made in %s at %s", qualified(fn), opens.Where))
		return
	}
	kind, address, ok := listenCall(fn)
	if !ok || address >= len(call.Args) {
		c.unsupported(cur, call, fn)
		return
	}
	arg := value{cur: cur.ChildAt(edge.CallExpr_Args, address)}
	t := c.flow.term(arg, nil)
	l := &Listen{Kind: kind, Address: t.Value(), call: call}
	c.addListen(cur, l, 0, "")
	if (l.Use == RPC || l.Use == Shared) && t.has(OpUnknown) {
		// Callers in other packages may know more.
		c.abstract(&l.Site, &Pattern{Kind: ListenPattern, Target: c.flow.term(arg, l.Func)})
	}
}

// listenCall says how fn listens, and which argument is the address.
func listenCall(fn *types.Func) (kind ListenKind, address int, ok bool) {
	switch recv := fn.Signature().Recv(); {
	case recv == nil && isFunc(fn, "net", "Listen"):
		return NetListen, 1, true
	case recv == nil && isFunc(fn, "crypto/tls", "Listen"):
		return TLSListen, 1, true
	case recv != nil && isFunc(fn, "net", "Listen") && grpcpkg.IsType(recv.Type(), "net", "ListenConfig"):
		return ConfigListen, 2, true
	}
	return 0, 0, false
}

// addListen adds l, whose listener is a result of the call at cur.
func (c *collector) addListen(cur inspector.Cursor, l *Listen, result int, how string) {
	v := c.classify(c.flow.sinks(value{cur: cur, result: result}, c.wrapped))
	l.Site = c.site(cur, v.reason+how)
	l.Use = v.use
	c.result.Listens = append(c.result.Listens, l)
	if v.use == Shared {
		c.problem(l.Site, category.ListenerShared,
			"listener "+v.reason+": the host serves gRPC in the guest's place, and what else is served is reached only if -listen maps the port")
	}
	for _, s := range c.result.Serves {
		for _, call := range v.serves {
			if s.call == call && s.Listen == nil {
				s.Listen = l
			}
		}
	}
}

// unsupported reports gRPC that is served on a listener of a type for which
// guests have none of their own.
func (c *collector) unsupported(cur inspector.Cursor, call *ast.CallExpr, fn *types.Func) {
	if !grpcpkg.IsFunc(fn, "net", "ListenTCP", "ListenUnix", "FileListener") || fn.Signature().Recv() != nil {
		return
	}
	if v := c.classify(c.flow.sinks(value{cur: cur}, c.wrapped)); len(v.serves) > 0 {
		c.problem(c.site(cur, ""), category.ListenerUnsupported,
			qualified(fn)+" makes a listener of the guest's own, and it serves gRPC: make it with net.Listen")
	}
}

// openers exports which functions return a listener that they make.
func (c *collector) openers() {
	if c.Pkg.Name() == "main" {
		return
	}
	for _, fn := range c.flow.declarations() {
		b, _ := c.flow.declared(fn)
		for i := range b.sig.Results().Len() {
			if !isListener(b.sig.Results().At(i).Type()) {
				continue
			}
			if fact := c.opens(fn, b, i); fact != nil {
				c.ExportObjectFact(fn, fact)
			}
		}
	}
}

// opens returns the fact about result i of fn if it is a listener that fn makes.
func (c *collector) opens(fn *types.Func, b body, i int) *Opens {
	isListen := func(call *ast.CallExpr) bool {
		callee := calleeFunc(c.TypesInfo, call)
		if callee == nil {
			return false
		}
		_, _, ok := listenCall(callee)
		return ok
	}
	for _, v := range b.returned(c.flow, i) {
		for _, leaf := range c.flow.origins(v, query{in: fn}) {
			call, ok := leaf.expr().(*ast.CallExpr)
			if !ok {
				continue
			}
			callee := calleeFunc(c.TypesInfo, call)
			e := &evaluator{flow: c.flow, in: fn}
			if isListen(call) {
				_, address, _ := listenCall(callee)
				if address < len(call.Args) {
					return &Opens{i, e.term(leaf.at(leaf.cur.ChildAt(edge.CallExpr_Args, address))), c.where(call.Pos())}
				}
			}
			var fact Opens
			if callee != nil && c.flow.fact(callee.Origin(), &fact) && fact.Result == leaf.result {
				return &Opens{i, e.instantiate(fact.Address, value{cur: leaf.cur, frame: leaf.frame}), c.where(call.Pos())}
			}
		}
	}
	return nil
}

// outbound collects calls that make a connection of package net.
func (c *collector) outbound(cur inspector.Cursor, call *ast.CallExpr) {
	fn := calleeFunc(c.TypesInfo, call)
	if fn == nil {
		return
	}
	address, ok := dialAddress(fn)
	if !ok || address >= len(call.Args) {
		return
	}
	o := &Outbound{
		What:    qualified(fn),
		Address: c.flow.term(value{cur: cur.ChildAt(edge.CallExpr_Args, address)}, nil).Value(),
	}
	o.Use = Kept
	reason := "no dialer of gRPC calls it"
	for fnCur := range cur.Enclosing((*ast.FuncDecl)(nil), (*ast.FuncLit)(nil)) {
		if option := c.dials4grpc(fnCur); option != nil {
			o.Use = RPC
			reason = "it is called by the dialer that gRPC gets at " + c.where(option.Pos())
			break
		}
	}
	o.Site = c.site(cur, reason)
	c.result.Outbound = append(c.result.Outbound, o)
}

// dialAddress says which argument of fn is the address that it connects to.
func dialAddress(fn *types.Func) (int, bool) {
	if fn.Pkg() == nil {
		return 0, false
	}
	recv := fn.Signature().Recv()
	switch path := fn.Pkg().Path(); {
	case path == "net" && recv == nil && grpcpkg.IsFunc(fn, "net", "Dial", "DialTimeout"):
		return 1, true
	case path == "net" && recv != nil && grpcpkg.IsType(recv.Type(), "net", "Dialer"),
		path == "crypto/tls" && recv != nil && grpcpkg.IsType(recv.Type(), "crypto/tls", "Dialer"):
		switch fn.Name() {
		case "Dial":
			return 1, true
		case "DialContext":
			return 2, true
		}
	case path == "crypto/tls" && recv == nil:
		switch fn.Name() {
		case "Dial":
			return 1, true
		case "DialWithDialer":
			return 2, true
		}
	}
	return 0, false
}

// dials4grpc returns the call of the option to which the function at cur is
// passed as a dialer, or nil.
func (c *collector) dials4grpc(cur inspector.Cursor) *ast.CallExpr {
	var uses []inspector.Cursor
	switch n := cur.Node().(type) {
	case *ast.FuncLit:
		uses = []inspector.Cursor{cur}
	case *ast.FuncDecl:
		if fn, ok := c.TypesInfo.Defs[n.Name].(*types.Func); ok {
			for _, use := range c.flow.uses[fn] {
				if use.ParentEdgeKind() == edge.SelectorExpr_Sel {
					use = use.Parent()
				}
				uses = append(uses, use)
			}
		}
	}
	follow := func(sink) int { return -1 }
	for _, use := range uses {
		if use.ParentEdgeKind() == edge.CallExpr_Fun {
			continue
		}
		for _, s := range c.flow.sinks(value{cur: use}, follow) {
			if s.kind == argument && isDialerOption(s.fn) {
				return s.call
			}
		}
	}
	return nil
}
