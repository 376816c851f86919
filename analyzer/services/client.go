package services

import (
	"go/ast"
	"go/constant"
	"go/types"
	"strings"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
)

// clients collects the types whose methods call one service, and the functions
// that return values of these types.
func (c *collector) clients() {
	candidates := make(map[*types.TypeName]*clientType)
	c.functions(func(decl *ast.FuncDecl, fn *types.Func) {
		recv := receiver(fn)
		if recv == nil {
			return
		}
		ast.Inspect(decl.Body, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			service, method, ok := CalledMethod(c.pass.TypesInfo, call)
			if !ok {
				return true
			}
			t := candidates[recv]
			if t == nil {
				t = &clientType{service: service}
				candidates[recv] = t
			}
			t.mixed = t.mixed || t.service != service
			t.calls = append(t.calls, clientCall{method, fn, call})
			return true
		})
	})
	c.functions(func(decl *ast.FuncDecl, fn *types.Func) {
		if fn.Signature().Recv() != nil {
			return
		}
		for _, recv := range c.returned(decl, fn) {
			t := candidates[recv]
			if t == nil || t.mixed {
				continue
			}
			s := c.result.Clients[recv]
			if s == nil {
				s = c.service(t.service, recv.Pos())
				c.result.Clients[recv] = s
				c.fromClient(s, t)
			}
			c.result.Constructs[fn] = s
			return
		}
	})
}

type clientType struct {
	service string
	mixed   bool // calls more than one service
	calls   []clientCall
}

type clientCall struct {
	method string
	fn     *types.Func // the method of the client
	call   *ast.CallExpr
}

// fromClient completes s by what the methods of its client say.
func (c *collector) fromClient(s *Service, t *clientType) {
	for _, call := range t.calls {
		m, added := s.method(call.method)
		flags := c.fromSignature(m, call.fn.Signature())
		if added {
			m.ClientStreams, m.ServerStreams = flags.client, flags.server
		}
	}
}

// CalledMethod returns the service and method that a call of Invoke or NewStream
// names by a constant.
func CalledMethod(info *types.Info, call *ast.CallExpr) (service, method string, ok bool) {
	if !IsInvoke(info, call) {
		return "", "", false
	}
	for _, arg := range call.Args {
		v := info.Types[arg].Value
		if v == nil || v.Kind() != constant.String {
			continue
		}
		if service, method, ok := SplitMethod(constant.StringVal(v)); ok {
			return service, method, true
		}
	}
	return "", "", false
}

// SplitMethod parts a full method name, as in /helloworld.Greeter/SayHello.
func SplitMethod(name string) (service, method string, ok bool) {
	service, method, ok = strings.Cut(strings.TrimPrefix(name, "/"), "/")
	return service, method, ok && service != "" && method != "" && !strings.Contains(method, "/")
}

// IsInvoke reports whether call starts an RPC: Invoke or NewStream of a
// connection, or the functions of that purpose in package grpc.
func IsInvoke(info *types.Info, call *ast.CallExpr) bool {
	return grpcpkg.IsFunc(typeutil.Callee(info, call), grpcpkg.Path, "Invoke", "NewStream", "NewClientStream")
}

// receiver returns the type that fn is a method of, or nil.
func receiver(fn *types.Func) *types.TypeName {
	recv := fn.Signature().Recv()
	if recv == nil {
		return nil
	}
	return grpcpkg.TypeName(recv.Type())
}

// returned returns the types that fn returns, by its signature and by its return
// statements.
func (c *collector) returned(decl *ast.FuncDecl, fn *types.Func) []*types.TypeName {
	var names []*types.TypeName
	add := func(t types.Type) {
		if name := grpcpkg.TypeName(t); name != nil && name.Pkg() == c.pass.Pkg {
			names = append(names, name)
		}
	}
	for v := range fn.Signature().Results().Variables() {
		add(v.Type())
	}
	ast.Inspect(decl.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			for _, e := range n.Results {
				if t := c.pass.TypesInfo.TypeOf(e); t != nil {
					add(t)
				}
			}
		}
		return true
	})
	return names
}
