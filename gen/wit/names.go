package wit

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/internal/mapping"
	"github.com/cofaas/cofaas/internal/model"
)

// typeNames are the names that types have in an interface, oneofs included.
type typeNames map[protoreflect.FullName]string

// declared are the names of a file's types in their interface. They depend on nothing but the file.
func (p *printer) declared(f *model.File) typeNames {
	if p.names[f] == nil {
		taken := mapping.Scope{}
		p.names[f] = typeNames{}
		for _, name := range f.Declared {
			p.names[f][name] = taken.Unique(label(name, f.Package))
		}
	}
	return p.names[f]
}

// label is the name of a type without its package, nested names joined.
func label(name, pkg protoreflect.FullName) string {
	rel := strings.TrimPrefix(string(name), string(pkg)+".")
	return mapping.Kebab(strings.ReplaceAll(rel, ".", "_"))
}

// oneofName is the full name of a oneof.
func oneofName(m *model.Message, o *model.Oneof) protoreflect.FullName { return m.Name.Append(o.Name) }

// typeRef is a type that an interface uses.
type typeRef struct {
	name protoreflect.FullName
	file *model.File
}

// fieldRefs are the types that fields of a file's messages have.
func fieldRefs(f *model.File) (refs []typeRef) {
	for _, m := range f.Messages {
		for _, field := range m.Fields {
			if field.IsMap() {
				field = field.Value
			}
			switch {
			case field.Cut:
				// It is bytes.
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

// use prints the use statements for types of other interfaces, and returns what they are called here. They come after the names
// in taken.
func (p *printer) use(refs []typeRef, in string, taken mapping.Scope) typeNames {
	names := typeNames{}
	var files []*model.File
	items := map[*model.File][]string{}
	for _, r := range refs {
		if names[r.name] != "" {
			continue
		}
		there := p.declared(r.file)[r.name]
		here := taken.Unique(there)
		names[r.name] = here
		item := id(there)
		if here != there {
			item += " as " + id(here)
		}
		if items[r.file] == nil {
			files = append(files, r.file)
		}
		items[r.file] = append(items[r.file], item)
	}
	for _, f := range files {
		from := id(p.types[f].iface)
		if p.types[f].pkg != in {
			from = p.types[f].pkg + "/" + from
		}
		p.line("use " + from + ".{" + strings.Join(items[f], ", ") + "};")
	}
	if len(files) > 0 {
		p.line("")
	}
	return names
}

// foreign are the refs that lead out of a file.
func foreign(refs []typeRef, f *model.File) []typeRef {
	return slices.DeleteFunc(refs, func(r typeRef) bool { return r.file == f })
}
