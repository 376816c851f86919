package usage

import (
	"fmt"
	"go/ast"
	"go/types"

	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
)

// Dials is a fact on a function that returns a connection to the target that is
// one of its parameters.
type Dials struct{ Target int }

// ListensFor is a fact on a function that takes a listener, and says what the
// listener serves.
type ListensFor struct {
	Param int
	Use   Use
}

func (*Dials) AFact()      {}
func (*ListensFor) AFact() {}

func (f *Dials) String() string { return fmt.Sprintf("dials parameter %d", f.Target) }
func (f *ListensFor) String() string {
	return fmt.Sprintf("listens for %v on parameter %d", f.Use, f.Param)
}

// wrappers finds the functions that dial a target that is a parameter of theirs,
// until there are no more: a wrapper may call another one.
func (c *collector) wrappers() {
	for changed := true; changed; {
		changed = false
		for fn := range c.flow.decls {
			if _, ok := c.dials[fn]; ok {
				continue
			}
			i := connResult(fn.Signature())
			if i < 0 {
				continue
			}
			if param, ok := c.dialledParam(fn, i); ok {
				c.dials[fn] = param
				changed = true
			}
		}
	}
	for fn, param := range c.dials {
		c.pass.ExportObjectFact(fn, &Dials{param})
	}
}

// connResult returns which result is a connection, or -1.
func connResult(sig *types.Signature) int {
	for i := range sig.Results().Len() {
		if grpcpkg.IsConn(sig.Results().At(i).Type()) {
			return i
		}
	}
	return -1
}

// dialledParam returns the parameter of fn that is the target of the only dial
// that result i comes from.
func (c *collector) dialledParam(fn *types.Func, i int) (int, bool) {
	found := -1
	for _, v := range (body{c.flow.decls[fn], fn.Signature()}).returned(c.flow, i) {
		for _, leaf := range c.flow.origins(v, c.isDial) {
			call, ok := leaf.expr().(*ast.CallExpr)
			if !ok {
				continue
			}
			target, ok := c.target(call)
			if !ok {
				return 0, false
			}
			p, ok := c.flow.param[c.flow.variable(target)]
			if !ok || p.fn != fn || found >= 0 && found != p.index {
				return 0, false
			}
			found = p.index
		}
	}
	return found, found >= 0
}

func (c *collector) isDial(call *ast.CallExpr) bool {
	_, ok := c.target(call)
	return ok
}

// target returns the argument of call, a dial, that is the target.
func (c *collector) target(call *ast.CallExpr) (ast.Expr, bool) {
	fn := calleeFunc(c.pass.TypesInfo, call)
	if fn == nil {
		return nil, false
	}
	fn = fn.Origin()
	index := -1
	if param, ok := c.dials[fn]; ok {
		index = param
	} else if fn.Signature().Recv() != nil {
		// Methods of connections are not dials.
	} else if grpcpkg.IsFunc(fn, grpcpkg.Path, "Dial", "NewClient") {
		index = 0
	} else if grpcpkg.IsFunc(fn, grpcpkg.Path, "DialContext") {
		index = 1
	}
	var fact Dials
	if index < 0 && fn.Pkg() != c.pass.Pkg && c.pass.ImportObjectFact(fn, &fact) {
		index = fact.Target
	}
	if index < 0 || index >= len(call.Args) {
		return nil, false
	}
	return call.Args[index], true
}

// listenerParams exports what functions do with a listener that they get.
func (c *collector) listenerParams() {
	for fn := range c.flow.decls {
		if !fn.Exported() || c.pass.Pkg.Name() == "main" {
			continue
		}
		i := grpcpkg.ParamIndex(fn.Signature(), isListener)
		if i < 0 || fn.Signature().Variadic() && i == fn.Signature().Params().Len()-1 {
			continue
		}
		use := c.classify(c.flow.sinksOf(fn.Signature().Params().At(i), c.wrapped))
		c.pass.ExportObjectFact(fn, &ListensFor{Param: i, Use: use.use})
	}
}

func isListener(t types.Type) bool { return grpcpkg.IsType(t, "net", "Listener") }
