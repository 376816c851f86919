package model

import (
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Options of [Build].
type Options struct {
	// Locate returns the path on disk of a file, for positions; nil, or an empty answer, means its import path.
	Locate func(protoreflect.FileDescriptor) string
	// Files are files of which all messages and enums are in the model, whether a service reaches them or not.
	Files []protoreflect.FileDescriptor
}

// Build returns the model of services and of everything that they reach. Every valid descriptor has one.
//
// Where messages contain each other in a cycle, fields are cut by this rule: of the fields whose type leads back to their own
// message, those are cut whose type is declared before the message or is the message itself. Declared before counts a
// message before those nested in it. So the same fields are cut wherever a type is used from, and what is left has no cycles:
// declarations can only go forward. Cycles cannot leave a file, since files import each other without cycles.
func Build(services []protoreflect.ServiceDescriptor, opts Options) *Model {
	b := &builder{
		opts:     opts,
		model:    &Model{services: map[protoreflect.FullName]*Service{}},
		files:    map[string]*File{},
		messages: map[protoreflect.FullName]*Message{},
		enums:    map[protoreflect.FullName]*Enum{},
		cycles:   newCycles(services, opts.Files),
	}
	for _, s := range services {
		if b.model.services[s.FullName()] == nil {
			b.service(s)
		}
	}
	for _, fd := range opts.Files {
		b.file(fd)
		for md := range messages(fd) {
			b.message(md)
		}
		for ed := range enums(fd) {
			b.enum(ed)
		}
	}
	b.check()
	b.sort()
	return b.model
}

type builder struct {
	opts     Options
	model    *Model
	files    map[string]*File
	messages map[protoreflect.FullName]*Message
	enums    map[protoreflect.FullName]*Enum
	cycles   cycles
}

func (b *builder) file(fd protoreflect.FileDescriptor) *File {
	f := b.files[fd.Path()]
	if f == nil {
		f = &File{Path: fd.Path(), Package: fd.Package(), Doc: fileDoc(fd), Declared: declared(fd)}
		b.files[fd.Path()] = f
		b.model.Files = append(b.model.Files, f)
	}
	return f
}

// fileDoc is the comment before the package statement, or before the syntax statement: descriptor.proto numbers them
// 2 and 12.
func fileDoc(fd protoreflect.FileDescriptor) string {
	for _, path := range []protoreflect.SourcePath{{2}, {12}} {
		if c := fd.SourceLocations().ByPath(path).LeadingComments; c != "" {
			return c
		}
	}
	return ""
}

func (b *builder) service(sd protoreflect.ServiceDescriptor) {
	s := &Service{Name: sd.FullName(), File: b.file(sd.ParentFile()), Doc: doc(sd), Pos: position(sd, b.opts.Locate)}
	s.File.Services = append(s.File.Services, s)
	b.model.services[s.Name] = s
	for i := range sd.Methods().Len() {
		md := sd.Methods().Get(i)
		s.Methods = append(s.Methods, &Method{
			Name: md.Name(), Service: s, Doc: doc(md), Pos: position(md, b.opts.Locate),
			Request: b.message(md.Input()), Reply: b.message(md.Output()),
			StreamingClient: md.IsStreamingClient(), StreamingServer: md.IsStreamingServer(),
		})
	}
}

func (b *builder) message(md protoreflect.MessageDescriptor) *Message {
	if m := b.messages[md.FullName()]; m != nil {
		return m
	}
	m := &Message{Name: md.FullName(), Doc: doc(md), Pos: position(md, b.opts.Locate), Extendable: md.ExtensionRanges().Len() > 0}
	b.messages[m.Name] = m
	m.File = b.file(md.ParentFile())
	oneofs := map[protoreflect.Name]*Oneof{}
	for i := range md.Fields().Len() {
		fd := md.Fields().Get(i)
		f := b.field(fd, md)
		if od := fd.ContainingOneof(); od != nil && !od.IsSynthetic() {
			o := oneofs[od.Name()]
			if o == nil {
				o = &Oneof{Name: od.Name(), Doc: doc(od), Pos: position(od, b.opts.Locate)}
				oneofs[o.Name] = o
			}
			f.Oneof = o
			o.Fields = append(o.Fields, f)
		}
		m.Fields = append(m.Fields, f)
	}
	m.File.Messages = append(m.File.Messages, m)
	return m
}

// field returns the model of a field of md, or of a part of an entry of one of its maps.
func (b *builder) field(fd protoreflect.FieldDescriptor, md protoreflect.MessageDescriptor) *Field {
	f := &Field{
		Name: fd.Name(), Number: fd.Number(), Doc: doc(fd), Pos: position(fd, b.opts.Locate),
		Kind: fd.Kind(), Repeated: fd.IsList(), Packed: fd.IsPacked(), UTF8: enforcesUTF8(fd),
		Required: fd.Cardinality() == protoreflect.Required,
	}
	switch {
	case fd.IsMap():
		f.Key, f.Value = b.field(fd.MapKey(), md), b.field(fd.MapValue(), md)
	case fd.Message() != nil:
		f.Message = b.message(fd.Message())
		f.Cut = b.cycles.cuts(md, fd.Message())
	case fd.Enum() != nil:
		f.Enum = b.enum(fd.Enum())
	}
	f.Presence = f.Message == nil && fd.HasPresence() && !fd.ContainingMessage().IsMapEntry() &&
		(fd.ContainingOneof() == nil || fd.ContainingOneof().IsSynthetic())
	return f
}

// enforcesUTF8 says that protobuf-go refuses the field's strings if they are not UTF-8.
func enforcesUTF8(fd protoreflect.FieldDescriptor) bool {
	if fd.Kind() != protoreflect.StringKind {
		return false
	}
	// Of the features of editions only this method tells; descriptors of protodesc have it.
	if fd, ok := fd.(interface{ EnforceUTF8() bool }); ok {
		return fd.EnforceUTF8()
	}
	return fd.Syntax() != protoreflect.Proto2
}

// check sets Checked: of the messages that may by themselves lack something, and of all that contain one.
func (b *builder) check() {
	containers := map[*Message][]*Message{}
	var work []*Message
	for _, m := range b.messages {
		m.Checked = m.Extendable
		for _, f := range m.Fields {
			m.Checked = m.Checked || f.Required
			if f.IsMap() {
				f = f.Value
			}
			if f.Message != nil {
				containers[f.Message] = append(containers[f.Message], m)
			}
		}
		if m.Checked {
			work = append(work, m)
		}
	}
	for len(work) > 0 {
		m := work[len(work)-1]
		work = work[:len(work)-1]
		for _, c := range containers[m] {
			if !c.Checked {
				c.Checked = true
				work = append(work, c)
			}
		}
	}
}

func (b *builder) enum(ed protoreflect.EnumDescriptor) *Enum {
	if e := b.enums[ed.FullName()]; e != nil {
		return e
	}
	e := &Enum{Name: ed.FullName(), File: b.file(ed.ParentFile()), Doc: doc(ed), Pos: position(ed, b.opts.Locate)}
	b.enums[e.Name] = e
	for i := range ed.Values().Len() {
		v := ed.Values().Get(i)
		e.Values = append(e.Values, EnumValue{Name: v.Name(), Number: v.Number(), Doc: doc(v)})
	}
	e.File.Enums = append(e.File.Enums, e)
	return e
}
