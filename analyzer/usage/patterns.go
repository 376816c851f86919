package usage

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/types"
	"maps"
	"slices"

	"golang.org/x/tools/go/ast/inspector"

	"github.com/cofaas/cofaas/analyzer/services"
)

// abstract notes that site depends on parameters of the function that it is in,
// if p does, and reports whether calls of the function stand for it: then it is
// none of its own.
func (c *collector) abstract(site *Site, p *Pattern) bool {
	if site.Func == nil || !p.open() {
		return false
	}
	if p.ID == "" {
		p.ID, p.Pkg, p.Where = site.ID, c.Pkg.Path(), c.where(site.Pos)
	}
	site.Open = true
	fn := site.Func.Origin()
	c.patterns[fn] = append(c.patterns[fn], p)
	calls, all := c.flow.calls(fn)
	return all && len(calls) > 0
}

// open reports whether p depends on parameters.
func (p *Pattern) open() bool {
	return p.Constructor > 0 || p.TypeParam > 0 || p.Target.open() || p.Second != nil && p.Second.open()
}

// apply looks at the patterns of some kinds again where the functions are called
// that they depend on: those of others, and those of this package, from callee
// to caller.
func (c *collector) apply(kinds ...PatternKind) {
	c.calls(func(c *collector, cur inspector.Cursor, call *ast.CallExpr) {
		for _, callee := range c.flow.called(value{cur: cur}) {
			var fact Patterns
			if callee.fn == nil || !c.flow.fact(callee.fn.Origin(), &fact) {
				continue
			}
			for _, p := range fact.List {
				if slices.Contains(kinds, p.Kind) {
					c.applyAt(cur, p)
				}
			}
		}
	})
	for again := true; again; {
		again = false
		fns := slices.SortedFunc(maps.Keys(c.patterns), func(a, b *types.Func) int { return cmp.Compare(a.Pos(), b.Pos()) })
		for _, fn := range fns {
			calls, _ := c.flow.calls(fn)
			for _, call := range calls {
				for _, p := range c.patterns[fn] {
					if slices.Contains(kinds, p.Kind) {
						again = c.applyAt(call, p) || again
					}
				}
			}
		}
	}
}

// exportPatterns exports the patterns for callers in other packages.
func (c *collector) exportPatterns() {
	if c.Pkg.Name() == "main" {
		return
	}
	for fn, list := range c.patterns {
		c.ExportObjectFact(fn, &Patterns{list})
	}
}

// applyAt adds the site that p is for the call at cur. It reports false if it did
// so before.
func (c *collector) applyAt(cur inspector.Cursor, p *Pattern) bool {
	key := application{p, cur.Node()}
	if c.applied[key] || p.depth > maxFrames {
		return false
	}
	c.applied[key] = true
	in := c.flow.function(cur)
	e := &evaluator{flow: c.flow, in: in}
	q := &Pattern{Kind: p.Kind, Service: p.Service, ID: p.ID, Pkg: p.Pkg, Where: p.Where, depth: p.depth + 1,
		Target: e.instantiate(p.Target, value{cur: cur}), Entry: p.Entry, What: p.What}
	if p.Second != nil {
		q.Second = e.instantiate(p.Second, value{cur: cur})
	}
	verb := map[PatternKind]string{DialPattern: "dialled", ListenPattern: "called", ClientPattern: "made", NeedPattern: "called"}[p.Kind]
	how := fmt.Sprintf(", %s at %s", verb, p.Where)
	if fn := calleeFunc(c.TypesInfo, cur.Node().(*ast.CallExpr)); fn != nil {
		how = fmt.Sprintf(", %s in %s at %s", verb, qualified(fn), p.Where)
	}
	switch p.Kind {
	case DialPattern:
		c.applyDial(cur, q, how)
	case ListenPattern:
		c.applyListen(cur, q, how)
	case NeedPattern:
		if p.TypeParam > 0 {
			c.variablesOf(q, c.typeArgument(cur, p.TypeParam-1), in)
		}
		c.addNeed(cur, q, how)
	case ClientPattern:
		if p.Constructor == 0 {
			c.addClient(cur, q, c.dials[cur.Node()], how)
			break
		}
		for _, r := range c.constructors(cur, p.Constructor-1, in) {
			r.Kind, r.ID, r.Pkg, r.Where, r.Target, r.depth = q.Kind, q.ID, q.Pkg, q.Where, q.Target, q.depth
			c.addClient(cur, r, c.dials[cur.Node()], how)
		}
	}
	return true
}

func (c *collector) applyDial(cur inspector.Cursor, p *Pattern, how string) {
	d := &Dial{Site: c.site(cur, "target is "+p.Target.Value().describe()+how), Target: p.Target.Value()}
	d.ID, d.Pkg = p.ID, p.Pkg
	if c.abstract(&d.Site, p) {
		return
	}
	c.result.Dials = append(c.result.Dials, d)
	c.dials[cur.Node()] = d
}

func (c *collector) applyListen(cur inspector.Cursor, p *Pattern, how string) {
	l := &Listen{Site: c.site(cur, "serves gRPC"+how), Use: RPC, Address: p.Target.Value()}
	l.ID, l.Pkg = p.ID, p.Pkg
	if !c.abstract(&l.Site, p) {
		c.result.Listens = append(c.result.Listens, l)
	}
}

// constructors returns what makes the client that the call at cur passes as
// argument index: functions of services, or a parameter of in again.
func (c *collector) constructors(cur inspector.Cursor, index int, in *types.Func) []*Pattern {
	arg, ok := c.flow.argCursor(cur, index)
	if !ok {
		return nil
	}
	var list []*Pattern
	for _, leaf := range c.flow.origins(value{cur: arg}, query{in: in}) {
		if p, ok := c.flow.parameterOf(leaf); ok && p.fn != nil && p.fn == in && p.index >= 0 && leaf.field == "" {
			list = append(list, &Pattern{Constructor: p.index + 1})
			continue
		}
		fn := c.flow.funcNamed(leaf.expr())
		if fn == nil {
			continue
		}
		if s := c.constructs(fn); s != nil {
			c.named[leaf.expr().Pos()] = true
			list = append(list, &Pattern{Service: s})
		}
	}
	return list
}

func (c *collector) constructs(fn *types.Func) *services.Service {
	return c.services.Constructs[fn.Origin()]
}
