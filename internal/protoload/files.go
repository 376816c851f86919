package protoload

import (
	"go/token"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// Files are linked files. They do not change, and are safe for concurrent use.
type Files struct {
	*protoregistry.Files
	order  []protoreflect.FileDescriptor
	protos []*descriptorpb.FileDescriptorProto // parallel to order
	paths  map[string]string                   // by name
	sets   map[string]bool                     // by full name
}

func (f *Files) add(desc protoreflect.FileDescriptor, fd *descriptorpb.FileDescriptorProto, path string) {
	f.order = append(f.order, desc)
	f.protos = append(f.protos, fd)
	f.paths[desc.Path()] = path
}

// All returns the files that were named and all that they import, dependencies first.
func (f *Files) All() []protoreflect.FileDescriptor {
	return append([]protoreflect.FileDescriptor(nil), f.order...)
}

// Path returns where a file was read, or where its [Descriptor] was found. That of a file which is linked into this
// program is its name.
func (f *Files) Path(fd protoreflect.FileDescriptor) string { return f.paths[fd.Path()] }

// IsMessageSet tells the messages with option message_set_wire_format. It is not in their options, as protobuf-go refuses to
// link it, and to read or write such messages. Extensions of theirs with numbers above those of fields are not linked.
func (f *Files) IsMessageSet(md protoreflect.MessageDescriptor) bool {
	return f.sets[string(md.FullName())]
}

// Position returns where d is declared, columns as in [Error]. What protobuf makes up has the position of what it
// stands for: the entry of a map that of its field, the oneof of an optional field that of the field. Files without
// source have no lines.
func (f *Files) Position(d protoreflect.Descriptor) token.Position {
	pos := token.Position{Filename: f.Path(d.ParentFile())}
	if loc, ok := location(d); ok {
		pos.Line, pos.Column = loc.StartLine+1, loc.StartColumn+1
	}
	return pos
}

func location(d protoreflect.Descriptor) (protoreflect.SourceLocation, bool) {
	locs := d.ParentFile().SourceLocations()
	for d != nil {
		if loc := locs.ByDescriptor(d); loc.Path != nil {
			return loc, true
		}
		d = standsFor(d)
	}
	return protoreflect.SourceLocation{}, false
}

// standsFor returns the declaration that a made-up descriptor comes from, nil if there is none.
func standsFor(d protoreflect.Descriptor) protoreflect.Descriptor {
	switch d := d.(type) {
	case protoreflect.OneofDescriptor:
		if d.IsSynthetic() {
			return d.Fields().Get(0)
		}
	case protoreflect.MessageDescriptor:
		parent, ok := d.Parent().(protoreflect.MessageDescriptor)
		if !ok || !d.IsMapEntry() {
			return nil
		}
		for i := range parent.Fields().Len() {
			if f := parent.Fields().Get(i); f.IsMap() && f.Message() == d {
				return f
			}
		}
	case protoreflect.FieldDescriptor:
		if m := d.ContainingMessage(); m != nil && m.IsMapEntry() {
			return m
		}
	}
	return nil
}

// Comments returns the doc comment of d, without markers: the one in front of it, or else the one behind it.
func (f *Files) Comments(d protoreflect.Descriptor) string {
	loc := d.ParentFile().SourceLocations().ByDescriptor(d)
	text := loc.LeadingComments
	if strings.TrimSpace(text) == "" {
		text = loc.TrailingComments
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(strings.TrimPrefix(line, " "), " \t\r")
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}

// DescriptorSet returns the files, dependencies first, without source information, and with the options of message sets. Equal
// input gives equal output.
func (f *Files) DescriptorSet() *descriptorpb.FileDescriptorSet {
	set := &descriptorpb.FileDescriptorSet{}
	for _, fd := range f.protos {
		fd = proto.CloneOf(fd)
		fd.SourceCodeInfo = nil
		set.File = append(set.File, fd)
	}
	return set
}
