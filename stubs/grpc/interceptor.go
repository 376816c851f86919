package grpc

import "context"

// UnaryInvoker makes a call; interceptors call it.
type UnaryInvoker func(ctx context.Context, method string, req, reply any, cc *ClientConn, opts ...CallOption) error

// UnaryClientInterceptor stands between a client and a unary call. It calls invoker, usually once.
type UnaryClientInterceptor func(ctx context.Context, method string, req, reply any, cc *ClientConn, invoker UnaryInvoker, opts ...CallOption) error

// Streamer begins a streaming call; interceptors call it.
type Streamer func(ctx context.Context, desc *StreamDesc, cc *ClientConn, method string, opts ...CallOption) (ClientStream, error)

// StreamClientInterceptor stands between a client and a streaming call.
type StreamClientInterceptor func(ctx context.Context, desc *StreamDesc, cc *ClientConn, method string, streamer Streamer, opts ...CallOption) (ClientStream, error)

// UnaryServerInfo describes the call to a [UnaryServerInterceptor].
type UnaryServerInfo struct {
	// Server is the implementation of the service.
	Server any
	// FullMethod is "/package.service/method".
	FullMethod string
}

// UnaryHandler is the method that a [UnaryServerInterceptor] stands before. An error without a status becomes
// codes.Unknown.
type UnaryHandler func(ctx context.Context, req any) (any, error)

// UnaryServerInterceptor stands between a call and its handler. It calls handler, usually once.
type UnaryServerInterceptor func(ctx context.Context, req any, info *UnaryServerInfo, handler UnaryHandler) (resp any, err error)

// StreamServerInfo describes the call to a [StreamServerInterceptor].
type StreamServerInfo struct {
	// FullMethod is "/package.service/method".
	FullMethod     string
	IsClientStream bool
	IsServerStream bool
}

// StreamServerInterceptor stands between a streaming call and its handler.
type StreamServerInterceptor func(srv any, ss ServerStream, info *StreamServerInfo, handler StreamHandler) error

// The functions below make one interceptor of several: the first one is outermost, none gives nil, and one is returned
// as it is.

func chainUnaryServer(ints []UnaryServerInterceptor) UnaryServerInterceptor {
	switch len(ints) {
	case 0:
		return nil
	case 1:
		return ints[0]
	}
	first, rest := ints[0], chainUnaryServer(ints[1:])
	return func(ctx context.Context, req any, info *UnaryServerInfo, handler UnaryHandler) (any, error) {
		return first(ctx, req, info, func(ctx context.Context, req any) (any, error) {
			return rest(ctx, req, info, handler)
		})
	}
}

func chainStreamServer(ints []StreamServerInterceptor) StreamServerInterceptor {
	switch len(ints) {
	case 0:
		return nil
	case 1:
		return ints[0]
	}
	first, rest := ints[0], chainStreamServer(ints[1:])
	return func(srv any, ss ServerStream, info *StreamServerInfo, handler StreamHandler) error {
		return first(srv, ss, info, func(srv any, ss ServerStream) error { return rest(srv, ss, info, handler) })
	}
}

func chainUnaryClient(ints []UnaryClientInterceptor) UnaryClientInterceptor {
	switch len(ints) {
	case 0:
		return nil
	case 1:
		return ints[0]
	}
	first, rest := ints[0], chainUnaryClient(ints[1:])
	return func(ctx context.Context, method string, req, reply any, cc *ClientConn, invoker UnaryInvoker, opts ...CallOption) error {
		return first(ctx, method, req, reply, cc,
			func(ctx context.Context, method string, req, reply any, cc *ClientConn, opts ...CallOption) error {
				return rest(ctx, method, req, reply, cc, invoker, opts...)
			}, opts...)
	}
}

func chainStreamClient(ints []StreamClientInterceptor) StreamClientInterceptor {
	switch len(ints) {
	case 0:
		return nil
	case 1:
		return ints[0]
	}
	first, rest := ints[0], chainStreamClient(ints[1:])
	return func(ctx context.Context, desc *StreamDesc, cc *ClientConn, method string, streamer Streamer, opts ...CallOption) (ClientStream, error) {
		return first(ctx, desc, cc, method,
			func(ctx context.Context, desc *StreamDesc, cc *ClientConn, method string, opts ...CallOption) (ClientStream, error) {
				return rest(ctx, desc, cc, method, streamer, opts...)
			}, opts...)
	}
}
