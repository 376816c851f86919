package rewrite

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
)

// staticOptions points the options of generated clients to a function of the
// guest's gRPC that allocates nothing when the caller gives none:
//
//	cOpts := append([]grpc.CallOption{grpc.StaticMethod()}, opts...)
//	... c.cc.Invoke(ctx, Method, in, out, cOpts...)
//
// gets
//
//	cOpts := grpc.StaticOptions(c.cc, opts)
//
// The connection decides, since only that of the guest is known to leave what it
// is given as it is. So this applies where it is one field of the receiver.
func (e *editor) staticOptions() {
	for _, decl := range e.file.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok || fn.Recv == nil || fn.Body == nil {
			continue
		}
		for _, stmt := range fn.Body.List {
			assign, ok := stmt.(*ast.AssignStmt)
			if !ok || len(assign.Lhs) != 1 || len(assign.Rhs) != 1 {
				continue
			}
			id, ok := assign.Lhs[0].(*ast.Ident)
			if !ok {
				continue
			}
			static, opts := e.staticAppend(assign.Rhs[0])
			conn := e.connection(fn, e.pass.TypesInfo.Defs[id])
			if static == nil || conn == "" {
				continue
			}
			call := assign.Rhs[0]
			if e.tok.Line(call.Pos()) != e.tok.Line(call.End()) {
				continue // lines would shift, and no generator writes this
			}
			name := "StaticOptions("
			if sel, ok := static.(*ast.SelectorExpr); ok {
				name = sel.X.(*ast.Ident).Name + "." + name
			}
			e.replace(call.Pos(), opts.Pos(), name+conn+", ")
			e.replace(opts.End(), call.End(), ")")
		}
	}
}

// staticAppend returns, for the call of append above, the names of StaticMethod
// and of the options that are appended.
func (e *editor) staticAppend(x ast.Expr) (static ast.Expr, opts *ast.Ident) {
	call, ok := x.(*ast.CallExpr)
	if !ok || !call.Ellipsis.IsValid() || len(call.Args) != 2 {
		return nil, nil
	}
	if b, ok := typeutil.Callee(e.pass.TypesInfo, call).(*types.Builtin); !ok || b.Name() != "append" {
		return nil, nil
	}
	list, ok := call.Args[0].(*ast.CompositeLit)
	if !ok || len(list.Elts) != 1 || !e.isOptions(list) {
		return nil, nil
	}
	method, ok := list.Elts[0].(*ast.CallExpr)
	if !ok || !grpcpkg.IsFunc(typeutil.Callee(e.pass.TypesInfo, method), grpcpkg.Path, "StaticMethod") {
		return nil, nil
	}
	if opts, ok = call.Args[1].(*ast.Ident); !ok || !e.isOptions(opts) {
		return nil, nil
	}
	return method.Fun, opts
}

func (e *editor) isOptions(x ast.Expr) bool {
	slice, ok := types.Unalias(e.pass.TypesInfo.TypeOf(x)).(*types.Slice)
	return ok && grpcpkg.IsType(slice.Elem(), grpcpkg.Path, "CallOption")
}

// connection returns the field of fn's receiver, as c.cc, whose method Invoke or
// NewStream is the only use of opts, or "".
func (e *editor) connection(fn *ast.FuncDecl, opts types.Object) string {
	if opts == nil || len(fn.Recv.List[0].Names) != 1 {
		return ""
	}
	info := e.pass.TypesInfo
	recv := info.Defs[fn.Recv.List[0].Names[0]]
	conn, uses, passed := "", 0, 0
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			if info.Uses[n] == opts {
				uses++
			}
		case *ast.CallExpr:
			if len(n.Args) == 0 || !grpcpkg.IsFunc(typeutil.Callee(info, n), grpcpkg.Path, "Invoke", "NewStream") {
				return true
			}
			last, ok := n.Args[len(n.Args)-1].(*ast.Ident)
			if !ok || info.Uses[last] != opts {
				return true
			}
			method, ok := n.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if field, ok := method.X.(*ast.SelectorExpr); ok && grpcpkg.IsType(info.TypeOf(field), grpcpkg.Path, "ClientConnInterface") {
				if x, ok := field.X.(*ast.Ident); ok && info.Uses[x] == recv {
					conn = x.Name + "." + field.Sel.Name
					passed++
				}
			}
		}
		return true
	})
	if uses != 1 || passed != 1 {
		return ""
	}
	return conn
}
