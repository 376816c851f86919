package usage

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/inspector"

	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
	"github.com/cofaas/cofaas/analyzer/services"
)

// A collector gathers the sites of one package.
type collector struct {
	*analysis.Pass
	services *services.Result
	result   *Result
	flow     *flow
	// dials has the dials by the call that makes the connection.
	dials map[ast.Node]*Dial
	// patterns has the sites that depend on parameters of the functions, and
	// applied where they have been looked at again.
	patterns map[*types.Func][]*Pattern
	applied  map[application]bool
	// named has the uses of functions as values of which it is known what calls
	// them.
	named map[token.Pos]bool
	// scalars says that facts are wanted of strings and numbers.
	scalars bool
}

type application struct {
	pattern *Pattern
	call    ast.Node
}

// calls calls f for each call in hand-written code.
func (c *collector) calls(f func(*collector, inspector.Cursor, *ast.CallExpr)) {
	for cur := range c.flow.root.Preorder((*ast.File)(nil)) {
		if c.services.Generated(cur.Node().(*ast.File)) {
			continue
		}
		for cur := range cur.Preorder((*ast.CallExpr)(nil)) {
			f(c, cur, cur.Node().(*ast.CallExpr))
		}
	}
}

func (c *collector) site(cur inspector.Cursor, reason string) Site {
	pos := cur.Node().Pos()
	return Site{Pos: pos, Func: c.flow.function(cur), Reason: reason, ID: c.id(pos)}
}

// id names a place in the program.
func (c *collector) id(pos token.Pos) string {
	p := c.Fset.Position(pos)
	return fmt.Sprintf("%s:%s:%d", c.Pkg.Path(), c.where(pos), p.Column)
}

func (c *collector) problem(site Site, category, message string) {
	c.result.Problems = append(c.result.Problems, Problem{
		Pos: site.Pos, Func: site.Func, Category: category, Message: message,
	})
}

// argument returns a cursor at the first argument of call whose parameter pred
// accepts.
func (c *collector) argument(call *ast.CallExpr, pred func(types.Type) bool) (inspector.Cursor, bool) {
	sig, ok := c.TypesInfo.TypeOf(call.Fun).(*types.Signature)
	if !ok {
		return inspector.Cursor{}, false
	}
	i := grpcpkg.ParamIndex(sig, pred)
	if i < 0 || i >= len(call.Args) {
		return inspector.Cursor{}, false
	}
	return c.flow.root.FindNode(call.Args[i])
}

func (c *collector) at(n ast.Node) inspector.Cursor {
	cur, _ := c.flow.root.FindNode(n)
	return cur
}

// describe says what v is, for use in a sentence.
func (c *collector) describe(v value) string {
	e := v.expr()
	if call, ok := e.(*ast.CallExpr); ok {
		if fn := calleeFunc(c.TypesInfo, call); fn != nil {
			return qualified(fn)
		}
		return "a function value"
	}
	if obj := c.flow.variable(e); obj != nil {
		switch p, ok := c.flow.param[obj]; {
		case ok && p.fn != nil && p.index == receiver:
			return "the receiver of " + p.fn.Name()
		case ok && p.fn != nil:
			return "parameter " + obj.Name() + " of " + p.fn.Name()
		case obj.IsField():
			return "field " + obj.Name()
		default:
			return "variable " + obj.Name()
		}
	}
	return "an expression"
}

// sort puts the lists in the order of the files.
func (c *collector) sort() {
	r := c.result
	sortSites(r.Registrations, func(x *Registration) Site { return x.Site })
	sortSites(r.Clients, func(x *Client) Site { return x.Site })
	sortSites(r.Dials, func(x *Dial) Site { return x.Site })
	sortSites(r.Listens, func(x *Listen) Site { return x.Site })
	sortSites(r.Needs, func(x *Need) Site { return x.Site })
}

func sortSites[T any](list []T, site func(T) Site) {
	slices.SortStableFunc(list, func(a, b T) int {
		return cmp.Or(cmp.Compare(site(a).Pos, site(b).Pos), cmp.Compare(site(a).ID, site(b).ID), cmp.Compare(site(a).Reason, site(b).Reason))
	})
}
