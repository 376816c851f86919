package usage

import (
	"go/ast"
	"go/types"
	"path"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"

	"github.com/cofaas/cofaas/analyzer/internal/drivers"
	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
	"github.com/cofaas/cofaas/analyzer/internal/source"
)

// needs collects what the package needs of the system. Of the user's packages
// that is all that package drivers knows; of others only what they want of
// libraries that it knows, as far as the address is clear there or where they are
// called from: dependencies have much code that could dial, and hardly ever runs.
// listens says that listeners were collected already.
func (c *collector) needs(listens bool) {
	owned := source.Owned(c.Pass)
	c.calls(func(c *collector, cur inspector.Cursor, call *ast.CallExpr) {
		fns := []callee{{fn: calleeFunc(c.TypesInfo, call)}}
		if fns[0].fn == nil {
			fns = c.flow.called(value{cur: cur}) // of a function value, such as a getenv that is passed on
		}
		for _, callee := range fns {
			if fn := callee.fn; fn != nil && (owned || fn.Pkg() != nil && drivers.Library(fn.Pkg().Path())) {
				for _, i := range drivers.Find(fn.Origin()) {
					c.need(cur, fn, i, listens)
				}
			}
		}
	})
	c.apply(NeedPattern)
	for _, l := range c.result.Listens {
		if owned && (l.Use == Kept || l.Use == Shared) && l.call != nil {
			c.result.Needs = append(c.result.Needs, c.listenNeed(l))
		}
	}
	if !owned {
		c.result.Needs = slices.DeleteFunc(c.result.Needs, func(n *Need) bool { return n.Open })
	}
}

// wrapsLibrary reports whether a package imports libraries of which package
// drivers has functions, and belongs to none of them itself.
func wrapsLibrary(pass *analysis.Pass) bool {
	if drivers.Library(pass.Pkg.Path()) {
		return false
	}
	return slices.ContainsFunc(pass.Pkg.Imports(), func(imp *types.Package) bool {
		own := pass.Module != nil && (imp.Path() == pass.Module.Path || strings.HasPrefix(imp.Path(), pass.Module.Path+"/"))
		return !own && drivers.Library(imp.Path())
	})
}

// need adds what the call of fn at cur needs by an entry of package drivers.
func (c *collector) need(cur inspector.Cursor, fn *types.Func, entry int, listens bool) {
	e := drivers.At(entry)
	if _, _, ok := listenCall(fn); ok && listens && e.Kind == drivers.Listen {
		return // it is one of the Listens
	}
	if _, ok := dialAddress(fn); ok && c.inDialer(cur) != nil {
		return // the host dials in its place
	}
	in := c.flow.function(cur)
	p := &Pattern{Kind: NeedPattern, Entry: entry, What: qualified(fn)}
	if e.Form == drivers.Tags || e.Form == drivers.UntaggedTags {
		c.variables(cur, e, p, in)
	} else {
		t, ok := c.addressOf(cur, fn, e, in)
		if !ok {
			return
		}
		p.Target, p.Second = t, c.secondOf(cur, fn, e, in)
	}
	c.addNeed(cur, p, "")
}

// addNeed adds the needs that p describes at cur. how says where the call is, if
// it is not at cur.
func (c *collector) addNeed(cur inspector.Cursor, p *Pattern, how string) {
	site := c.site(cur, p.What+how)
	if p.ID != "" {
		site.ID, site.Pkg = p.ID, p.Pkg
	}
	if c.abstract(&site, p) {
		return
	}
	for _, at := range places(p) {
		c.result.Needs = append(c.result.Needs, &Need{site, Want{
			Kind: at.Kind, What: p.What, Network: at.Network, Address: at.term.Value(), NoPort: at.NoPort,
			Via: strings.TrimPrefix(how, ", called "), Note: at.Note,
		}})
	}
}

