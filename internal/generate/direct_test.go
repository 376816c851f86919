package generate

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"

	"github.com/cofaas/cofaas/gen/golang"
	"github.com/cofaas/cofaas/internal/model"
)

// greeterSource is generated code, as far as it is looked at.
const greeterSource = `package pb

import "context"

type Request struct{}
type Reply struct{}

type GreeterServer interface {
	SayHello(context.Context, *Request) (*Reply, error)
	mustEmbedUnimplementedGreeterServer()
}

func _Greeter_SayHello_Handler(srv interface{}, ctx context.Context, dec func(interface{}) error, interceptor func()) (interface{}, error) {
	in := new(Request)
	if err := dec(in); err != nil {
		return nil, err
	}
	if interceptor == nil {
		return srv.(GreeterServer).SayHello(ctx, in)
	}
	return nil, nil
}
`

func TestDirect(t *testing.T) {
	for _, tt := range []struct {
		name     string
		old, new string // what is different
		want     bool
	}{
		{"as generated", "", "", true},
		{"newer syntax", "interface{}", "any", true},
		{"another request", "in := new(Request)", "in := new(Reply)", false},
		{"something before", "in := new(Request)", "println()\n\tin := new(Request)", false},
		{"something between", "interceptor == nil {\n", "interceptor == nil {\n\t\tprintln()\n", false},
		{"something in the call", "SayHello(ctx, in)\n\t}", "SayHello(context.Background(), in)\n\t}", false},
		{"another condition", "interceptor == nil", "interceptor != nil", false},
		{"another interface", "srv.(GreeterServer)", "srv.(interface{ SayHello(context.Context, *Request) (*Reply, error) })", false},
		{"another signature", "SayHello(context.Context, *Request) (*Reply, error)", "SayHello(context.Context, *Request) (any, error)", false},
		{"another name", "_Greeter_SayHello_Handler", "greeterSayHello", false},
		{"no interface", "GreeterServer interface", "GreeterService interface", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			src := greeterSource
			if tt.old != "" {
				if !strings.Contains(src, tt.old) {
					t.Fatal("the source has changed")
				}
				src = strings.ReplaceAll(src, tt.old, tt.new)
			}
			pkg := &packages.Package{Fset: token.NewFileSet(), TypesInfo: &types.Info{
				Defs: map[*ast.Ident]types.Object{}, Types: map[ast.Expr]types.TypeAndValue{},
			}}
			file, err := parser.ParseFile(pkg.Fset, "pb.go", src, 0)
			if err != nil {
				t.Fatal(err)
			}
			pkg.Syntax = []*ast.File{file}
			conf := types.Config{Importer: importer.Default(), Error: func(error) {}} // some cases do not compile
			pkg.Types, _ = conf.Check("pb", pkg.Fset, pkg.Syntax, pkg.TypesInfo)

			m := golang.Method{
				Method:      &model.Method{Name: "SayHello"},
				RequestType: pkg.Types.Scope().Lookup("Request").Type(),
				ReplyType:   pkg.Types.Scope().Lookup("Reply").Type(),
			}
			direct(pkg, "Greeter", &m)
			if got := m.Handler != nil; got != tt.want || (m.Server != nil) != got {
				t.Errorf("got %v and %v, want them: %t", m.Handler, m.Server, tt.want)
			}
		})
	}
	var m golang.Method
	direct(nil, "Greeter", &m) // of a service that has no package
	if m.Handler != nil {
		t.Error("there is a handler in no package")
	}
}
