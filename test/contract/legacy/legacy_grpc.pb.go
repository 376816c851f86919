// Package legacy is a client and a server of contract.v1.Legacy, as protoc-gen-go-grpc 1.1 generated them: with stream types of
// their own instead of generic ones, and handlers that know nothing of static methods. Old generated packages look like this, and
// have to go on working.
package legacy

import (
	context "context"

	grpc "google.golang.org/grpc"
	codes "google.golang.org/grpc/codes"
	status "google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/test/contract/pb"
)

// This is a compile-time assertion to ensure that this generated file
// is compatible with the grpc package it is being compiled against.
const _ = grpc.SupportPackageIsVersion6

// LegacyClient is the client API for Legacy service.
type LegacyClient interface {
	Unary(ctx context.Context, in *pb.Order, opts ...grpc.CallOption) (*pb.Report, error)
	Download(ctx context.Context, in *pb.Order, opts ...grpc.CallOption) (Legacy_DownloadClient, error)
	Upload(ctx context.Context, opts ...grpc.CallOption) (Legacy_UploadClient, error)
	Chat(ctx context.Context, opts ...grpc.CallOption) (Legacy_ChatClient, error)
	Missing(ctx context.Context, in *pb.Order, opts ...grpc.CallOption) (*pb.Report, error)
}

type legacyClient struct {
	cc grpc.ClientConnInterface
}

func NewLegacyClient(cc grpc.ClientConnInterface) LegacyClient {
	return &legacyClient{cc}
}

