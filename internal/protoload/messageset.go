package protoload

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

// Message sets are the one valid thing that protobuf-go refuses to link, unless it is built with the tag protolegacy.
// Their declarations must not stand in the way of all the others in a file. So they are linked as messages without that
// option, and Files knows which they are.

// checkSet checks a message set, whose options and fields are known.
func (c *converter) checkSet(b *messageBody) {
	subject, pos := kindMessage.String()+" "+b.md.GetName(), c.declared[b.name].pos
	switch {
	case c.syntax == "proto3":
		c.r.add(pos, subject, "proto3 has no message sets, remove the option or use proto2")
	case len(b.md.Field) > 0:
		c.r.add(pos, subject, "a message set has extensions and no fields, move the fields to an extension")
	case len(b.md.ExtensionRange) == 0:
		c.r.add(pos, subject, "a message set has extensions only, add extensions 4 to max")
	}
}

func isSet(md *descriptorpb.DescriptorProto) bool { return md.GetOptions().GetMessageSetWireFormat() }

// linkable returns the file that protodesc can link. That of a file without message sets, and without extensions of
// them, is the file itself.
func (l *loader) linkable(f *file) *descriptorpb.FileDescriptorProto {
	for full, s := range f.declared {
		if isSet(s.message()) {
			l.sets[full] = true
		}
	}
	if len(l.sets) == 0 {
		return f.fd
	}
	fd := proto.CloneOf(f.fd)
	var path []int32
	// Numbers above those of fields are for extensions of message sets. Where some are left out, indexes shift, and the
	// places of the extensions around them are not known any more.
	trim := func(list []*descriptorpb.FieldDescriptorProto, field int32) []*descriptorpb.FieldDescriptorProto {
		n := len(list)
		list = slices.DeleteFunc(list, func(x *descriptorpb.FieldDescriptorProto) bool {
			return l.sets[strings.TrimPrefix(x.GetExtendee(), ".")] && x.GetNumber() > maxFieldNumber
		})
		if info := fd.SourceCodeInfo; len(list) < n && info != nil {
			at := append(slices.Clone(path), field)
			info.Location = slices.DeleteFunc(info.Location, func(l *descriptorpb.SourceCodeInfo_Location) bool {
				return len(l.Path) >= len(at) && slices.Equal(l.Path[:len(at)], at)
			})
		}
		return list
	}
	var messages func(list []*descriptorpb.DescriptorProto, field int32)
	messages = func(list []*descriptorpb.DescriptorProto, field int32) {
		for i, md := range list {
			path = append(path, field, int32(i))
			md.Extension = trim(md.Extension, 6)
			messages(md.NestedType, 3)
			path = path[:len(path)-2]
			if !isSet(md) {
				continue
			}
			md.Options.MessageSetWireFormat = nil
			md.ExtensionRange = slices.DeleteFunc(md.ExtensionRange, func(r *descriptorpb.DescriptorProto_ExtensionRange) bool {
				r.End = proto.Int32(min(r.GetEnd(), maxFieldNumber+1))
				return r.GetStart() >= r.GetEnd()
			})
			md.ReservedRange = slices.DeleteFunc(md.ReservedRange, func(r *descriptorpb.DescriptorProto_ReservedRange) bool {
				r.End = proto.Int32(min(r.GetEnd(), maxFieldNumber+1))
				return r.GetStart() >= r.GetEnd()
			})
		}
	}
	fd.Extension = trim(fd.Extension, 7)
	messages(fd.MessageType, 4)
	return fd
}
