package rewrite

import (
	_ "embed"
	"fmt"
	"go/ast"
	"go/types"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/analysis"

	"github.com/cofaas/cofaas/analyzer/internal/analysisdoc"
	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
	"github.com/cofaas/cofaas/analyzer/internal/source"
	"github.com/cofaas/cofaas/analyzer/services"
	"github.com/cofaas/cofaas/analyzer/usage"
)

//go:embed doc.go
var doc string

// Analyzer decides which packages are rewritten, and how.
var Analyzer = &analysis.Analyzer{
	Name:       "rewrite",
	Doc:        analysisdoc.MustExtract(doc, "rewrite"),
	Run:        run,
	Requires:   []*analysis.Analyzer{services.Analyzer, usage.Analyzer},
	ResultType: reflect.TypeFor[*Result](),
	FactTypes:  []analysis.Fact{new(Closure)},
}

// A Closure is a fact on a package that imports gRPC or makes listeners, however
// indirectly. It has the package and all those below it that do, since facts of
// indirect imports need not be at hand.
type Closure struct{ Nodes []*Node } // by Path

func (*Closure) AFact() {}

func (c *Closure) String() string {
	paths := make([]string, len(c.Nodes))
	for i, n := range c.Nodes {
		paths[i] = n.Path
	}
	return "closure " + strings.Join(paths, " ")
}

// A Node is what has to be known of a package to decide about programs that
// contain it.
type Node struct {
	Path   string
	Module string // "" outside of modules
	Owned  bool   // of a module without a version

	GRPC    bool // imports a package of gRPC
	Listens bool // makes listeners that may serve gRPC
	Values  bool // imports packages of values, and no others of gRPC

	// Single says that a program must not have the package twice: it describes
	// services, or registers something when it is initialized.
	Single  bool
	Imports []string // of what is in the Closure

	Edges    []Edge    // by Path; symmetric, though only recorded on this side
	Handles  []Edge    // by Path; packages that describe services of whose messages it uses some
	Mentions []Mention // by Path, then Types
	Messages []string  // messages of the services that it describes, as path.Name

	Registers []string  // services that it registers
	Serves    bool      // one of these is not gRPC's own, such as health
	Calls     []string  // services that it makes clients for
	Problems  []Problem // what its code has that stands in the way
}

// An Edge says that a package exchanges values of gRPC with another.
type Edge struct {
	Path string
	Why  string // what is exchanged
}

// A Mention says that a package uses something of another whose type mentions
// types of a third.
type Mention struct{ Path, Types string }

// A Problem is a usage.Problem of a package that may be elsewhere.
type Problem struct {
	Where    string // file:line, without folders
	Category string
	Message  string
}

// A Result is what is decided about one package.
type Result struct {
	Files   []File   // what changes if the package is rewritten
	Program *Program // for main packages, else nil
}

func run(pass *analysis.Pass) (any, error) {
	r := new(Result)
	if grpcpkg.Is(pass.Pkg.Path()) {
		return r, nil
	}
	below := make(map[string]*Node)
	for _, imp := range pass.Pkg.Imports() {
		var fact Closure
		if pass.ImportPackageFact(imp, &fact) {
			for _, n := range fact.Nodes {
				below[n.Path] = n
			}
		}
	}
	use := pass.ResultOf[usage.Analyzer].(*usage.Result)
	if len(below) == 0 && len(use.Listens) == 0 && !grpcpkg.Imported(pass.Pkg) {
		return r, nil
	}
	node := newNode(pass, below)
	if node.GRPC || node.Listens || len(node.Edges) > 0 || len(node.Registers) > 0 || len(node.Calls) > 0 {
		below[node.Path] = node
	}
	closure := &Closure{}
	for _, path := range slices.Sorted(maps.Keys(below)) {
		closure.Nodes = append(closure.Nodes, below[path])
	}
	pass.ExportPackageFact(closure)

	r.Files = files(pass, use.Listens)
	if pass.Pkg.Name() == "main" {
		r.Program = decide(pass.Pkg.Path(), closure.Nodes)
	}
	return r, nil
}

// values are the packages of gRPC without transport.
var values = map[string]bool{
	grpcpkg.Path + "/codes":    true,
	grpcpkg.Path + "/metadata": true,
	grpcpkg.Path + "/peer":     true,
	grpcpkg.Path + "/status":   true,
}

