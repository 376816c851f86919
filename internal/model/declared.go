package model

import (
	"cmp"
	"iter"
	"slices"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// declarations is a file or a message.
type declarations interface {
	Messages() protoreflect.MessageDescriptors
	Enums() protoreflect.EnumDescriptors
}

// walk visits what is declared in scope and in the messages in it: a message before what is in it. The entries of maps are not
// declared by anyone.
func walk(scope declarations, message func(protoreflect.MessageDescriptor) bool, enum func(protoreflect.EnumDescriptor) bool) bool {
	for i := range scope.Enums().Len() {
		if !enum(scope.Enums().Get(i)) {
			return false
		}
	}
	for i := range scope.Messages().Len() {
		md := scope.Messages().Get(i)
		if !md.IsMapEntry() && (!message(md) || !walk(md, message, enum)) {
			return false
		}
	}
	return true
}

// messages are all messages of a file, in the order of the source.
func messages(fd protoreflect.FileDescriptor) iter.Seq[protoreflect.MessageDescriptor] {
	return func(yield func(protoreflect.MessageDescriptor) bool) {
		walk(fd, yield, func(protoreflect.EnumDescriptor) bool { return true })
	}
}

// enums are all enums of a file, in the order of the source as far as descriptors tell it.
func enums(fd protoreflect.FileDescriptor) iter.Seq[protoreflect.EnumDescriptor] {
	return func(yield func(protoreflect.EnumDescriptor) bool) {
		walk(fd, func(protoreflect.MessageDescriptor) bool { return true }, yield)
	}
}

// declared is [File.Declared].
func declared(fd protoreflect.FileDescriptor) (names []protoreflect.FullName) {
	walk(fd, func(md protoreflect.MessageDescriptor) bool {
		names = append(names, md.FullName())
		return true
	}, func(ed protoreflect.EnumDescriptor) bool {
		names = append(names, ed.FullName())
		return true
	})
	for md := range messages(fd) {
		for i := range md.Oneofs().Len() {
			if od := md.Oneofs().Get(i); !od.IsSynthetic() {
				names = append(names, od.FullName())
			}
		}
	}
	return names
}

// sort puts the types of files into the order of the source, whatever the order in which they were reached.
func (b *builder) sort() {
	for _, f := range b.model.Files {
		order := make(map[protoreflect.FullName]int, len(f.Declared))
		for i, name := range f.Declared {
			order[name] = i
		}
		slices.SortFunc(f.Messages, func(x, y *Message) int { return cmp.Compare(order[x.Name], order[y.Name]) })
		slices.SortFunc(f.Enums, func(x, y *Enum) int { return cmp.Compare(order[x.Name], order[y.Name]) })
	}
}
