package services

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
)

// descriptions collects the package-level variables that are initialized with a
// grpc.ServiceDesc literal.
func (c *collector) descriptions() {
	for _, file := range c.pass.Files {
		for _, decl := range file.Decls {
			gen, ok := decl.(*ast.GenDecl)
			if !ok || gen.Tok != token.VAR {
				continue
			}
			for _, spec := range gen.Specs {
				spec := spec.(*ast.ValueSpec)
				if len(spec.Names) != len(spec.Values) {
					continue
				}
				for i, name := range spec.Names {
					v, ok := c.pass.TypesInfo.Defs[name].(*types.Var)
					if !ok {
						continue
					}
					if s := c.description(spec.Values[i]); s != nil {
						c.result.Describes[v] = s
					}
				}
			}
		}
	}
}

// description returns the service that e, a ServiceDesc literal or its address,
// describes, or nil.
func (c *collector) description(e ast.Expr) *Service {
	lit := c.descLiteral(e)
	if lit == nil {
		return nil
	}
	fields := keyed(lit)
	name, ok := c.constString(fields["ServiceName"])
	if !ok || name == "" {
		return nil
	}
	s := c.service(name, lit.Pos())
	if s.Proto == "" {
		// Hand-written descriptions, and some plugins, say it only here.
		s.Proto, _ = c.constString(fields["Metadata"])
	}
	handler := c.handlerType(fields["HandlerType"])
	for _, desc := range elements(fields["Methods"]) {
		if name, ok := c.constString(keyed(desc)["MethodName"]); ok {
			m, _ := s.method(name)
			c.fromHandler(m, handler)
		}
	}
	for _, desc := range elements(fields["Streams"]) {
		stream := keyed(desc)
		if name, ok := c.constString(stream["StreamName"]); ok {
			m, _ := s.method(name)
			m.ServerStreams = c.constBool(stream["ServerStreams"])
			m.ClientStreams = c.constBool(stream["ClientStreams"])
			c.fromHandler(m, handler)
		}
	}
	return s
}

func (c *collector) descLiteral(e ast.Expr) *ast.CompositeLit {
	e = ast.Unparen(e)
	if addr, ok := e.(*ast.UnaryExpr); ok && addr.Op == token.AND {
		e = ast.Unparen(addr.X)
	}
	lit, ok := e.(*ast.CompositeLit)
	if !ok || !grpcpkg.IsType(c.pass.TypesInfo.TypeOf(lit), grpcpkg.Path, "ServiceDesc") {
		return nil
	}
	return lit
}

// handlerType returns T for an expression of type *T, as in
// (*GreeterServer)(nil), or nil.
func (c *collector) handlerType(e ast.Expr) types.Type {
	if e == nil {
		return nil
	}
	ptr, ok := types.Unalias(c.pass.TypesInfo.TypeOf(e)).(*types.Pointer)
	if !ok {
		return nil
	}
	return ptr.Elem()
}

// fromHandler takes the messages of m from the method of that name of the server
// interface, if there is one.
func (c *collector) fromHandler(m *Method, handler types.Type) {
	if handler == nil {
		return
	}
	obj, _, _ := types.LookupFieldOrMethod(handler, true, c.pass.Pkg, m.Name)
	fn, ok := obj.(*types.Func)
	if !ok {
		return
	}
	c.fromSignature(m, fn.Signature())
}

// registrations finds the functions that pass a description to RegisterService
// of one of their own parameters.
func (c *collector) registrations() {
	info := c.pass.TypesInfo
	c.functions(func(decl *ast.FuncDecl, fn *types.Func) {
		ast.Inspect(decl.Body, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 ||
				!grpcpkg.IsFunc(typeutil.Callee(info, call), grpcpkg.Path, "RegisterService") {
				return true
			}
			sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
			if !ok || !isParam(fn, info, sel.X) {
				return true
			}
			if s := c.described(call.Args[0]); s != nil && c.result.Registers[fn] == nil {
				c.result.Registers[fn] = s
			}
			return true
		})
	})
}

// described returns the service that e, a ServiceDesc variable of any package or
// its address, describes, or nil.
func (c *collector) described(e ast.Expr) *Service {
	v := DescVar(c.pass.TypesInfo, e)
	if v == nil {
		return nil
	}
	return c.result.Describes[v]
}

// DescVar returns the variable that e or &e names, or nil.
func DescVar(info *types.Info, e ast.Expr) *types.Var {
	e = ast.Unparen(e)
	if addr, ok := e.(*ast.UnaryExpr); ok && addr.Op == token.AND {
		e = ast.Unparen(addr.X)
	}
	switch e := e.(type) {
	case *ast.Ident:
		v, _ := info.Uses[e].(*types.Var)
		return v
	case *ast.SelectorExpr:
		v, _ := info.Uses[e.Sel].(*types.Var)
		return v
	}
	return nil
}

func isParam(fn *types.Func, info *types.Info, e ast.Expr) bool {
	id, ok := ast.Unparen(e).(*ast.Ident)
	if !ok {
		return false
	}
	for v := range fn.Signature().Params().Variables() {
		if info.Uses[id] == v {
			return true
		}
	}
	return false
}

// keyed returns the fields that lit sets by name.
func keyed(lit *ast.CompositeLit) map[string]ast.Expr {
	fields := make(map[string]ast.Expr)
	for _, elt := range lit.Elts {
		if kv, ok := elt.(*ast.KeyValueExpr); ok {
			if key, ok := kv.Key.(*ast.Ident); ok {
				fields[key.Name] = kv.Value
			}
		}
	}
	return fields
}

// elements returns the composite literals that e, a slice literal, consists of.
func elements(e ast.Expr) []*ast.CompositeLit {
	list, ok := e.(*ast.CompositeLit)
	if !ok {
		return nil
	}
	var lits []*ast.CompositeLit
	for _, elt := range list.Elts {
		if lit, ok := elt.(*ast.CompositeLit); ok {
			lits = append(lits, lit)
		}
	}
	return lits
}

func (c *collector) constString(e ast.Expr) (string, bool) {
	if e == nil {
		return "", false
	}
	v := c.pass.TypesInfo.Types[e].Value
	if v == nil || v.Kind() != constant.String {
		return "", false
	}
	return constant.StringVal(v), true
}

func (c *collector) constBool(e ast.Expr) bool {
	if e == nil {
		return false
	}
	v := c.pass.TypesInfo.Types[e].Value
	return v != nil && v.Kind() == constant.Bool && constant.BoolVal(v)
}
