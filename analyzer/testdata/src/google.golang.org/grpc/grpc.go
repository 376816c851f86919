// Package grpc has the declarations of the real one that tests need.
package grpc

import (
	"context"
	"net"
	"net/http"

	"google.golang.org/grpc/stats"
)

type (
	CallOption   interface{ call() }
	DialOption   interface{ dial() }
	ServerOption interface{ server() }
)

func StaticMethod() CallOption { return nil }

type ClientConnInterface interface {
	Invoke(ctx context.Context, method string, args, reply any, opts ...CallOption) error
	NewStream(ctx context.Context, desc *StreamDesc, method string, opts ...CallOption) (ClientStream, error)
}

type ClientConn struct{}

func (*ClientConn) Invoke(ctx context.Context, method string, args, reply any, opts ...CallOption) error {
	return nil
}

func (*ClientConn) NewStream(ctx context.Context, desc *StreamDesc, method string, opts ...CallOption) (ClientStream, error) {
	return nil, nil
}

func (*ClientConn) Close() error { return nil }

func Dial(target string, opts ...DialOption) (*ClientConn, error) { return nil, nil }

func DialContext(ctx context.Context, target string, opts ...DialOption) (*ClientConn, error) {
	return nil, nil
}

func NewClient(target string, opts ...DialOption) (*ClientConn, error) { return nil, nil }

func Invoke(ctx context.Context, method string, args, reply any, cc *ClientConn, opts ...CallOption) error {
	return nil
}

func NewClientStream(ctx context.Context, desc *StreamDesc, cc *ClientConn, method string, opts ...CallOption) (ClientStream, error) {
	return nil, nil
}

type ServiceRegistrar interface {
	RegisterService(desc *ServiceDesc, impl any)
}

type Server struct{}

func NewServer(opts ...ServerOption) *Server { return nil }

func (*Server) RegisterService(desc *ServiceDesc, impl any) {}
func (*Server) Serve(lis net.Listener) error                { return nil }
func (*Server) GracefulStop()                               {}
func (*Server) Stop()                                       {}

func StatsHandler(h stats.Handler) ServerOption { return nil }

// What guests do not have.
func (*Server) ServeHTTP(http.ResponseWriter, *http.Request) {}
func InTapHandle(any) ServerOption                           { return nil }

type ServiceDesc struct {
	ServiceName string
	HandlerType any
	Methods     []MethodDesc
	Streams     []StreamDesc
	Metadata    any
}

type MethodDesc struct {
	MethodName string
	Handler    any
}

type StreamDesc struct {
	StreamName    string
	Handler       any
	ServerStreams bool
	ClientStreams bool
}

type ServerStream interface {
	SetTrailer(map[string][]string)
	SendMsg(any) error
	RecvMsg(any) error
}

type ClientStream interface {
	CloseSend() error
	SendMsg(any) error
	RecvMsg(any) error
}

type ServerStreamingClient[Res any] interface {
	Recv() (*Res, error)
	ClientStream
}

type ServerStreamingServer[Res any] interface {
	Send(*Res) error
	ServerStream
}

type ClientStreamingClient[Req, Res any] interface {
	Send(*Req) error
	CloseAndRecv() (*Res, error)
	ClientStream
}

type ClientStreamingServer[Req, Res any] interface {
	Recv() (*Req, error)
	SendAndClose(*Res) error
	ServerStream
}

type BidiStreamingClient[Req, Res any] interface {
	Send(*Req) error
	Recv() (*Res, error)
	ClientStream
}

type BidiStreamingServer[Req, Res any] interface {
	Recv() (*Req, error)
	Send(*Res) error
	ServerStream
}

func WithContextDialer(f func(context.Context, string) (net.Conn, error)) DialOption { return nil }
