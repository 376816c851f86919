package generate

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/types"

	"golang.org/x/tools/go/packages"

	"github.com/cofaas/cofaas/gen/golang"
)

// direct looks for the handler that protoc-gen-go-grpc made for a method of the service with the Go name service, and adds it
// and the interface of servers to m. A handler counts if, without an interceptor, it does nothing but decode the request and
// call the method. Without one, calls go through whatever handler is registered.
func direct(pkg *packages.Package, service string, m *golang.Method) {
	if pkg == nil || pkg.Types == nil {
		return
	}
	handler, _ := pkg.Types.Scope().Lookup(fmt.Sprintf("_%s_%s_Handler", service, m.Name)).(*types.Func)
	server, _ := pkg.Types.Scope().Lookup(service + "Server").(*types.TypeName)
	if handler == nil || server == nil || !takes(server, string(m.Name), m.RequestType, m.ReplyType) {
		return
	}
	for _, file := range pkg.Syntax {
		for _, decl := range file.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Body == nil || pkg.TypesInfo.Defs[fn.Name] != handler {
				continue
			}
			if onlyCalls(pkg, fn.Body.List, server.Name(), string(m.Name), m.RequestType) {
				m.Handler, m.Server = handler, server
			}
			return
		}
	}
}

// takes reports whether server is an interface whose method takes a context and the request, and returns the reply and an
// error.
func takes(server *types.TypeName, method string, request, reply types.Type) bool {
	if !types.IsInterface(server.Type()) {
		return false
	}
	obj, _, _ := types.LookupFieldOrMethod(server.Type(), false, server.Pkg(), method)
	fn, ok := obj.(*types.Func)
	if !ok {
		return false
	}
	in, out := fn.Signature().Params(), fn.Signature().Results()
	return in.Len() == 2 && out.Len() == 2 &&
		types.TypeString(in.At(0).Type(), nil) == "context.Context" &&
		types.Identical(in.At(1).Type(), types.NewPointer(request)) &&
		types.Identical(out.At(0).Type(), types.NewPointer(reply)) &&
		types.Identical(out.At(1).Type(), types.Universe.Lookup("error").Type())
}

// onlyCalls reports whether the body of a handler begins like this, which all versions of the generator write.
//
//	in := new(Request)
//	if err := dec(in); err != nil {
//		return nil, err
//	}
//	if interceptor == nil {
//		return srv.(GreeterServer).SayHello(ctx, in)
//	}
func onlyCalls(pkg *packages.Package, body []ast.Stmt, server, method string, request types.Type) bool {
	if len(body) < 3 {
		return false
	}
	in, ok := body[0].(*ast.AssignStmt)
	if !ok || len(in.Rhs) != 1 {
		return false
	}
	made, ok := in.Rhs[0].(*ast.CallExpr)
	if !ok || len(made.Args) != 1 || !types.Identical(pkg.TypesInfo.TypeOf(made), types.NewPointer(request)) {
		return false
	}
	want := fmt.Sprintf("in := new(%s)\n"+
		"if err := dec(in); err != nil {\n\treturn nil, err\n}\n"+
		"if interceptor == nil {\n\treturn srv.(%s).%s(ctx, in)\n}",
		types.ExprString(made.Args[0]), server, method)
	var got bytes.Buffer
	err := format.Node(&got, pkg.Fset, body[:3])
	return err == nil && got.String() == want
}
