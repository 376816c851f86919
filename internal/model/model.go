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
	// Messages and Enums are those of the model that the file declares, nested ones included, in the order of the source;
	// Services are in the order in which they were asked for.
	Messages []*Message
	Enums    []*Enum
	Services []*Service
	// Declared are the names of everything in the file that may become a type, in the model or not: enums and messages, each
	// message before what is in it, and then the oneofs of all messages. It is what names have to be unique among, so
	// that they do not depend on what is reached.
	Declared []protoreflect.FullName
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
	// StreamingClient and StreamingServer say that there may be any number of requests or replies.
	StreamingClient, StreamingServer bool
}

// FullMethod is the name by which gRPC calls the method: "/package.Service/Method".
func (m *Method) FullMethod() string {
	return "/" + string(m.Service.Name) + "/" + string(m.Name)
}

// Streaming says that the method is not unary.
func (m *Method) Streaming() bool { return m.StreamingClient || m.StreamingServer }

// Message is a message type that a method of the model reaches. The entries of maps are none.
type Message struct {
	Name protoreflect.FullName
	File *File
	Doc  string
	Pos  Pos
	// Fields are all fields, those of oneofs included, in the order of the source.
	Fields []*Field
	// Extendable says that the message has extension ranges.
	Extendable bool
	// Checked says that a value may lack a required field, its own or one below it, and thus may neither be sent nor
	// received. It is set for extendable messages too, because extensions may have required fields.
	Checked bool
}

// Field is one field of a message, or the key or the value of a map.
type Field struct {
	Name   protoreflect.Name
	Number protoreflect.FieldNumber
	Doc    string
	Pos    Pos
	// Kind is that of the value, of an element of a list; of maps it means nothing.
	Kind protoreflect.Kind
	// Repeated fields are lists. They have no presence.
	Repeated bool
	// Packed says how a repeated scalar is written to the wire; readers accept both.
	Packed bool
	// UTF8 says that a string must be valid UTF-8. Without, it is any bytes.
	UTF8 bool
	// Presence says that a scalar which is unset differs from one that is zero. Singular message fields and members of
	// oneofs always have presence, and then it is not set.
	Presence bool
	// Required says that a message without the field may not be sent.
	Required bool
	// Message is set for message fields, Enum for enum fields.
	Message *Message
	Enum    *Enum
	// Cut says that the field closes a cycle of messages. Its values are kept apart as protobuf bytes where types
	// may not be recursive. See [Build].
	Cut bool
	// Key and Value are set for maps. They have the numbers 1 and 2.
	Key, Value *Field
	// Oneof is the oneof that the field is a member of; nil for optional fields, of which protobuf makes oneofs too.
	Oneof *Oneof
}

// IsMap says that the field is a map.
func (f *Field) IsMap() bool { return f.Key != nil }

// Delimited says that values of a message field are written between two tags, as groups are, and not after their length.
func (f *Field) Delimited() bool { return f.Kind == protoreflect.GroupKind }

// Oneof is a set of fields of which at most one is set.
type Oneof struct {
	Name   protoreflect.Name
	Doc    string
	Pos    Pos
	Fields []*Field // in the order of the source
}

// Enum is an enum type. Numbers without a name are values as well: of closed enums too, as protobuf-go takes them.
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
