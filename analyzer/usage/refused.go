package usage

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strconv"

	"github.com/cofaas/cofaas/analyzer/internal/category"
	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
	"github.com/cofaas/cofaas/analyzer/internal/source"
	"github.com/cofaas/cofaas/internal/grpcapi"
)

// refused reports what the package uses of gRPC and guests do not have. It
// stands in the way wherever it is, since the package does not compile with it.
func (c *collector) refused() {
	var problems []Problem
	add := func(pos token.Pos, what string, r grpcapi.Refusal) {
		problems = append(problems, Problem{
			Pos: pos, Category: category.Refused,
			Message: fmt.Sprintf("%s: guests do not have it: %s", what, r.Reason),
		})
	}
	for _, file := range source.Files(c.Pass) {
		for _, spec := range file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil || !grpcpkg.Is(path) {
				continue
			}
			if r, ok := grpcapi.Find(path, ""); ok {
				add(spec.Path.Pos(), "package "+path, r)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			if !ok {
				return true
			}
			obj := c.TypesInfo.Uses[id]
			if obj == nil || obj.Pkg() == nil || !grpcpkg.Is(obj.Pkg().Path()) {
				return true
			}
			if r, ok := grpcapi.Find(obj.Pkg().Path(), symbol(obj)); ok && r.Symbol != "" {
				add(id.Pos(), obj.Pkg().Name()+"."+symbol(obj), r)
			}
			return true
		})
	}
	slices.SortFunc(problems, func(a, b Problem) int { return cmp.Compare(a.Pos, b.Pos) })
	c.result.Problems = append(c.result.Problems, problems...)
}

// symbol returns the name of obj as package grpcapi has it.
func symbol(obj types.Object) string {
	fn, ok := obj.(*types.Func)
	if !ok || fn.Signature().Recv() == nil {
		return obj.Name()
	}
	recv := types.Unalias(fn.Signature().Recv().Type())
	if ptr, ok := recv.(*types.Pointer); ok {
		recv = types.Unalias(ptr.Elem())
	}
	if named, ok := recv.(*types.Named); ok {
		return named.Obj().Name() + "." + fn.Name()
	}
	return fn.Name()
}
