package wit

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/internal/mapping"
	"github.com/cofaas/cofaas/internal/model"
)

// Types of a file are in one interface, because files cannot import each other in a cycle, where packages can.

// place is where the types of a file are.
type place struct{ pkg, iface string }

// typesInterfaces names the interfaces with the types of files, by the files' whole paths. In their package they are unique, and
// services come first, because the names of those are in the ABI.
func typesInterfaces(pkgs []*protoPackage) map[*model.File]place {
	places := map[*model.File]place{}
	for _, pkg := range pkgs {
		taken := scope{}
		for _, f := range pkg.services {
			for _, s := range f.Services {
				taken[mapping.Kebab(string(s.Name.Name()))] = true
			}
		}
		for _, f := range pkg.types {
			label := mapping.Kebab(strings.ReplaceAll(strings.TrimSuffix(path.Clean(f.Path), ".proto"), "/", "_")) + "-types"
			places[f] = place{pkg.name, taken.unique(label)}
		}
	}
	return places
}

func (p *printer) protoPackage(pkg *protoPackage) {
	p.doc(pkg.doc)
	p.open("package " + pkg.name)
	first := true
	// Files with both have them side by side.
	files := pkg.services
	if len(pkg.types) > len(files) {
		files = pkg.types
	}
	for _, f := range files {
		if p.types[f].pkg == pkg.name && len(f.Messages)+len(f.Enums) > 0 {
			p.gap(&first)
			p.typesInterface(f)
		}
		if !slices.Contains(pkg.services, f) {
			continue
		}
		for _, s := range f.Services {
			p.gap(&first)
			p.service(s)
		}
	}
	p.close()
}

// scope gives the names of one interface or record: unique, by adding a numbered word to whatever comes second. Such names
// have no part in the ABI.
type scope map[string]bool

func (s scope) unique(label string) string {
	name := label
	for i := 2; s[name]; i++ {
		name = fmt.Sprintf("%s-n%d", label, i)
	}
	s[name] = true
	return name
}

// typeNames are the names that types have in the interface of their file, and what else an interface refers to them by.
type typeNames map[protoreflect.FullName]string

// declared names the types of a file.
func declared(f *model.File) typeNames {
	names, taken := typeNames{}, scope{}
	for _, e := range f.Enums {
		names[e.Name] = taken.unique(label(e.Name, f.Package))
	}
	for _, m := range f.Messages {
		names[m.Name] = taken.unique(label(m.Name, f.Package))
	}
	return names
}

// label is the name of a type without its package, nested names joined.
func label(name, pkg protoreflect.FullName) string {
	rel := strings.TrimPrefix(string(name), string(pkg)+".")
	return mapping.Kebab(strings.ReplaceAll(rel, ".", "_"))
}

// typeRef is a type that an interface uses.
type typeRef struct {
	name protoreflect.FullName
	file *model.File
}

// fieldRefs are the types that fields of a file's messages have.
func fieldRefs(f *model.File) (refs []typeRef) {
	for _, m := range f.Messages {
		for _, field := range m.Fields {
			switch {
			case field.Message != nil:
				refs = append(refs, typeRef{field.Message.Name, field.Message.File})
			case field.Enum != nil:
				refs = append(refs, typeRef{field.Enum.Name, field.Enum.File})
			}
		}
	}
	return refs
}

func methodRefs(s *model.Service) (refs []typeRef) {
	for _, m := range s.Methods {
		refs = append(refs, typeRef{m.Request.Name, m.Request.File}, typeRef{m.Reply.Name, m.Reply.File})
	}
	return refs
}

// typeRefs are all types that a file refers to.
func typeRefs(f *model.File) []typeRef {
	refs := fieldRefs(f)
	for _, s := range f.Services {
		refs = append(refs, methodRefs(s)...)
	}
	return refs
}

// use prints the use statements for types of other interfaces, and adds what they are called here to names.
func (p *printer) use(refs []typeRef, in string, names typeNames, taken scope) {
	var files []*model.File
	items := map[*model.File][]string{}
	for _, r := range refs {
		if names[r.name] != "" {
			continue
		}
		there := declared(r.file)[r.name]
		here := taken.unique(there)
		names[r.name] = here
		item := id(there)
		if here != there {
			item += " as " + id(here)
		}
		if !slices.Contains(files, r.file) {
			files = append(files, r.file)
		}
		items[r.file] = append(items[r.file], item)
	}
	for _, f := range files {
		from := id(p.types[f].iface)
		if p.types[f].pkg != in {
			from = p.types[f].pkg + "/" + from
		}
		p.line(fmt.Sprintf("use %s.{%s};", from, strings.Join(items[f], ", ")))
	}
	if len(files) > 0 {
		p.line("")
	}
}

func (p *printer) typesInterface(f *model.File) {
	p.line("/// The types of " + f.Path + ".")
	p.open("interface " + id(p.types[f].iface))
	names := declared(f)
	taken := scope{}
	for _, n := range names {
		taken[n] = true
	}
	p.use(fieldRefs(f), p.types[f].pkg, names, taken)
	first := true
	for _, e := range f.Enums {
		p.gap(&first)
		p.enum(e, names)
	}
	for _, m := range f.Messages {
		p.gap(&first)
		p.record(m, names)
	}
	p.close()
}

// enum prints an enum as its number: enums are open, so other numbers travel too.
func (p *printer) enum(e *model.Enum, names typeNames) {
	p.doc(e.Doc)
	if e.Doc != "" {
		p.line("///")
	}
	for _, v := range e.Values {
		p.line(fmt.Sprintf("/// %d: %s", v.Number, v.Name))
	}
	p.line("type " + id(names[e.Name]) + " = s32;")
}

func (p *printer) record(m *model.Message, names typeNames) {
	p.doc(m.Doc)
	p.open("record " + id(names[m.Name]))
	taken := scope{}
	for _, f := range m.Fields {
		p.doc(f.Doc)
		p.line(id(taken.unique(mapping.Kebab(string(f.Name)))) + ": " + fieldType(f, names) + ",")
	}
	p.line("/// What the sender's schema has and this one has not, as protobuf bytes.")
	p.line(id(taken.unique("unknown-fields")) + ": list<u8>,")
	p.close()
}

func fieldType(f *model.Field, names typeNames) string {
	var t string
	switch {
	case f.Message != nil:
		t = id(names[f.Message.Name])
		if !f.Repeated {
			t = "option<" + t + ">"
		}
	case f.Enum != nil:
		t = id(names[f.Enum.Name])
	case f.Kind == protoreflect.BytesKind:
		t = "list<u8>"
	default:
		t = mapping.Scalar(f.Kind).Kind.String()
	}
	if f.Repeated {
		t = "list<" + t + ">"
	}
	return t
}

func (p *printer) service(s *model.Service) {
	p.doc(s.Doc)
	p.open("interface " + id(mapping.Kebab(string(s.Name.Name()))))
	taken := scope{}
	for _, m := range s.Methods {
		taken[mapping.Function(m)] = true
	}
	status := taken.unique("status")
	if status == "status" {
		p.line("use cofaas:grpc/types.{status};")
	} else {
		p.line("use cofaas:grpc/types.{status as " + status + "};")
	}
	names := typeNames{}
	p.use(methodRefs(s), packageID(s.File.Package), names, taken)
	first := true
	for _, m := range s.Methods {
		p.gap(&first)
		p.doc(m.Doc)
		p.line(fmt.Sprintf("%s: func(request: %s) -> result<%s, %s>;",
			id(mapping.Function(m)), id(names[m.Request.Name]), id(names[m.Reply.Name]), status))
	}
	p.close()
}
