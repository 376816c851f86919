package grpc

import "context"

type (
	UnaryServerInfo  struct{ FullMethod string }
	StreamServerInfo struct{ FullMethod string }

	UnaryHandler  func(ctx context.Context, req any) (any, error)
	StreamHandler func(srv any, stream ServerStream) error

	UnaryServerInterceptor  func(ctx context.Context, req any, info *UnaryServerInfo, handler UnaryHandler) (any, error)
	StreamServerInterceptor func(srv any, ss ServerStream, info *StreamServerInfo, handler StreamHandler) error

	UnaryInvoker func(ctx context.Context, method string, req, reply any, cc *ClientConn, opts ...CallOption) error

	UnaryClientInterceptor func(ctx context.Context, method string, req, reply any, cc *ClientConn, invoker UnaryInvoker, opts ...CallOption) error
)

func UnaryInterceptor(i UnaryServerInterceptor) ServerOption          { return nil }
func ChainUnaryInterceptor(is ...UnaryServerInterceptor) ServerOption { return nil }
func StreamInterceptor(i StreamServerInterceptor) ServerOption        { return nil }
func WithUnaryInterceptor(i UnaryClientInterceptor) DialOption        { return nil }
func UnknownServiceHandler(handler StreamHandler) ServerOption        { return nil }
