// Package reflection stands in for google.golang.org/grpc/reflection in a guest.
//
// Inert in a guest: the host serves reflection, for what all its functions export. server.go has what only those need who
// make a reflection service themselves.
package reflection

import (
	"github.com/cofaas/cofaas/stubs/grpc"
	"github.com/cofaas/cofaas/stubs/grpc/codes"
	"github.com/cofaas/cofaas/stubs/grpc/status"
)

// GRPCServer is a server whose services can be listed.
type GRPCServer interface {
	grpc.ServiceRegistrar
	ServiceInfoProvider
}

// ServiceInfoProvider lists services.
type ServiceInfoProvider interface {
	GetServiceInfo() map[string]grpc.ServiceInfo
}

// Register registers the reflection service, so that it is among the services of s. The host serves it.
func Register(s GRPCServer) {
	RegisterV1(s)
	register(s, "v1alpha")
}

// RegisterV1 registers the reflection service, without its alpha version. The host serves it.
func RegisterV1(s GRPCServer) { register(s, "v1") }

// register registers a version of the service without the types of its messages, which come with descriptors of descriptors.
func register(s GRPCServer, version string) {
	s.RegisterService(&grpc.ServiceDesc{
		ServiceName: "grpc.reflection." + version + ".ServerReflection",
		Streams: []grpc.StreamDesc{{
			StreamName: "ServerReflectionInfo",
			Handler: func(any, grpc.ServerStream) error {
				return status.Error(codes.Unimplemented, "method ServerReflectionInfo not implemented")
			},
			ServerStreams: true,
			ClientStreams: true,
		}},
		Metadata: "grpc/reflection/" + version + "/reflection.proto",
	}, nil)
}
