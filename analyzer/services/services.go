package services

import (
	"cmp"
	_ "embed"
	"go/ast"
	"go/token"
	"go/types"
	"reflect"
	"slices"

	"golang.org/x/tools/go/analysis"

	"github.com/cofaas/cofaas/analyzer/internal/analysisdoc"
	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
)

//go:embed doc.go
var doc string

// Analyzer finds descriptions of gRPC services.
var Analyzer = &analysis.Analyzer{
	Name:       "services",
	Doc:        analysisdoc.MustExtract(doc, "services"),
	Run:        run,
	ResultType: reflect.TypeFor[*Result](),
	FactTypes: []analysis.Fact{
		new(RegistersService), new(ConstructsClient), new(DescribesService), new(Sources),
	},
}

// RegistersService is a fact on a function that registers a service with the
// grpc.ServiceRegistrar or *grpc.Server that it gets as a parameter.
type RegistersService struct{ Service *Service }

// ConstructsClient is a fact on a function that returns a client of a service.
type ConstructsClient struct{ Service *Service }

// DescribesService is a fact on a package-level variable that holds the
// grpc.ServiceDesc of a service, or points to it.
type DescribesService struct{ Service *Service }

func (*RegistersService) AFact() {}
func (*ConstructsClient) AFact() {}
func (*DescribesService) AFact() {}

func (f *RegistersService) String() string { return "registers " + f.Service.Name }
func (f *ConstructsClient) String() string { return "client of " + f.Service.Name }
func (f *DescribesService) String() string { return "describes " + f.Service.Name }

// A Result is what one package says about services.
type Result struct {
	Services []*Service // by Name

	// The functions and variables that facts are about: those of the package,
	// and those of other packages that it uses.
	Registers  map[*types.Func]*Service // functions that register
	Constructs map[*types.Func]*Service // functions that return a client
	Describes  map[*types.Var]*Service  // ServiceDesc variables
	// Clients has the client types that some function of the package
	// constructs; calls in their methods belong to the generated code.
	Clients map[*types.TypeName]*Service

	positions map[*Service]token.Pos
	generated map[*ast.File]bool
}

// Pos returns where the package declares s.
func (r *Result) Pos(s *Service) token.Pos { return r.positions[s] }

// Generated reports whether file was generated from a proto file.
func (r *Result) Generated(file *ast.File) bool { return r.generated[file] }

// Raw returns the service of that name as far as the package knows it, for a
// call without a client: with its methods if a description of it is at hand, and
// else with the called method only.
func (r *Result) Raw(name, method string) *Service {
	for _, s := range r.Services {
		if s.Name == name {
			return s
		}
	}
	s := &Service{Name: name}
	s.method(method)
	return s
}

// ClientOf returns the service whose clients have type t, be it the type that
// calls or an interface that functions return it as, or nil.
func (r *Result) ClientOf(t types.Type) *Service {
	name := grpcpkg.TypeName(t)
	if name == nil {
		return nil
	}
	if s := r.Clients[name]; s != nil {
		return s
	}
	for fn, s := range r.Constructs {
		for v := range fn.Signature().Results().Variables() {
			if grpcpkg.TypeName(v.Type()) == name {
				return s
			}
		}
	}
	return nil
}

func run(pass *analysis.Pass) (any, error) {
	r := &Result{
		Registers:  make(map[*types.Func]*Service),
		Constructs: make(map[*types.Func]*Service),
		Describes:  make(map[*types.Var]*Service),
		Clients:    make(map[*types.TypeName]*Service),
		positions:  make(map[*Service]token.Pos),
		generated:  make(map[*ast.File]bool),
	}
	c := &collector{pass: pass, result: r, byName: make(map[string]*Service)}
	c.exportSources() // also of packages that have messages only
	if !Near(pass.Pkg) {
		return r, nil
	}
	c.imported()
	c.descriptions()
	c.clients()
	c.registrations()

	r.Services = make([]*Service, 0, len(c.byName))
	for _, s := range c.byName {
		r.Services = append(r.Services, s)
	}
	slices.SortFunc(r.Services, func(a, b *Service) int { return cmp.Compare(a.Name, b.Name) })

	// Facts copy, so they come last, when the services are complete.
	for fn, s := range r.Registers {
		if fn.Pkg() == pass.Pkg {
			pass.ExportObjectFact(fn, &RegistersService{s})
		}
	}
	for fn, s := range r.Constructs {
		if fn.Pkg() == pass.Pkg {
			pass.ExportObjectFact(fn, &ConstructsClient{s})
		}
	}
	for v, s := range r.Describes {
		if v.Pkg() == pass.Pkg {
			pass.ExportObjectFact(v, &DescribesService{s})
		}
	}
	return r, nil
}

// Near reports whether pkg can use gRPC services: it imports grpc, or a package
// that does.
func Near(pkg *types.Package) bool {
	if pkg.Path() == grpcpkg.Path {
		return false
	}
	if grpcpkg.Imported(pkg) {
		return true
	}
	for _, imp := range pkg.Imports() {
		if imp.Path() != grpcpkg.Path && grpcpkg.Imported(imp) {
			return true
		}
	}
	return false
}

// imported collects what is known of the functions and variables of other
// packages that the package uses.
func (c *collector) imported() {
	for _, obj := range c.pass.TypesInfo.Uses {
		if obj.Pkg() == nil || obj.Pkg() == c.pass.Pkg {
			continue
		}
		switch obj := obj.(type) {
		case *types.Func:
			var registers RegistersService
			if c.pass.ImportObjectFact(obj, &registers) {
				c.result.Registers[obj] = registers.Service
			}
			var constructs ConstructsClient
			if c.pass.ImportObjectFact(obj, &constructs) {
				c.result.Constructs[obj] = constructs.Service
			}
		case *types.Var:
			var describes DescribesService
			if c.pass.ImportObjectFact(obj, &describes) {
				c.result.Describes[obj] = describes.Service
			}
		}
	}
}

// A collector gathers the services of one package.
type collector struct {
	pass   *analysis.Pass
	result *Result
	byName map[string]*Service
	protos map[*token.File]string // "// source:" comments
}

// service returns the service of that name, declared at pos unless it was
// before.
func (c *collector) service(name string, pos token.Pos) *Service {
	s := c.byName[name]
	if s == nil {
		s = &Service{Name: name, PkgPath: c.pass.Pkg.Path(), Proto: c.protoAt(pos)}
		c.byName[name] = s
		c.result.positions[s] = pos
	}
	return s
}

// method returns the method of that name of s, which it adds if need be.
func (s *Service) method(name string) (m *Method, added bool) {
	if m := s.Method(name); m != nil {
		return m, false
	}
	m = &Method{Name: name, FullMethod: "/" + s.Name + "/" + name}
	s.Methods = append(s.Methods, m)
	return m, true
}

// functions calls f for each function declaration with a body.
func (c *collector) functions(f func(decl *ast.FuncDecl, fn *types.Func)) {
	for _, file := range c.pass.Files {
		for _, decl := range file.Decls {
			if decl, ok := decl.(*ast.FuncDecl); ok && decl.Body != nil {
				if fn, ok := c.pass.TypesInfo.Defs[decl.Name].(*types.Func); ok {
					f(decl, fn)
				}
			}
		}
	}
}
