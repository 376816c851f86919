package protoload

import (
	"fmt"
	"go/token"
	"iter"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

// ref is a name that stands for a message or an enum.
type ref struct {
	name    string // as written
	at      int    // token
	scope   string // full name of the innermost declaration around it
	subject string
	message bool // an enum will not do
	// mapValue says that an enum has to begin with zero, which an entry without a value has.
	mapValue bool
	set      func(full string, k kind)
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
	f.offer(v.files)
	for _, imp := range f.imports {
		imp.file.offer(v.files)
	}
	for f := range v.files {
		for p := f.fd.GetPackage(); p != ""; p = parentName(p) {
			v.packages[p] = true
		}
	}
	return v
}

// offer adds to files what an import of f makes visible: f, and what it imports publicly.
func (f *file) offer(files map[*file]bool) {
	if f == nil || files[f] {
		return
	}
	files[f] = true
	for _, imp := range f.imports {
		if imp.public {
			imp.file.offer(files)
		}
	}
}

func (v view) find(full []byte) (symbol, bool) {
	s, ok := v.symbols[string(full)]
	return s, ok && v.files[s.file]
}

// lookup follows protoc: the first part of a name is searched from the inside out, and decides about the rest.
// A field skips what is not a type on the way, methods and extend blocks, which want a message, do not.
// tried is the name that the first part decided on when the rest of it is missing.
func (v view) lookup(name, scope string, message bool) (full string, s symbol, tried string, ok bool) {
	if rest, absolute := strings.CutPrefix(name, "."); absolute {
		s, ok = v.find([]byte(rest))
		return rest, s, "", ok
	}
	first, rest, compound := strings.Cut(name, ".")
	for at := range scopes(scope, first) {
		s, ok := v.find(at)
		switch {
		case !compound && ok && (message || s.kind <= kindEnum):
			return string(at), s, "", true
		case compound && (v.packages[string(at)] || ok && s.kind <= kindService):
			full = string(at) + "." + rest
			if s, ok = v.find([]byte(full)); !ok && len(at) > len(first) {
				tried = full
			}
			return full, s, tried, ok
		}
	}
	return "", symbol{}, "", false
}

// scopes yields the full names that a name can have in a scope and in those around it, from the inside out. They share
// memory: names are many, and scopes are deep.
func scopes(scope, name string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		b := make([]byte, 0, len(scope)+1+len(name))
		for ; scope != ""; scope = parentName(scope) {
			if !yield(append(append(append(b, scope...), '.'), name...)) {
				return
			}
		}
		yield(append(b, name...))
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
		case s.entry():
			rs.r.add(pos, ref.subject, "type %s is the entry of a map field, which only that field can use", ref.name)
		case s.file != f && !s.exported():
			rs.r.add(pos, ref.subject, "type %s is local to %s, use another one or export it there", full, s.file.path)
		case ref.mapValue && s.firstNumber() != 0:
			rs.r.add(pos, ref.subject, "enum %s is the value of a map and does not begin with zero, put a value with number 0 first there", full)
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
	f.checkJSONNames(rs.r)
	f.checkStrict(rs.r)
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
	for at := range scopes(scope, name) {
		if s, ok := v.symbols[string(at)]; ok && !v.files[s.file] && s.kind <= kindEnum {
			return fmt.Sprintf("type %s is declared in %s, which is not imported, add import %q", at, s.file.path, s.file.name)
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
		if isSet(rs.symbols[strings.TrimPrefix(x.GetExtendee(), ".")].message()) &&
			(x.GetLabel() != labelOptional || x.GetType() != descriptorpb.FieldDescriptorProto_TYPE_MESSAGE) {
			rs.r.add(s.pos, s.String(), "an extension of a message set is an optional message")
		}
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
