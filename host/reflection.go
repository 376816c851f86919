package host

import (
	"google.golang.org/grpc"
	"google.golang.org/grpc/reflection"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	reflectionv1alpha "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// registerReflection serves the app's descriptors, which are not in the host's own registry: the host links none of the
// app's generated packages.
func registerReflection(s *grpc.Server, files *protoregistry.Files) {
	opts := reflection.ServerOptions{Services: s, DescriptorResolver: resolvers{files, protoregistry.GlobalFiles}}
	reflectionv1.RegisterServerReflectionServer(s, reflection.NewServerV1(opts))
	reflectionv1alpha.RegisterServerReflectionServer(s, reflection.NewServer(opts))
}

// resolvers asks each in turn.
type resolvers []protodesc.Resolver

func (r resolvers) FindFileByPath(path string) (d protoreflect.FileDescriptor, err error) {
	for _, next := range r {
		if d, err = next.FindFileByPath(path); err == nil {
			return d, nil
		}
	}
	return nil, err
}

func (r resolvers) FindDescriptorByName(name protoreflect.FullName) (d protoreflect.Descriptor, err error) {
	for _, next := range r {
		if d, err = next.FindDescriptorByName(name); err == nil {
			return d, nil
		}
	}
	return nil, err
}