// listenNeed returns the need of a listener that serves something else than gRPC.
func (c *collector) listenNeed(l *Listen) *Need {
	n := &Need{l.Site, Want{Kind: ListenNeed, What: "net.Listen", Network: "tcp", Address: l.Address}}
	if fn := calleeFunc(c.TypesInfo, l.call); fn != nil {
		n.What = qualified(fn)
		if _, address, ok := listenCall(fn); ok {
			if v := c.flow.term(value{cur: c.at(l.call.Args[address-1])}, nil).Value(); v.Known {
				n.Network = v.Const
			}
		}
	}
	if l.Use == Shared {
		n.Note = "it serves gRPC too, which the host does in its place"
	}
	return n
}

// inDialer returns the option to which the function around cur is passed as a
// dialer of gRPC, or nil.
func (c *collector) inDialer(cur inspector.Cursor) *ast.CallExpr {
	for fn := range cur.Enclosing((*ast.FuncDecl)(nil), (*ast.FuncLit)(nil)) {
		if option := c.dials4grpc(fn); option != nil {
			return option
		}
	}
	return nil
}

// addressOf returns the address that the call of fn at cur leads to, in terms of
// parameters of in. It reports false if there is none: another call says it.
func (c *collector) addressOf(cur inspector.Cursor, fn *types.Func, e *drivers.Entry, in *types.Func) (*Term, bool) {
	ev := &evaluator{flow: c.flow, in: in}
	var t *Term
	switch {
	case e.Form == drivers.AWS:
		return c.region(cur, ev), true
	case e.Arg == drivers.Nowhere:
		var ok bool
		if t, ok = c.optionOf(cur, e, ev); !ok {
			return nil, false
		}
	case len(e.Fields) > 0:
		arg, ok := c.flow.argCursor(cur, e.Arg)
		if !ok {
			return unknownTerm("an argument that is not known"), true
		}
		if t, ok = c.fieldOf(value{cur: arg}, e, ev); !ok {
			return nil, false
		}
	default:
		args, ok := c.flow.args(cur, e.Arg)
		if !ok {
			return unknownTerm("an argument that is not known"), true
		}
		var terms []*Term
		for _, arg := range args {
			if isNil(c.TypesInfo, arg.Node()) {
				return nil, false // no address, as of a local end
			}
			terms = append(terms, ev.term(value{cur: arg}))
		}
		if len(terms) > 0 {
			t = alternatives(terms...)
		}
	}
	if t == nil || t.Op == OpConst && t.Text == "" {
		if e.Kind != drivers.Dial && e.Default == "" {
			return nil, false
		}
		t = usual(e)
	}
	return t, true
}

func isNil(info *types.Info, n ast.Node) bool {
	id, ok := n.(*ast.Ident)
	return ok && info.Uses[id] == types.Universe.Lookup("nil")
}

// usual returns the address that a library takes if it is given none.
func usual(e *drivers.Entry) *Term {
	var t *Term
	if e.Default != "" {
		t = constTerm(e.Default)
	}
	for _, name := range slices.Backward(e.Env) {
		t = setting(envKind, constTerm(name), t)
	}
	switch {
	case t != nil:
		return t
	case e.Form == drivers.SQL || e.Form == drivers.Postgres || e.Form == drivers.MySQL:
		return constTerm("") // which means something
	}
	return unknownTerm("no address is given")
}

// fieldOf returns what is known of the first of the fields of base that is set:
// nil if none is. It reports false if base is made by a function that package
// drivers knows.
func (c *collector) fieldOf(base value, e *drivers.Entry, ev *evaluator) (*Term, bool) {
	for _, leaf := range c.flow.origins(base, query{in: ev.in}) {
		if call, ok := leaf.expr().(*ast.CallExpr); ok {
			if fn := calleeFunc(c.TypesInfo, call); fn != nil && len(drivers.Find(fn.Origin())) > 0 {
				return nil, false
			}
		}
	}
	for _, name := range e.Fields {
		if t := ev.ownField(base, name); t != nil && (t.Op != OpConst || t.Text != "") {
			return t, true
		}
	}
	return nil, true
}

