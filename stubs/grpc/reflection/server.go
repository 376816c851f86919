//go:build !cofaas_noreflection

package reflection

// Descriptors of descriptors are half a megabyte of a guest, so this file is left out of guests that do not mention it.

import (
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	v1 "github.com/cofaas/cofaas/stubs/grpc/reflection/grpc_reflection_v1"
	v1alpha "github.com/cofaas/cofaas/stubs/grpc/reflection/grpc_reflection_v1alpha"
)

// ExtensionResolver finds extensions.
type ExtensionResolver interface {
	protoregistry.ExtensionTypeResolver
	RangeExtensionsByMessage(message protoreflect.FullName, f func(protoreflect.ExtensionType) bool)
}

// ServerOptions say what a reflection service tells about. Inert in a guest.
type ServerOptions struct {
	// Services lists the services.
	Services ServiceInfoProvider
	// DescriptorResolver finds descriptors.
	DescriptorResolver protodesc.Resolver
	// ExtensionResolver finds extensions.
	ExtensionResolver ExtensionResolver
}

// NewServer returns an alpha version of the reflection service. Inert in a guest: it answers codes.Unimplemented, and the host
// serves reflection.
func NewServer(opts ServerOptions) v1alpha.ServerReflectionServer {
	return v1alpha.UnimplementedServerReflectionServer{}
}

// NewServerV1 returns the reflection service. Inert in a guest: it answers codes.Unimplemented, and the host serves reflection.
func NewServerV1(opts ServerOptions) v1.ServerReflectionServer {
	return v1.UnimplementedServerReflectionServer{}
}
