package session

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/ast/astutil"
	"golang.org/x/tools/go/types/typeutil"

	"github.com/cofaas/cofaas/analyzer"
	"github.com/cofaas/cofaas/analyzer/services"
)

// A snapshot is a view as it was after an update.
type snapshot struct {
	*view
	nodes map[string]*node
	files map[string]*node
	plan  *plan
}

// A Kind says what a Site is.
type Kind int

const (
	Called     Kind = iota + 1 // a call of a method of a service
	Connected                  // a client for a service is made
	Registered                 // a service is registered
	Annotated                  // the line that marks a function
)

// A Site is a place in a file of which there is something to say.
type Site struct {
	Kind    Kind
	Range   Range
	Service string // but for Annotated
	Method  string // if Called
	// Functions contain the place, and do there what Kind says, sorted by name.
	Functions []*Function
	// Err is what stands in the way of saying more or, if there are functions, of saying it of the present text; or nil.
	Err error
}

// Call returns what becomes of the calls of f to the site's service, or nil if f calls it nowhere.
func (s *Site) Call(f *Function) *Call {
	for i := range f.Calls {
		if f.Calls[i].Service == s.Service {
			return &f.Calls[i]
		}
	}
	return nil
}

// Handler returns the method of a callee that answers the site's call, if it is known.
func (s *Site) Handler(c Callee) (Handler, bool) {
	h, ok := c.handlers[s.Method]
	return h, ok
}

// At returns what there is to say of a place, or nil.
func (s *Session) At(file string, at Point) *Site {
	s.reading.RLock()
	defer s.reading.RUnlock()
	for _, snap := range s.shown {
		if n := snap.files[file]; n != nil && n.pkg != nil {
			if site := snap.site(n, file, at); site != nil {
				return site
			}
		}
	}
	return nil
}

func (snap *snapshot) site(n *node, name string, at Point) *Site {
	i := slices.IndexFunc(n.files, func(f *file) bool { return f.name == name })
	f := n.files[i]
	if f.syntax == nil || f.content == nil {
		return nil
	}
	offset, err := Offset(f.content, at)
	if err != nil {
		return nil
	}
	pos := f.token.Pos(offset)
	if site := snap.annotation(n, f, pos); site != nil {
		return site
	}
	path, _ := astutil.PathEnclosingInterval(f.syntax, pos, pos)
	for _, node := range path {
		call, ok := node.(*ast.CallExpr)
		if !ok || pos < call.Fun.Pos() || call.Fun.End() < pos {
			continue
		}
		// What is called, not what it is called on or with, which may be a call itself.
		name := call.Fun
		if sel, ok := ast.Unparen(name).(*ast.SelectorExpr); ok {
			name = sel.Sel
		}
		if site := snap.call(n, call); site != nil {
			site.Range = Range{point(f.content, f.token.Offset(name.Pos())), point(f.content, f.token.Offset(name.End()))}
			return site
		}
	}
	return nil
}

// annotation returns the site of the line that marks n as a function, if pos is on it.
func (snap *snapshot) annotation(n *node, f *file, pos token.Pos) *Site {
	line := analyzer.AnnotationLine(f.content)
	if line == 0 || line != f.token.Line(pos) || n.meta.Name != "main" {
		return nil
	}
	start := f.token.Offset(f.token.LineStart(line))
	text, _, _ := strings.Cut(string(f.content[start:]), "\n")
	site := &Site{Kind: Annotated, Range: Range{point(f.content, start), point(f.content, start+len(strings.TrimRight(text, "\r")))}}
	functions, err := snap.planned()
	site.Err = err
	if fn := functions[n.meta.PkgPath]; fn != nil {
		site.Functions = []*Function{fn}
	}
	return site
}

// call returns the site of a call, or nil if it is none of gRPC.
func (snap *snapshot) call(n *node, call *ast.CallExpr) *Site {
	site := &Site{}
	callee, _ := typeutil.Callee(n.pkg.TypesInfo, call).(*types.Func)
	if service, method, ok := services.CalledMethod(n.pkg.TypesInfo, call); ok {
		site.Kind, site.Service, site.Method = Called, service, method
	} else if callee == nil || callee.Pkg() == nil {
		return nil
	} else if declaring := n.find(callee.Pkg()); declaring == nil || declaring.actions[services.Analyzer] == nil {
		return nil
	} else if found, ok := declaring.actions[services.Analyzer].result.(*services.Result); !ok {
		return nil
	} else if recv := callee.Signature().Recv(); recv != nil {
		service := found.ClientOf(recv.Type())
		if service == nil || service.Method(callee.Name()) == nil {
			return nil
		}
		site.Kind, site.Service, site.Method = Called, service.Name, callee.Name()
	} else if service := found.Constructs[callee.Origin()]; service != nil {
		site.Kind, site.Service = Connected, service.Name
	} else if service := found.Registers[callee.Origin()]; service != nil {
		site.Kind, site.Service = Registered, service.Name
	} else {
		return nil
	}
	functions, err := snap.planned()
	site.Err = err
	for _, path := range sortedKeys(functions) {
		fn := functions[path]
		if !fn.contains[n.meta.PkgPath] {
			continue
		}
		does := site.Call(fn) != nil
		if site.Kind == Registered {
			does = slices.Contains(fn.Serves, site.Service) || slices.Contains(fn.HostServes, site.Service)
		}
		if does {
			site.Functions = append(site.Functions, fn)
		}
	}
	slices.SortFunc(site.Functions, func(a, b *Function) int { return strings.Compare(a.Name, b.Name) })
	return site
}

// planned returns the functions by package path, and what stands in the way of knowing them, or of knowing them as they are now.
func (snap *snapshot) planned() (map[string]*Function, error) {
	if snap.plan == nil {
		return nil, errNotPlanned
	}
	return snap.plan.functions, snap.plan.err
}