// optionOf returns what the options among the arguments of the call at cur say,
// or nil if none does. It reports false if they give the library a connection.
func (c *collector) optionOf(cur inspector.Cursor, e *drivers.Entry, ev *evaluator) (*Term, bool) {
	var terms []*Term
	for i := range cur.Node().(*ast.CallExpr).Args {
		for _, leaf := range c.flow.origins(value{cur: cur.ChildAt(edge.CallExpr_Args, i)}, query{in: ev.in}) {
			option, ok := leaf.expr().(*ast.CallExpr)
			if !ok {
				continue
			}
			fn := calleeFunc(c.TypesInfo, option)
			switch {
			case fn == nil:
			case fn.Name() == "WithGRPCConn":
				return nil, false
			case slices.Contains(e.Options, fn.Name()) && len(option.Args) > 0:
				terms = append(terms, ev.term(leaf.at(leaf.cur.ChildAt(edge.CallExpr_Args, 0))))
			}
		}
	}
	if len(terms) == 0 {
		return nil, true
	}
	return alternatives(terms...), true
}

// region returns the region of the configuration that the call at cur, of a
// client of AWS, gets.
func (c *collector) region(cur inspector.Cursor, ev *evaluator) *Term {
	def := setting(envKind, constTerm("AWS_REGION"), nil)
	arg, ok := c.flow.argCursor(cur, 0)
	if !ok {
		return def
	}
	for _, leaf := range c.flow.origins(value{cur: arg}, query{in: ev.in}) {
		call, ok := leaf.expr().(*ast.CallExpr)
		if !ok {
			if t := ev.ownField(value{cur: arg}, "Region"); t != nil && t.Op != OpUnknown {
				return t
			}
			continue
		}
		if fn := calleeFunc(c.TypesInfo, call); fn == nil || !strings.Contains(fn.Pkg().Path(), "/aws-sdk-go") {
			continue
		}
		if t, _ := c.optionOf(leaf.cur, &drivers.Entry{Options: []string{"WithRegion"}}, ev); t != nil {
			return t
		}
	}
	return def
}

// secondOf returns what else the entry wants to know of the call of fn at cur, or
// nil.
func (c *collector) secondOf(cur inspector.Cursor, fn *types.Func, e *drivers.Entry, in *types.Func) *Term {
	ev := &evaluator{flow: c.flow, in: in}
	switch {
	case e.Form == drivers.AWS:
		return constTerm(path.Base(fn.Pkg().Path()))
	case e.Second > 0:
		if arg, ok := c.flow.argCursor(cur, e.Second-1); ok {
			return ev.term(value{cur: arg})
		}
	case e.SecondField != "":
		if arg, ok := c.flow.argCursor(cur, e.Arg); ok {
			return ev.ownField(value{cur: arg}, e.SecondField)
		}
	}
	return nil
}

// literalAddress returns the term of the address that lit is, a net.TCPAddr or
// the like, or nil.
func (e *evaluator) literalAddress(v value, lit *ast.CompositeLit) *Term {
	field := func(name, otherwise string) *Term {
		if t := e.ownField(v, name); t != nil {
			return t
		}
		return constTerm(otherwise)
	}
	switch t := e.info.TypeOf(lit); {
	case grpcpkg.IsType(t, "net", "UnixAddr"):
		return field("Name", "")
	case grpcpkg.IsType(t, "net", "TCPAddr"), grpcpkg.IsType(t, "net", "UDPAddr"):
		return concat(field("IP", ""), constTerm(":"), field("Port", "0"))
	case grpcpkg.IsType(t, "net/url", "URL"):
		return concat(field("Scheme", ""), constTerm("://"), field("Host", ""))
	}
	return nil
}

// formatDSN returns the term of the data source name of a mysql.Config.
func (e *evaluator) formatDSN(config value) *Term {
	network, address := e.ownField(config, "Net"), e.ownField(config, "Addr")
	if network == nil {
		network = constTerm("tcp")
	}
	if address == nil {
		address = constTerm("")
	}
	return concat(network, constTerm("("), address, constTerm(")/"))
}
