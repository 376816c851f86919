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

// typesInterface names the interface with the types of a file. All types interfaces are named by the file's whole path, so that
// they cannot meet in a package.
func typesInterface(f *model.File) string {
	return mapping.Kebab(strings.ReplaceAll(strings.TrimSuffix(path.Clean(f.Path), ".proto"), "/", "_")) + "-types"
}

func (p *printer) protoPackage(pkg protoPackage) {
	for i, f := range pkg.files {
		if i == 0 {
			p.doc(f.Doc)
		}
	}
	p.open("package " + mapping.Package(pkg.name))
	first := true
	for _, f := range pkg.files {
		if len(f.Messages)+len(f.Enums) > 0 {
			p.gap(&first)
			p.types(f)
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

// use prints the use statements for types of other interfaces, and adds what they are called here to names.
func (p *printer) use(refs []typeRef, in protoreflect.FullName, names typeNames, taken scope) {
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
		from := id(typesInterface(f))
		if f.Package != in {
			from = mapping.Package(f.Package) + "/" + from
		}
		p.line(fmt.Sprintf("use %s.{%s};", from, strings.Join(items[f], ", ")))
	}
	if len(files) > 0 {
		p.line("")
	}
}

func (p *printer) types(f *model.File) {
	p.line("/// The types of " + f.Path + ".")
	p.open("interface " + id(typesInterface(f)))
	names := declared(f)
	taken := scope{}
	for _, n := range names {
		taken[n] = true
	}
	var refs []typeRef
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
	p.use(refs, f.Package, names, taken)
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
	taken := scope{"status": true}
	for _, m := range s.Methods {
		taken[mapping.Function(m)] = true
	}
	p.line("use cofaas:grpc/types.{status};")
	names := typeNames{}
	var refs []typeRef
	for _, m := range s.Methods {
		refs = append(refs, typeRef{m.Request.Name, m.Request.File}, typeRef{m.Reply.Name, m.Reply.File})
	}
	p.use(refs, s.File.Package, names, taken)
	first := true
	for _, m := range s.Methods {
		p.gap(&first)
		p.doc(m.Doc)
		p.line(fmt.Sprintf("%s: func(request: %s) -> result<%s, status>;",
			id(mapping.Function(m)), id(names[m.Request.Name]), id(names[m.Reply.Name])))
	}
	p.close()
}
