package grpc

import "context"

// ServiceDesc describes a service. Generated code has one per service.
type ServiceDesc struct {
	// ServiceName is the name with its package: "package.Service".
	ServiceName string
	// HandlerType is a nil pointer to the interface that implementations satisfy.
	HandlerType any
	// Methods are the unary methods.
	Methods []MethodDesc
	// Streams are the streaming methods.
	Streams []StreamDesc
	// Metadata is the name of the proto file.
	Metadata any
}

// MethodDesc describes a unary method.
type MethodDesc struct {
	// MethodName is the name without the service.
	MethodName string
	// Handler serves one call.
	Handler MethodHandler
}

// MethodHandler serves a unary call: it decodes the request with dec and calls the method of srv, through interceptor
// if that is not nil.
type MethodHandler func(srv any, ctx context.Context, dec func(any) error, interceptor UnaryServerInterceptor) (any, error)

// StreamDesc describes a streaming method.
type StreamDesc struct {
	// StreamName is the name without the service. Servers use it.
	StreamName string
	// Handler serves one call. Servers use it.
	Handler StreamHandler
	// ServerStreams and ClientStreams say which side may send many messages.
	ServerStreams bool
	ClientStreams bool
}

// StreamHandler serves a streaming call.
type StreamHandler func(srv any, stream ServerStream) error

// ServiceRegistrar is where generated code registers services. [Server] is one.
type ServiceRegistrar interface {
	// RegisterService registers a service and its implementation, before the server serves.
	RegisterService(desc *ServiceDesc, impl any)
}

// ServiceInfo describes a registered service.
type ServiceInfo struct {
	Methods []MethodInfo
	// Metadata is that of the [ServiceDesc].
	Metadata any
}

// MethodInfo describes a method of a registered service.
type MethodInfo struct {
	// Name is the name without the service.
	Name           string
	IsClientStream bool
	IsServerStream bool
}

// ClientConnInterface is what generated clients call. [ClientConn] is one.
type ClientConnInterface interface {
	// Invoke makes a unary call and sets reply.
	Invoke(ctx context.Context, method string, args any, reply any, opts ...CallOption) error
	// NewStream begins a streaming call.
	NewStream(ctx context.Context, desc *StreamDesc, method string, opts ...CallOption) (ClientStream, error)
}
