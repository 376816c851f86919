package wit

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/internal/mapping"
	"github.com/cofaas/cofaas/internal/model"
)

// Types of a file are in one interface, because files cannot import each other in a cycle, where packages can.

// protoPackage is one WIT package: of a proto package, or of several whose names meet in kebab-case.
type protoPackage struct {
	name string
	docs []string
	// types and services are the files whose types and services it has.
	types, services []*model.File
}

// typesPackage has the types of all files if proto packages depend on each other in a cycle.
const typesPackage = "cofaas:protos"

func packages(m *model.Model) []*protoPackage {
	byName := map[string]*protoPackage{}
	for _, f := range slices.SortedFunc(slices.Values(m.Files), func(a, b *model.File) int { return cmp.Compare(a.Path, b.Path) }) {
		name := packageID(f.Package)
		pkg := byName[name]
		if pkg == nil {
			pkg = &protoPackage{name: name}
			byName[name] = pkg
		}
		if f.Doc != "" && !slices.Contains(pkg.docs, f.Doc) {
			pkg.docs = append(pkg.docs, f.Doc)
		}
		if len(f.Messages)+len(f.Enums) > 0 {
			pkg.types = append(pkg.types, f)
		}
		if len(f.Services) > 0 {
			pkg.services = append(pkg.services, f)
		}
	}
	out := slices.SortedFunc(maps.Values(byName), func(a, b *protoPackage) int { return cmp.Compare(a.name, b.name) })
	if cyclic(m) {
		// Packages of WIT cannot depend on each other in a cycle. Interfaces can neither, but those are per file.
		all := &protoPackage{name: typesPackage, docs: []string{"The types of all protos, because packages of protos depend on each other in a cycle."}}
		for _, pkg := range out {
			all.types = append(all.types, pkg.types...)
			pkg.types = nil
		}
		out = append(out, all)
	}
	return slices.DeleteFunc(out, func(p *protoPackage) bool { return len(p.types)+len(p.services) == 0 })
}

// cyclic says whether WIT packages with types beside services would depend on each other in a cycle.
func cyclic(m *model.Model) bool {
	uses := map[string]map[string]bool{}
	for _, f := range m.Files {
		from := packageID(f.Package)
		if uses[from] == nil {
			uses[from] = map[string]bool{}
		}
		for _, r := range typeRefs(f) {
			if to := packageID(r.file.Package); from != to {
				uses[from][to] = true
			}
		}
	}
	state := map[string]int{} // 1 while its dependencies are visited, 2 after
	var visit func(pkg string) bool
	visit = func(pkg string) bool {
		if state[pkg] > 0 {
			return state[pkg] == 1
		}
		state[pkg] = 1
		for to := range uses[pkg] {
			if visit(to) {
				return true
			}
		}
		state[pkg] = 2
		return false
	}
	for pkg := range uses {
		if visit(pkg) {
			return true
		}
	}
	return false
}

// packageID is mapping.Package, escaped.
func packageID(pkg protoreflect.FullName) string {
	namespace, name, _ := strings.Cut(mapping.Package(pkg), ":")
	return namespace + ":" + id(name)
}

// place is where the types of a file are.
type place struct{ pkg, iface string }

// typesInterfaces names the interfaces with the types of files, by the files' whole paths. In their package they are unique, and
// services come first, because the names of those are in the ABI.
func typesInterfaces(pkgs []*protoPackage) map[*model.File]place {
	places := map[*model.File]place{}
	for _, pkg := range pkgs {
		taken := mapping.Scope{}
		for _, f := range pkg.services {
			for _, s := range f.Services {
				taken.Unique(mapping.Kebab(string(s.Name.Name())))
			}
		}
		for _, f := range pkg.types {
			label := mapping.Kebab(strings.ReplaceAll(strings.TrimSuffix(path.Clean(f.Path), ".proto"), "/", "_")) + "-types"
			places[f] = place{pkg.name, taken.Unique(label)}
		}
	}
	return places
}

func (p *printer) protoPackages(pkgs []*protoPackage) {
	for _, pkg := range pkgs {
		p.line("")
		p.protoPackage(pkg)
	}
}

func (p *printer) protoPackage(pkg *protoPackage) {
	for i, doc := range pkg.docs {
		if i > 0 {
			p.line("///")
		}
		p.doc(doc)
	}
	p.open("package " + pkg.name)
	first := true
	// Services stand behind the types of their file.
	files := slices.SortedFunc(slices.Values(append(slices.Clone(pkg.types), pkg.services...)), func(a, b *model.File) int {
		return cmp.Compare(a.Path, b.Path)
	})
	for _, f := range slices.Compact(files) {
		if p.types[f].pkg == pkg.name {
			p.gap(&first)
			p.typesInterface(f)
		}
		if pkg.name == typesPackage {
			continue
		}
		for _, s := range f.Services {
			p.gap(&first)
			p.service(s)
		}
	}
	p.close()
}
