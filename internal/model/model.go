// Package model holds services and their messages as the rest of the toolkit sees them: what protobuf says, resolved,
// without syntax, and without anything of Go, WIT or Wasm.
//
// A model is built from linked descriptors, whether those came from .proto sources or from a descriptor set, so that
// the generator and the host derive the same layout from the same proto.
package model

import "google.golang.org/protobuf/reflect/protoreflect"

// File is a .proto file that declares something in the model.
type File struct {
	// Path is the name by which other files import it.
	Path string
	// Package is the proto package, possibly empty.
	Package protoreflect.FullName
	// Doc is the comment of the package or syntax statement.
	Doc string
	// Messages, Enums and Services are those of the model that the file declares, nested ones included, in the order of
	// the source.
	Messages []*Message
	Enums    []*Enum
	Services []*Service
}

// Service is a gRPC service.
type Service struct {
	Name    protoreflect.FullName
	File    *File
	Doc     string
	Pos     Pos
	Methods []*Method
}

// Method is one rpc.
type Method struct {
	Name           protoreflect.Name
	Service        *Service
	Doc            string
	Pos            Pos
	Request, Reply *Message
}

// FullMethod is the name by which gRPC calls the method: "/package.Service/Method".
func (m *Method) FullMethod() string {
	return "/" + string(m.Service.Name) + "/" + string(m.Name)
}

// Message is a message type that a method of the model reaches.
type Message struct {
	Name   protoreflect.FullName
	File   *File
	Doc    string
	Pos    Pos
	Fields []*Field
}

// Field is one field of a message.
type Field struct {
	Name   protoreflect.Name
	Number protoreflect.FieldNumber
	Doc    string
	Pos    Pos
	Kind   protoreflect.Kind
	// Repeated fields have no presence.
	Repeated bool
	// Packed says how a repeated scalar is written to the wire; readers accept both.
	Packed bool
	// UTF8 says that a string must be valid UTF-8.
	UTF8 bool
	// Message is set for message fields, Enum for enum fields.
	Message *Message
	Enum    *Enum
}

// Enum is an enum type; its numbers are open.
type Enum struct {
	Name   protoreflect.FullName
	File   *File
	Doc    string
	Pos    Pos
	Values []EnumValue
}

// EnumValue is one named number.
type EnumValue struct {
	Name   protoreflect.Name
	Number protoreflect.EnumNumber
	Doc    string
}

// Model is a closed set of services: every type that they reach is in it.
type Model struct {
	// Files are in the order in which they were reached, which depends on the input alone.
	Files    []*File
	services map[protoreflect.FullName]*Service
}

// Service returns the service of that name, or nil.
func (m *Model) Service(name protoreflect.FullName) *Service { return m.services[name] }
