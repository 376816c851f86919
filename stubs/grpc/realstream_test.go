package grpc

import (
	"context"
	"fmt"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// stubstream_test.go has the same over this package.

type realClientSide struct{ grpc.ClientStream }

func (s realClientSide) Send(text string) error { return s.SendMsg(wrapperspb.String(text)) }
func (s realClientSide) SendAny(m any) error    { return s.SendMsg(m) }

func (s realClientSide) Recv() (string, error) {
	m := wrapperspb.String("untouched")
	err := s.RecvMsg(m)
	return m.Value, err
}

func (s realClientSide) Header() (map[string][]string, error) {
	md, err := s.ClientStream.Header()
	return clean(md), err
}

func (s realClientSide) Trailer() map[string][]string { return clean(s.ClientStream.Trailer()) }

func (s realClientSide) hasPeer() bool {
	_, ok := peer.FromContext(s.Context())
	return ok
}

type realServerSide struct{ grpc.ServerStream }

func (s realServerSide) Send(text string) error { return s.SendMsg(wrapperspb.String(text)) }
func (s realServerSide) SendAny(m any) error    { return s.SendMsg(m) }

func (s realServerSide) Recv() (string, error) {
	m := wrapperspb.String("untouched")
	err := s.RecvMsg(m)
	return m.Value, err
}

func (s realServerSide) SetHeader(kv ...string) error {
	return s.ServerStream.SetHeader(metadata.MD(rawPairs(kv)))
}
func (s realServerSide) SendHeader(kv ...string) error {
	return s.ServerStream.SendHeader(metadata.MD(rawPairs(kv)))
}
func (s realServerSide) SetTrailer(kv ...string) {
	s.ServerStream.SetTrailer(metadata.MD(rawPairs(kv)))
}
func (s realServerSide) method() (string, bool) { return grpc.MethodFromServerStream(s.ServerStream) }

func realStreamServerInt(s *streamSetup, name string) grpc.StreamServerInterceptor {
	return func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		s.log.add(fmt.Sprintf("%s> %v %+v", name, srv, *info))
		err := handler(srv, ss)
		s.log.add(fmt.Sprintf("%s< %v", name, err))
		return err
	}
}

func realStreamClientInt(s *streamSetup, name string) grpc.StreamClientInterceptor {
	return func(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, streamer grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
		s.log.add(fmt.Sprintf("%s> %s %v %v %d", name, method, desc.ClientStreams, desc.ServerStreams, len(opts)))
		stream, err := streamer(ctx, desc, cc, method, opts...)
		s.log.add(fmt.Sprintf("%s< %v", name, err))
		return stream, err
	}
}

func realStreamOptions(o *streamOptions) []grpc.CallOption {
	if o == nil {
		return nil
	}
	var header, trailer metadata.MD
	var p peer.Peer
	opts := []grpc.CallOption{
		grpc.Header(&header), grpc.Trailer(&trailer), grpc.Peer(&p),
		grpc.OnFinish(func(err error) { o.finish(err, header, trailer, p.Addr != nil) }),
	}
	if o.creds != nil {
		opts = append(opts, grpc.PerRPCCredentials(o.creds))
	}
	if o.maxRecv != 0 {
		opts = append(opts, grpc.MaxCallRecvMsgSize(o.maxRecv))
	}
	if o.maxSend != 0 {
		opts = append(opts, grpc.MaxCallSendMsgSize(o.maxSend))
	}
	if o.compressor != "" {
		opts = append(opts, grpc.UseCompressor(o.compressor))
	}
	if o.subtype != "" {
		opts = append(opts, grpc.CallContentSubtype(o.subtype))
	}
	if o.codec != nil {
		opts = append(opts, grpc.ForceCodec(o.codec))
	}
	if o.ready {
		opts = append(opts, grpc.WaitForReady(true))
	}
	return opts
}

func startRealStreams(t *testing.T, s streamSetup) streamConn {
	var so []grpc.ServerOption
	if s.serverInt != "" {
		so = append(so, grpc.StreamInterceptor(realStreamServerInt(&s, s.serverInt)))
	}
	for _, name := range s.serverChain {
		so = append(so, grpc.ChainStreamInterceptor(realStreamServerInt(&s, name)))
	}
	if s.serverStats {
		so = append(so, grpc.StatsHandler(realStats{s.asSetup(), "server"}))
	}
	if s.serverRecv != 0 {
		so = append(so, grpc.MaxRecvMsgSize(s.serverRecv))
	}
	if s.serverSend != 0 {
		so = append(so, grpc.MaxSendMsgSize(s.serverSend))
	}
	if s.codec != nil {
		so = append(so, grpc.ForceServerCodec(s.codec))
	}
	desc := &grpc.ServiceDesc{ServiceName: streamService, HandlerType: (*any)(nil)}
	for _, m := range streamMethods {
		desc.Streams = append(desc.Streams, grpc.StreamDesc{
			StreamName: m.name, ClientStreams: m.client, ServerStreams: m.server,
			Handler: func(_ any, stream grpc.ServerStream) error { return s.handler(realServerSide{stream}) },
		})
	}
	desc.Methods = []grpc.MethodDesc{{MethodName: "Unary", Handler: func(_ any, ctx context.Context, dec func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		in := new(wrapperspb.StringValue)
		if err := dec(in); err != nil {
			return nil, err
		}
		return s.unary(ctx, in)
	}}}
	server := grpc.NewServer(so...)
	server.RegisterService(desc, "impl")
	lis := bufconn.Listen(1 << 16)
	go server.Serve(lis)
	t.Cleanup(server.Stop)

	do := []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }),
	}
	if s.clientInt != "" {
		do = append(do, grpc.WithStreamInterceptor(realStreamClientInt(&s, s.clientInt)))
	}
	for _, name := range s.clientChain {
		do = append(do, grpc.WithChainStreamInterceptor(realStreamClientInt(&s, name)))
	}
	if s.clientStats {
		do = append(do, grpc.WithStatsHandler(realStats{s.asSetup(), "client"}))
	}
	if s.config != "" {
		do = append(do, grpc.WithDefaultServiceConfig(s.config))
	}
	if s.opts != nil {
		do = append(do, grpc.WithDefaultCallOptions(realStreamOptions(s.opts)...))
	}
	cc, err := grpc.NewClient("passthrough:///stream:443", do...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cc.Close() })
	return streamConn{
		open: func(ctx context.Context, method string, client, server bool, o *streamOptions) (clientSide, error) {
			stream, err := cc.NewStream(ctx, &grpc.StreamDesc{ClientStreams: client, ServerStreams: server}, "/"+streamService+"/"+method, realStreamOptions(o)...)
			if err != nil {
				return nil, err
			}
			return realClientSide{stream}, nil
		},
		invoke: func(ctx context.Context, method, req string, o *streamOptions) (string, error) {
			reply := new(wrapperspb.StringValue)
			err := cc.Invoke(ctx, "/"+streamService+"/"+method, wrapperspb.String(req), reply, realStreamOptions(o)...)
			return reply.Value, err
		},
		close:  cc.Close,
		server: server,
	}
}