func newNode(pass *analysis.Pass, below map[string]*Node) *Node {
	n := &Node{Path: pass.Pkg.Path(), Owned: source.Owned(pass), Values: true}
	if pass.Module != nil {
		n.Module = pass.Module.Path
	}
	for _, file := range source.Files(pass) {
		for _, spec := range file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err == nil && grpcpkg.Is(path) {
				n.GRPC = true
				n.Values = n.Values && values[path]
			}
		}
	}
	n.Values = n.Values && n.GRPC
	n.Edges, n.Handles = edges(pass, n, below)

	messages := make(map[string]bool)
	for _, s := range pass.ResultOf[services.Analyzer].(*services.Result).Services {
		for _, m := range s.Methods {
			for _, msg := range []services.Message{m.Request, m.Reply} {
				if msg.Name != "" && !shared(msg.PkgPath) {
					messages[msg.PkgPath+"."+msg.Name] = true
				}
			}
		}
	}
	n.Messages = sorted(messages)
	n.Mentions = foreignTypes(pass, below)
	for _, imp := range pass.Pkg.Imports() {
		if below[imp.Path()] != nil {
			n.Imports = append(n.Imports, imp.Path())
		}
	}
	slices.Sort(n.Imports)
	n.Single = describesServices(pass) || initializes(pass)
	n.sites(pass)
	return n
}

// shared reports whether the messages of the package at path are used by so many
// services that to use one says nothing.
func shared(path string) bool {
	return strings.HasPrefix(path, "google.golang.org/protobuf/") ||
		strings.HasPrefix(path, "google.golang.org/genproto/")
}

// sites summarizes what the package does with services.
func (n *Node) sites(pass *analysis.Pass) {
	use := pass.ResultOf[usage.Analyzer].(*usage.Result)
	n.Listens = slices.ContainsFunc(use.Listens, (*usage.Listen).Rewritten)
	registers, calls := make(map[string]bool), make(map[string]bool)
	add := func(s *services.Service, names map[string]bool) { names[s.Name] = true }
	for _, reg := range use.Registrations {
		if reg.Service != nil {
			add(reg.Service, registers)
			n.Serves = n.Serves || !grpcpkg.Is(reg.Service.PkgPath)
		}
	}
	for _, client := range use.Clients {
		if client.Pkg == "" || client.Pkg == n.Path {
			add(client.Service, calls)
		}
	}
	n.Registers, n.Calls = sorted(registers), sorted(calls)
	for _, p := range use.Problems {
		posn := pass.Fset.Position(p.Pos)
		n.Problems = append(n.Problems, Problem{
			Where:    fmt.Sprintf("%s:%d", filepath.Base(posn.Filename), posn.Line),
			Category: p.Category,
			Message:  p.Message,
		})
	}
}

func sorted(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }

// edges returns the packages that the package of pass exchanges values of gRPC
// with, as far as its own code shows, and those whose messages it handles.
func edges(pass *analysis.Pass, n *Node, below map[string]*Node) (exchanges, handles []Edge) {
	describes := make(map[string]string) // message to package of the service
	for _, path := range slices.Sorted(maps.Keys(below)) {
		for _, msg := range below[path].Messages {
			describes[msg] = path
		}
	}
	var why, handled reasons
	for _, l := range pass.ResultOf[usage.Analyzer].(*usage.Result).Listens {
		if l.Opener != nil && l.Use != usage.Kept {
			why.add(l.Opener.Pkg().Path(), "gets a listener by "+l.Opener.Pkg().Name()+"."+l.Opener.Name())
		}
	}
	for obj := range used(pass) {
		pkg := obj.Pkg()
		name := pkg.Name() + "." + obj.Name()
		if exchanged(obj) {
			why.add(pkg.Path(), "exchanges gRPC types by "+name)
		}
		if q := below[pkg.Path()]; q != nil && q.Values && carries(obj) {
			why.add(pkg.Path(), "exchanges errors or contexts by "+name)
		}
		if _, ok := obj.(*types.TypeName); ok && n.GRPC {
			if path, ok := describes[pkg.Path()+"."+obj.Name()]; ok && path != n.Path {
				handled.add(path, "handles message "+name)
			}
		}
	}
	return why.edges(), handled.edges()
}

// reasons are why there are edges, by path.
type reasons map[string]string

// add adds a reason. Uses have no order, so the first one by name counts.
func (r *reasons) add(path, reason string) {
	if *r == nil {
		*r = make(reasons)
	}
	if old, ok := (*r)[path]; !ok || reason < old {
		(*r)[path] = reason
	}
}

func (r reasons) edges() []Edge {
	list := make([]Edge, 0, len(r))
	for _, path := range slices.Sorted(maps.Keys(r)) {
		list = append(list, Edge{path, r[path]})
	}
	return list
}

// used returns the objects of other packages, other than of gRPC, that the code
// of the package uses.
func used(pass *analysis.Pass) map[types.Object]bool {
	set := make(map[types.Object]bool)
	for _, file := range source.Files(pass) {
		ast.Inspect(file, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				obj := pass.TypesInfo.Uses[id]
				if obj != nil && obj.Pkg() != nil && obj.Pkg() != pass.Pkg && !grpcpkg.Is(obj.Pkg().Path()) {
					set[obj] = true
				}
			}
			return true
		})
	}
	return set
}
