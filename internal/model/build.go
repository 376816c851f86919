package model

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// Options of [Build].
type Options struct {
	// Locate returns the path on disk of a file, for positions; nil, or an empty answer, means its import path.
	Locate func(protoreflect.FileDescriptor) string
}

// Build returns the model of services and of everything that they reach. All problems are reported at once, as a join
// of [*Error]; then the model is nil.
//
// What is not mapped yet is refused here, so that no part behind the model can get it wrong: streaming methods, map
// fields, oneofs, explicit presence of scalars, groups, and recursive messages.
func Build(services []protoreflect.ServiceDescriptor, opts Options) (*Model, error) {
	b := &builder{
		opts:     opts,
		model:    &Model{services: map[protoreflect.FullName]*Service{}},
		files:    map[string]*File{},
		messages: map[protoreflect.FullName]*Message{},
		enums:    map[protoreflect.FullName]*Enum{},
	}
	for _, s := range services {
		if b.model.services[s.FullName()] == nil {
			b.service(s)
		}
	}
	if len(b.errs) > 0 {
		return nil, errors.Join(b.errs...)
	}
	return b.model, nil
}

type builder struct {
	opts     Options
	model    *Model
	files    map[string]*File
	messages map[protoreflect.FullName]*Message
	enums    map[protoreflect.FullName]*Enum
	// path are the messages being built, outermost first, to find recursion.
	path []protoreflect.MessageDescriptor
	errs []error
}

func (b *builder) refuse(d protoreflect.Descriptor, subject, problem string) {
	b.errs = append(b.errs, &Error{Pos: position(d, b.opts.Locate), Subject: subject + " " + string(d.FullName()), Problem: problem})
}

func (b *builder) file(fd protoreflect.FileDescriptor) *File {
	f := b.files[fd.Path()]
	if f == nil {
		f = &File{Path: fd.Path(), Package: fd.Package(), Doc: fileDoc(fd)}
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
		if md.IsStreamingClient() || md.IsStreamingServer() {
			b.refuse(md, "rpc", "streaming methods are not supported yet; keep this service on native gRPC")
			continue
		}
		s.Methods = append(s.Methods, &Method{
			Name: md.Name(), Service: s, Doc: doc(md), Pos: position(md, b.opts.Locate),
			Request: b.message(md.Input()), Reply: b.message(md.Output()),
		})
	}
}

func (b *builder) message(md protoreflect.MessageDescriptor) *Message {
	if m := b.messages[md.FullName()]; m != nil {
		return m
	}
	m := &Message{Name: md.FullName(), Doc: doc(md), Pos: position(md, b.opts.Locate)}
	b.messages[m.Name] = m
	m.File = b.file(md.ParentFile())
	b.path = append(b.path, md)
	for i := range md.Fields().Len() {
		if f := b.field(md.Fields().Get(i)); f != nil {
			m.Fields = append(m.Fields, f)
		}
	}
	b.path = b.path[:len(b.path)-1]
	// After its parts: declaration before use reads well in WIT, and costs nothing.
	m.File.Messages = append(m.File.Messages, m)
	return m
}

func (b *builder) field(fd protoreflect.FieldDescriptor) *Field {
	if problem := unsupported(fd); problem != "" {
		b.refuse(fd, "field", problem)
		return nil
	}
	f := &Field{
		Name: fd.Name(), Number: fd.Number(), Doc: doc(fd), Pos: position(fd, b.opts.Locate),
		Kind: fd.Kind(), Repeated: fd.IsList(), Packed: fd.IsPacked(),
		UTF8: fd.Kind() == protoreflect.StringKind && fd.Syntax() != protoreflect.Proto2,
	}
	switch {
	case fd.Message() != nil:
		for _, outer := range b.path {
			if outer.FullName() == fd.Message().FullName() {
				b.refuse(fd, "field", fmt.Sprintf("message %s is recursive, which is not supported yet", fd.Message().FullName()))
				return nil
			}
		}
		f.Message = b.message(fd.Message())
	case fd.Enum() != nil:
		f.Enum = b.enum(fd.Enum())
	}
	return f
}

// unsupported says why a field cannot be mapped yet, or nothing.
func unsupported(fd protoreflect.FieldDescriptor) string {
	const instead = " are not supported yet"
	switch {
	case fd.IsMap():
		return "map fields" + instead
	case fd.ContainingOneof() != nil && !fd.ContainingOneof().IsSynthetic():
		return "oneof fields" + instead
	case fd.Kind() == protoreflect.GroupKind:
		return "groups and delimited fields" + instead
	case fd.HasPresence() && fd.Message() == nil:
		return "scalar fields with explicit presence (optional, required, or proto2)" + instead
	case fd.Kind() == protoreflect.EnumKind && fd.Enum().IsClosed():
		return "closed (proto2) enums" + instead
	default:
		return ""
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
