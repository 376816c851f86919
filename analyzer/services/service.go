package services

import (
	"go/types"
)

// A Service is one gRPC service as Go code knows it: what its ServiceDesc, its
// server interface and its client say.
type Service struct {
	Name    string    // full name, as in "helloworld.Greeter"
	PkgPath string    // the Go package that declares it
	Proto   string    // from the "// source:" comment of the declaring file, or ""
	Methods []*Method // unary methods in the order of the description, then streams
}

// A Method is one method of a service.
type Method struct {
	Name           string // as in "SayHello"
	FullMethod     string // as in "/helloworld.Greeter/SayHello"
	Request, Reply Message
	ClientStreams  bool
	ServerStreams  bool
}

// Streaming reports whether either side streams.
func (m *Method) Streaming() bool { return m.ClientStreams || m.ServerStreams }

// A Message names the Go type of a request or a reply. The zero Message is one
// that could not be determined.
type Message struct {
	PkgPath string
	Name    string // Go name
	Proto   string // from the "// source:" comment of the declaring file, or ""

	named *types.Named // not carried by facts
}

// Named returns the type of m, or nil if m comes from the facts of a dependency.
func (m Message) Named() *types.Named { return m.named }

// Method returns the method of that name, or nil.
func (s *Service) Method(name string) *Method {
	for _, m := range s.Methods {
		if m.Name == name {
			return m
		}
	}
	return nil
}
