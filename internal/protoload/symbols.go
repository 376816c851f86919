package protoload

import (
	"go/token"

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
	// Of a message or an enum:
	typ    typeProto
	nested bool
}

func (s symbol) String() string { return s.kind.String() + " " + s.name }

// typeProto is a DescriptorProto or an EnumDescriptorProto.
type typeProto interface {
	protoreflect.ProtoMessage
	GetVisibility() descriptorpb.SymbolVisibility
}

// message returns the message that the symbol is, or nil.
func (s symbol) message() *descriptorpb.DescriptorProto {
	md, _ := s.typ.(*descriptorpb.DescriptorProto)
	return md
}

// firstNumber is the number of an enum's first value, zero for what is no enum.
func (s symbol) firstNumber() int32 {
	if ed, ok := s.typ.(*descriptorpb.EnumDescriptorProto); ok && len(ed.Value) > 0 {
		return ed.Value[0].GetNumber()
	}
	return 0
}

// entry tells the message of a map's entries.
func (s symbol) entry() bool { return s.message().GetOptions().GetMapEntry() }

// exported tells whether other files may use a message or an enum.
func (s symbol) exported() bool {
	switch s.typ.GetVisibility() {
	case descriptorpb.SymbolVisibility_VISIBILITY_EXPORT:
		return true
	case descriptorpb.SymbolVisibility_VISIBILITY_LOCAL:
		return false
	}
	switch s.file.defaultVisibility() {
	case exportTopLevel:
		return !s.nested
	case descriptorpb.FeatureSet_VisibilityFeature_LOCAL_ALL, descriptorpb.FeatureSet_VisibilityFeature_STRICT:
		return false
	}
	return true
}

const exportTopLevel = descriptorpb.FeatureSet_VisibilityFeature_EXPORT_TOP_LEVEL

// defaultVisibility returns what holds for messages and enums without a word of their own. Compilers do not keep that
// feature in what they generate, so the users of compiled files are not held to it: protoc did that.
func (f *file) defaultVisibility() descriptorpb.FeatureSet_VisibilityFeature_DefaultSymbolVisibility {
	v := f.fd.GetOptions().GetFeatures().GetDefaultSymbolVisibility()
	if v == descriptorpb.FeatureSet_VisibilityFeature_DEFAULT_SYMBOL_VISIBILITY_UNKNOWN &&
		f.edition >= descriptorpb.Edition_EDITION_2024 {
		return exportTopLevel
	}
	return v
}

// declare enters a name; within a file it must be the only one.
func (c *converter) declare(scope, name string, k kind, tok int) {
	c.enter(join(scope, name), symbol{kind: k, name: name, pos: c.pos(tok), file: c.file})
}

// declareType enters the name of a message or an enum.
func (c *converter) declareType(in scope, name string, typ typeProto, tok int) {
	k := kindMessage
	if _, ok := typ.(*descriptorpb.EnumDescriptorProto); ok {
		k = kindEnum
	}
	c.enter(join(in.name, name), symbol{kind: k, name: name, pos: c.pos(tok), file: c.file, typ: typ, nested: in.md != nil})
}

func (c *converter) enter(full string, s symbol) {
	if other, ok := c.declared[full]; ok {
		hint := "rename one of them"
		if s.kind == kindValue && other.kind == kindValue {
			hint = "enum values share the scope around their enum, rename one of them"
		}
		c.r.add(s.pos, s.String(), "%s is already declared at %v, %s", full, other.pos, hint)
		return
	}
	c.declared[full] = s
	if len(full) > maxName && !c.broken {
		c.r.add(s.pos, s.String(), "full name is longer than %d bytes, shorten it or nest less", maxName)
		c.broken = true
	}
}

// declareCompiled enters what other files can refer to, or clash with, of a file that has no source.
func (f *file) declareCompiled() {
	f.declared = map[string]symbol{}
	enter := func(scope, name string, k kind, typ typeProto, nested bool) string {
		full := join(scope, name)
		f.declared[full] = symbol{kind: k, name: name, pos: token.Position{Filename: f.path}, file: f, typ: typ, nested: nested}
		return full
	}
	enums := func(scope string, list []*descriptorpb.EnumDescriptorProto, nested bool) {
		for _, ed := range list {
			enter(scope, ed.GetName(), kindEnum, ed, nested)
			for _, v := range ed.Value {
				enter(scope, v.GetName(), kindValue, nil, false)
			}
		}
	}
	extensions := func(scope string, list []*descriptorpb.FieldDescriptorProto) {
		for _, x := range list {
			enter(scope, x.GetName(), kindExtension, nil, false)
		}
	}
	var messages func(scope string, list []*descriptorpb.DescriptorProto, nested bool)
	messages = func(scope string, list []*descriptorpb.DescriptorProto, nested bool) {
		for _, md := range list {
			full := enter(scope, md.GetName(), kindMessage, md, nested)
			enums(full, md.EnumType, true)
			extensions(full, md.Extension)
			messages(full, md.NestedType, true)
		}
	}
	pkg := f.fd.GetPackage()
	enums(pkg, f.fd.EnumType, false)
	extensions(pkg, f.fd.Extension)
	messages(pkg, f.fd.MessageType, false)
	for _, sd := range f.fd.Service {
		enter(pkg, sd.GetName(), kindService, nil, false)
	}
}
