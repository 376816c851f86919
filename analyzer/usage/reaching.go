package usage

import (
	"cmp"
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// reaching returns what is stored in v that can be its value at use. Control flow
// is only looked at where it is plain: a variable of one function, to which there
// is no pointer. It reports whether v can have another value as well, such as
// what the function is called with.
func (f *flow) reaching(v *types.Var, use inspector.Cursor) (stores []value, all bool) {
	all = true
	in, ok := enclosing(use)
	if !ok || v.IsField() || v.Parent() == f.pkg.Scope() || f.addressTaken(v) {
		return f.store[v], true
	}
	type store struct {
		value
		assignment
		loop ast.Node // that it shares with use, or nil
	}
	var list []store // that can come before use
	for _, val := range f.store[v] {
		a, ok := assignmentOf(val.cur)
		if fn, _ := enclosing(val.cur); !ok || fn != in {
			return f.store[v], true
		}
		loop, again := commonLoop(val.cur, use)
		if a.done > use.Node().Pos() && !again {
			continue
		}
		list = append(list, store{val, a, loop})
	}
	slices.SortStableFunc(list, func(a, b store) int { return cmp.Compare(b.done, a.done) })
	for i, s := range list {
		if s.done > use.Node().Pos() || !contains(s.region, use) {
			continue
		}
		// What is stored earlier is gone, and so is what comes around a loop that
		// leads through here.
		list = slices.DeleteFunc(list[:i+1], func(o store) bool {
			return o.done > use.Node().Pos() && contains(o.loop, s.cur)
		})
		all = false
		break
	}
	for _, s := range slices.Backward(list) {
		stores = append(stores, s.value)
	}
	return stores, all
}

// An assignment is where a value is stored: when that is done, and the part of
// the code that is only reached through it from there on.
type assignment struct {
	done   token.Pos
	region ast.Node
}

// assignmentOf returns the assignment of which the expression at cur is a right
// side.
func assignmentOf(cur inspector.Cursor) (assignment, bool) {
	parent := cur.Parent()
	switch cur.ParentEdgeKind() {
	case edge.AssignStmt_Rhs:
	case edge.ValueSpec_Values:
		parent = parent.Parent().Parent() // of a GenDecl of a DeclStmt
		if _, ok := parent.Node().(*ast.DeclStmt); !ok {
			return assignment{}, false
		}
	case edge.RangeStmt_X:
		n := parent.Node().(*ast.RangeStmt)
		return assignment{n.Body.Pos(), n.Body}, true
	default:
		return assignment{}, false
	}
	if parent.ParentEdgeKind() == edge.ForStmt_Post {
		return assignment{}, false
	}
	return assignment{parent.Node().End(), parent.Parent().Node()}, true
}

// commonLoop returns the innermost loop around both cursors.
func commonLoop(a, b inspector.Cursor) (ast.Node, bool) {
	for loop := range a.Enclosing((*ast.ForStmt)(nil), (*ast.RangeStmt)(nil)) {
		if contains(loop.Node(), b) {
			return loop.Node(), true
		}
	}
	return nil, false
}

func contains(n ast.Node, cur inspector.Cursor) bool {
	return n.Pos() <= cur.Node().Pos() && cur.Node().End() <= n.End()
}