func (c *legacyClient) Unary(ctx context.Context, in *pb.Order, opts ...grpc.CallOption) (*pb.Report, error) {
	out := new(pb.Report)
	err := c.cc.Invoke(ctx, "/contract.v1.Legacy/Unary", in, out, opts...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (c *legacyClient) Missing(ctx context.Context, in *pb.Order, opts ...grpc.CallOption) (*pb.Report, error) {
	out := new(pb.Report)
	err := c.cc.Invoke(ctx, "/contract.v1.Legacy/Missing", in, out, opts...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (c *legacyClient) Download(ctx context.Context, in *pb.Order, opts ...grpc.CallOption) (Legacy_DownloadClient, error) {
	stream, err := c.cc.NewStream(ctx, &_Legacy_serviceDesc.Streams[0], "/contract.v1.Legacy/Download", opts...)
	if err != nil {
		return nil, err
	}
	x := &legacyDownloadClient{stream}
	if err := x.ClientStream.SendMsg(in); err != nil {
		return nil, err
	}
	if err := x.ClientStream.CloseSend(); err != nil {
		return nil, err
	}
	return x, nil
}

type Legacy_DownloadClient interface {
	Recv() (*pb.Report, error)
	grpc.ClientStream
}

type legacyDownloadClient struct {
	grpc.ClientStream
}

func (x *legacyDownloadClient) Recv() (*pb.Report, error) {
	m := new(pb.Report)
	if err := x.ClientStream.RecvMsg(m); err != nil {
		return nil, err
	}
	return m, nil
}

func (c *legacyClient) Upload(ctx context.Context, opts ...grpc.CallOption) (Legacy_UploadClient, error) {
	stream, err := c.cc.NewStream(ctx, &_Legacy_serviceDesc.Streams[1], "/contract.v1.Legacy/Upload", opts...)
	if err != nil {
		return nil, err
	}
	x := &legacyUploadClient{stream}
	return x, nil
}

type Legacy_UploadClient interface {
	Send(*pb.Order) error
	CloseAndRecv() (*pb.Report, error)
	grpc.ClientStream
}

type legacyUploadClient struct {
	grpc.ClientStream
}

func (x *legacyUploadClient) Send(m *pb.Order) error {
	return x.ClientStream.SendMsg(m)
}

func (x *legacyUploadClient) CloseAndRecv() (*pb.Report, error) {
	if err := x.ClientStream.CloseSend(); err != nil {
		return nil, err
	}
	m := new(pb.Report)
	if err := x.ClientStream.RecvMsg(m); err != nil {
		return nil, err
	}
	return m, nil
}

func (c *legacyClient) Chat(ctx context.Context, opts ...grpc.CallOption) (Legacy_ChatClient, error) {
	stream, err := c.cc.NewStream(ctx, &_Legacy_serviceDesc.Streams[2], "/contract.v1.Legacy/Chat", opts...)
	if err != nil {
		return nil, err
	}
	x := &legacyChatClient{stream}
	return x, nil
}

type Legacy_ChatClient interface {
	Send(*pb.Order) error
	Recv() (*pb.Report, error)
	grpc.ClientStream
}

type legacyChatClient struct {
	grpc.ClientStream
}

func (x *legacyChatClient) Send(m *pb.Order) error {
	return x.ClientStream.SendMsg(m)
}

func (x *legacyChatClient) Recv() (*pb.Report, error) {
	m := new(pb.Report)
	if err := x.ClientStream.RecvMsg(m); err != nil {
		return nil, err
	}
	return m, nil
}

// LegacyServer is the server API for Legacy service.
type LegacyServer interface {
	Unary(context.Context, *pb.Order) (*pb.Report, error)
	Download(*pb.Order, Legacy_DownloadServer) error
	Upload(Legacy_UploadServer) error
	Chat(Legacy_ChatServer) error
	Missing(context.Context, *pb.Order) (*pb.Report, error)
}

// UnimplementedLegacyServer can be embedded to have forward compatible implementations.
type UnimplementedLegacyServer struct {
}

func (*UnimplementedLegacyServer) Unary(ctx context.Context, req *pb.Order) (*pb.Report, error) {
	return nil, status.Errorf(codes.Unimplemented, "method Unary not implemented")
}
func (*UnimplementedLegacyServer) Download(req *pb.Order, srv Legacy_DownloadServer) error {
	return status.Errorf(codes.Unimplemented, "method Download not implemented")
}
func (*UnimplementedLegacyServer) Upload(srv Legacy_UploadServer) error {
	return status.Errorf(codes.Unimplemented, "method Upload not implemented")
}
func (*UnimplementedLegacyServer) Chat(srv Legacy_ChatServer) error {
	return status.Errorf(codes.Unimplemented, "method Chat not implemented")
}
func (*UnimplementedLegacyServer) Missing(ctx context.Context, req *pb.Order) (*pb.Report, error) {
	return nil, status.Errorf(codes.Unimplemented, "method Missing not implemented")
}

func RegisterLegacyServer(s *grpc.Server, srv LegacyServer) {
	s.RegisterService(&_Legacy_serviceDesc, srv)
}

func _Legacy_Unary_Handler(srv interface{}, ctx context.Context, dec func(interface{}) error, interceptor grpc.UnaryServerInterceptor) (interface{}, error) {
	in := new(pb.Order)
	if err := dec(in); err != nil {
		return nil, err
	}
	if interceptor == nil {
		return srv.(LegacyServer).Unary(ctx, in)
	}
	info := &grpc.UnaryServerInfo{
		Server:     srv,
		FullMethod: "/contract.v1.Legacy/Unary",
	}
	handler := func(ctx context.Context, req interface{}) (interface{}, error) {
		return srv.(LegacyServer).Unary(ctx, req.(*pb.Order))
	}
	return interceptor(ctx, in, info, handler)
}

func _Legacy_Missing_Handler(srv interface{}, ctx context.Context, dec func(interface{}) error, interceptor grpc.UnaryServerInterceptor) (interface{}, error) {
	in := new(pb.Order)
	if err := dec(in); err != nil {
		return nil, err
	}
	if interceptor == nil {
		return srv.(LegacyServer).Missing(ctx, in)
	}
	info := &grpc.UnaryServerInfo{
		Server:     srv,
		FullMethod: "/contract.v1.Legacy/Missing",
	}
	handler := func(ctx context.Context, req interface{}) (interface{}, error) {
		return srv.(LegacyServer).Missing(ctx, req.(*pb.Order))
	}
	return interceptor(ctx, in, info, handler)
}

func _Legacy_Download_Handler(srv interface{}, stream grpc.ServerStream) error {
	m := new(pb.Order)
	if err := stream.RecvMsg(m); err != nil {
		return err
	}
	return srv.(LegacyServer).Download(m, &legacyDownloadServer{stream})
}

type Legacy_DownloadServer interface {
	Send(*pb.Report) error
	grpc.ServerStream
}

type legacyDownloadServer struct {
	grpc.ServerStream
}

func (x *legacyDownloadServer) Send(m *pb.Report) error {
	return x.ServerStream.SendMsg(m)
}

func _Legacy_Upload_Handler(srv interface{}, stream grpc.ServerStream) error {
	return srv.(LegacyServer).Upload(&legacyUploadServer{stream})
}

type Legacy_UploadServer interface {
	SendAndClose(*pb.Report) error
	Recv() (*pb.Order, error)
	grpc.ServerStream
}

type legacyUploadServer struct {
	grpc.ServerStream
}

func (x *legacyUploadServer) SendAndClose(m *pb.Report) error {
	return x.ServerStream.SendMsg(m)
}

func (x *legacyUploadServer) Recv() (*pb.Order, error) {
	m := new(pb.Order)
	if err := x.ServerStream.RecvMsg(m); err != nil {
		return nil, err
	}
	return m, nil
}

func _Legacy_Chat_Handler(srv interface{}, stream grpc.ServerStream) error {
	return srv.(LegacyServer).Chat(&legacyChatServer{stream})
}

type Legacy_ChatServer interface {
	Send(*pb.Report) error
	Recv() (*pb.Order, error)
	grpc.ServerStream
}

type legacyChatServer struct {
	grpc.ServerStream
}

func (x *legacyChatServer) Send(m *pb.Report) error {
	return x.ServerStream.SendMsg(m)
}

func (x *legacyChatServer) Recv() (*pb.Order, error) {
	m := new(pb.Order)
	if err := x.ServerStream.RecvMsg(m); err != nil {
		return nil, err
	}
	return m, nil
}

var _Legacy_serviceDesc = grpc.ServiceDesc{
	ServiceName: "contract.v1.Legacy",
	HandlerType: (*LegacyServer)(nil),
	Methods: []grpc.MethodDesc{
		{
			MethodName: "Unary",
			Handler:    _Legacy_Unary_Handler,
		},
		{
			MethodName: "Missing",
			Handler:    _Legacy_Missing_Handler,
		},
	},
	Streams: []grpc.StreamDesc{
		{
			StreamName:    "Download",
			Handler:       _Legacy_Download_Handler,
			ServerStreams: true,
		},
		{
			StreamName:    "Upload",
			Handler:       _Legacy_Upload_Handler,
			ClientStreams: true,
		},
		{
			StreamName:    "Chat",
			Handler:       _Legacy_Chat_Handler,
			ServerStreams: true,
			ClientStreams: true,
		},
	},
	Metadata: "contract.proto",
}
