package protoload

import (
	"fmt"
	"go/token"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

type kind uint8

const (
	kindMessage kind = iota + 1
	kindEnum
	kindService
	kindField
	kindExtension
	kindOneof
	kindValue
	kindMethod
)

var kindNames = [...]string{kindMessage: "message", kindEnum: "enum", kindService: "service", kindField: "field",
	kindExtension: "extension", kindOneof: "oneof", kindValue: "value", kindMethod: "method"}

func (k kind) String() string { return kindNames[k] }

// symbol is something that was declared.
type symbol struct {
	kind kind
	name string // last part
	pos  token.Position
	file *file
	// entry tells the message of a map's entries.
	entry bool
}

func (s symbol) String() string { return s.kind.String() + " " + s.name }

// ref is a name that stands for a message or an enum.
type ref struct {
	name    string // as written
	at      int    // token
	scope   string // full name of the innermost declaration around it
	subject string
	message bool // an enum will not do
	set     func(full string, k kind)
}

// declare enters a name; within a file it must be the only one.
func (c *converter) declare(scope, name string, k kind, tok int) {
	full := join(scope, name)
	s := symbol{kind: k, name: name, pos: c.pos(tok), file: c.file}
	if other, ok := c.declared[full]; ok {
		hint := "rename one of them"
		if k == kindValue && other.kind == kindValue {
			hint = "enum values share the scope around their enum, rename one of them"
		}
		c.r.add(s.pos, s.String(), "%s is already declared at %v, %s", full, other.pos, hint)
		return
	}
	c.declared[full] = s
}

// declareEntry enters the message of a map's entries.
func (c *converter) declareEntry(scope, name string, tok int) {
	c.declare(scope, name, kindMessage, tok)
	if s := c.declared[join(scope, name)]; s.kind == kindMessage {
		s.entry = true
		c.declared[join(scope, name)] = s
	}
}

// declareLinked enters the names of a linked file.
func (f *file) declareLinked() {
	f.declared = map[string]symbol{}
	add := func(d protoreflect.Descriptor, k kind) {
		m, ok := d.(protoreflect.MessageDescriptor)
		f.declared[string(d.FullName())] = symbol{kind: k, name: string(d.Name()),
			pos: token.Position{Filename: f.path}, file: f, entry: ok && m.IsMapEntry()}
	}
	type parent interface {
		Messages() protoreflect.MessageDescriptors
		Enums() protoreflect.EnumDescriptors
		Extensions() protoreflect.ExtensionDescriptors
	}
	var walk func(p parent)
	walk = func(p parent) {
		for i := range p.Enums().Len() {
			e := p.Enums().Get(i)
			add(e, kindEnum)
			for j := range e.Values().Len() {
				add(e.Values().Get(j), kindValue)
			}
		}
		for i := range p.Extensions().Len() {
			add(p.Extensions().Get(i), kindExtension)
		}
		for i := range p.Messages().Len() {
			m := p.Messages().Get(i)
			add(m, kindMessage)
			walk(m)
		}
	}
	walk(f.desc)
}

// resolver resolves the names of all files of a run.
type resolver struct {
	r          *report
	symbols    map[string]symbol
	extensions map[string]token.Position // extendee and number
}

// declareAll enters the names of all files: a program can hold each name once.
func (rs *resolver) declareAll(files []*file) {
	packages := map[string]*file{}
	for _, f := range files {
		for p := f.fd.GetPackage(); p != ""; p = parentName(p) {
			if packages[p] == nil {
				packages[p] = f
			}
		}
	}
	for _, f := range files {
		for full, s := range f.declared {
			if other, ok := rs.symbols[full]; ok {
				rs.r.add(s.pos, s.String(), "%s is already declared at %v, rename one of them", full, other.pos)
				continue
			}
			rs.symbols[full] = s
			if p := packages[full]; p != nil {
				rs.r.add(s.pos, s.String(), "%s is also a package, in %s, rename one of them", full, p.path)
			}
		}
	}
}

// parentName drops the last part of a name.
func parentName(name string) string {
	return name[:max(strings.LastIndexByte(name, '.'), 0)]
}

// view is what a file can refer to: itself, what it imports, and what those import publicly.
type view struct {
	*resolver
	files    map[*file]bool
	packages map[string]bool
}

func (rs *resolver) view(f *file) view {
	v := view{rs, map[*file]bool{}, map[string]bool{}}
	var add func(f *file)
	add = func(f *file) {
		if f == nil || v.files[f] {
			return
		}
		v.files[f] = true
		for p := f.fd.GetPackage(); p != ""; p = parentName(p) {
			v.packages[p] = true
		}
		for _, imp := range f.imports {
			if imp.public {
				add(imp.file)
			}
		}
	}
	add(f)
	for _, imp := range f.imports {
		add(imp.file)
	}
	return v
}

func (v view) find(full string) (symbol, bool) {
	s, ok := v.symbols[full]
	return s, ok && v.files[s.file]
}

// lookup follows protoc: the first part of a name is searched from the inside out, and decides about the rest.
// A field skips what is not a type on the way, methods and extend blocks, which want a message, do not.
// tried is the name that the first part decided on when the rest of it is missing.
func (v view) lookup(name, scope string, message bool) (full string, s symbol, tried string, ok bool) {
	if rest, absolute := strings.CutPrefix(name, "."); absolute {
		s, ok = v.find(rest)
		return rest, s, "", ok
	}
	first, rest, compound := strings.Cut(name, ".")
	for {
		full := join(scope, first)
		s, ok := v.find(full)
		switch {
		case !compound && ok && (message || s.kind <= kindEnum):
			return full, s, "", true
		case compound && (v.packages[full] || ok && s.kind <= kindService):
			full += "." + rest
			if s, ok = v.find(full); !ok && scope != "" {
				tried = full
			}
			return full, s, tried, ok
		case scope == "":
			return "", symbol{}, "", false
		}
		scope = parentName(scope)
	}
}

// resolve sets the types of the fields and methods of f.
func (rs *resolver) resolve(f *file) {
	v := rs.view(f)
	for _, ref := range f.refs {
		pos := f.pos(ref.at)
		full, s, tried, ok := v.lookup(ref.name, ref.scope, ref.message)
		switch {
		case !ok:
			rs.r.add(pos, ref.subject, "%s", v.missing(ref, tried))
		case s.kind != kindMessage && (s.kind != kindEnum || ref.message):
			want := "message or an enum"
			if ref.message {
				want = "message"
			}
			rs.r.add(pos, ref.subject, "type %s is the %v %s, use a %s", ref.name, s.kind, full, want)
		case s.entry:
			rs.r.add(pos, ref.subject, "type %s is the entry of a map field, which only that field can use", ref.name)
		default:
			ref.set("."+full, s.kind)
		}
	}
	for _, d := range f.defaults {
		d.set(rs.r)
	}
	for _, d := range f.fields {
		f.checkFieldOptions(d, rs.r)
	}
	rs.checkExtensions(f, f.fd.Extension, f.fd.GetPackage())
	var walk func(list []*descriptorpb.DescriptorProto, scope string)
	walk = func(list []*descriptorpb.DescriptorProto, scope string) {
		for _, md := range list {
			full := join(scope, md.GetName())
			rs.checkExtensions(f, md.Extension, full)
			walk(md.NestedType, full)
		}
	}
	walk(f.fd.MessageType, f.fd.GetPackage())
}

// missing says what is wrong with a name that is not there, or that is out of sight.
func (v view) missing(ref ref, tried string) string {
	name, absolute := strings.CutPrefix(ref.name, ".")
	scope := ref.scope
	if absolute {
		scope = ""
	}
	for ; ; scope = parentName(scope) {
		full := join(scope, name)
		if s, ok := v.symbols[full]; ok && !v.files[s.file] && s.kind <= kindEnum {
			return fmt.Sprintf("type %s is declared in %s, which is not imported, add import %q", full, s.file.path, s.file.name)
		}
		if scope == "" {
			break
		}
	}
	if tried != "" {
		return fmt.Sprintf("type %s is looked up as %s, which is not declared; start the name with a dot to look it up from the root", ref.name, tried)
	}
	return fmt.Sprintf("type %s is not declared, declare it or import the file that does", ref.name)
}

// checkExtensions reports extensions of one message that have the same number.
func (rs *resolver) checkExtensions(f *file, list []*descriptorpb.FieldDescriptorProto, scope string) {
	for _, x := range list {
		key := fmt.Sprintf("%s %d", x.GetExtendee(), x.GetNumber())
		s := f.declared[join(scope, x.GetName())]
		if other, ok := rs.extensions[key]; ok && x.Extendee != nil {
			rs.r.add(s.pos, s.String(), "number %d of %s is used at %v, choose another one",
				x.GetNumber(), strings.TrimPrefix(x.GetExtendee(), "."), other)
			continue
		}
		rs.extensions[key] = s.pos
	}
}

// defaultValue is a default, which can be read only when the type of its field is known.
type defaultValue struct {
	field   *descriptorpb.FieldDescriptorProto
	value   value
	subject string
}

func (d defaultValue) set(r *report) {
	text, err := d.text()
	if err != nil {
		r.add(d.value.pos(d.value.first), d.subject, "default: %v", err)
		return
	}
	d.field.DefaultValue = proto.String(text)
}
