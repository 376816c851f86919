package grpc

import (
	"context"
	"fmt"
	"testing"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/cofaas/cofaas/stubs/grpc/credentials/insecure"
	"github.com/cofaas/cofaas/stubs/grpc/metadata"
	"github.com/cofaas/cofaas/stubs/grpc/peer"
)

// This file is realstream_test.go over this package.

type stubClientSide struct{ ClientStream }

func (s stubClientSide) Send(text string) error { return s.SendMsg(wrapperspb.String(text)) }
func (s stubClientSide) SendAny(m any) error    { return s.SendMsg(m) }

func (s stubClientSide) Recv() (string, error) {
	m := wrapperspb.String("untouched")
	err := s.RecvMsg(m)
	return m.Value, err
}

func (s stubClientSide) Header() (map[string][]string, error) {
	md, err := s.ClientStream.Header()
	return clean(md), err
}

func (s stubClientSide) Trailer() map[string][]string { return clean(s.ClientStream.Trailer()) }

func (s stubClientSide) hasPeer() bool {
	_, ok := peer.FromContext(s.Context())
	return ok
}

type stubServerSide struct{ ServerStream }

func (s stubServerSide) Send(text string) error { return s.SendMsg(wrapperspb.String(text)) }
func (s stubServerSide) SendAny(m any) error    { return s.SendMsg(m) }

func (s stubServerSide) Recv() (string, error) {
	m := wrapperspb.String("untouched")
	err := s.RecvMsg(m)
	return m.Value, err
}

func (s stubServerSide) SetHeader(kv ...string) error {
	return s.ServerStream.SetHeader(metadata.MD(rawPairs(kv)))
}
func (s stubServerSide) SendHeader(kv ...string) error {
	return s.ServerStream.SendHeader(metadata.MD(rawPairs(kv)))
}
func (s stubServerSide) SetTrailer(kv ...string) {
	s.ServerStream.SetTrailer(metadata.MD(rawPairs(kv)))
}
func (s stubServerSide) method() (string, bool) { return MethodFromServerStream(s.ServerStream) }

func stubStreamServerInt(s *streamSetup, name string) StreamServerInterceptor {
	return func(srv any, ss ServerStream, info *StreamServerInfo, handler StreamHandler) error {
		s.log.add(fmt.Sprintf("%s> %v %+v", name, srv, *info))
		err := handler(srv, ss)
		s.log.add(fmt.Sprintf("%s< %v", name, err))
		return err
	}
}

func stubStreamClientInt(s *streamSetup, name string) StreamClientInterceptor {
	return func(ctx context.Context, desc *StreamDesc, cc *ClientConn, method string, streamer Streamer, opts ...CallOption) (ClientStream, error) {
		s.log.add(fmt.Sprintf("%s> %s %v %v %d", name, method, desc.ClientStreams, desc.ServerStreams, len(opts)))
		stream, err := streamer(ctx, desc, cc, method, opts...)
		s.log.add(fmt.Sprintf("%s< %v", name, err))
		return stream, err
	}
}

func stubStreamOptions(o *streamOptions) []CallOption {
	if o == nil {
		return nil
	}
	var header, trailer metadata.MD
	var p peer.Peer
	opts := []CallOption{
		Header(&header), Trailer(&trailer), Peer(&p),
		OnFinish(func(err error) { o.finish(err, header, trailer, p.Addr != nil) }),
	}
	if o.creds != nil {
		opts = append(opts, PerRPCCredentials(o.creds))
	}
	if o.maxRecv != 0 {
		opts = append(opts, MaxCallRecvMsgSize(o.maxRecv))
	}
	if o.maxSend != 0 {
		opts = append(opts, MaxCallSendMsgSize(o.maxSend))
	}
	if o.compressor != "" {
		opts = append(opts, UseCompressor(o.compressor))
	}
	if o.subtype != "" {
		opts = append(opts, CallContentSubtype(o.subtype))
	}
	if o.codec != nil {
		opts = append(opts, ForceCodec(o.codec))
	}
	if o.ready {
		opts = append(opts, WaitForReady(true))
	}
	return opts
}

func startStubStreams(t *testing.T, s streamSetup) streamConn {
	var so []ServerOption
	if s.serverInt != "" {
		so = append(so, StreamInterceptor(stubStreamServerInt(&s, s.serverInt)))
	}
	for _, name := range s.serverChain {
		so = append(so, ChainStreamInterceptor(stubStreamServerInt(&s, name)))
	}
	if s.serverStats {
		so = append(so, StatsHandler(stubStats{s.asSetup(), "server"}))
	}
	if s.serverRecv != 0 {
		so = append(so, MaxRecvMsgSize(s.serverRecv))
	}
	if s.serverSend != 0 {
		so = append(so, MaxSendMsgSize(s.serverSend))
	}
	if s.codec != nil {
		so = append(so, ForceServerCodec(s.codec))
	}
	desc := &ServiceDesc{ServiceName: streamService, HandlerType: (*any)(nil)}
	for _, m := range streamMethods {
		desc.Streams = append(desc.Streams, StreamDesc{
			StreamName: m.name, ClientStreams: m.client, ServerStreams: m.server,
			Handler: func(_ any, stream ServerStream) error { return s.handler(stubServerSide{stream}) },
		})
	}
	desc.Methods = []MethodDesc{{MethodName: "Unary", Handler: func(_ any, ctx context.Context, dec func(any) error, _ UnaryServerInterceptor) (any, error) {
		in := new(wrapperspb.StringValue)
		if err := dec(in); err != nil {
			return nil, err
		}
		return s.unary(ctx, in)
	}}}
	server := newServing(so...)
	server.RegisterService(desc, "impl")
	t.Cleanup(server.Stop)

	do := []DialOption{
		WithTransportCredentials(insecure.NewCredentials()),
	}
	if s.clientInt != "" {
		do = append(do, WithStreamInterceptor(stubStreamClientInt(&s, s.clientInt)))
	}
	for _, name := range s.clientChain {
		do = append(do, WithChainStreamInterceptor(stubStreamClientInt(&s, name)))
	}
	if s.clientStats {
		do = append(do, WithStatsHandler(stubStats{s.asSetup(), "client"}))
	}
	if s.config != "" {
		do = append(do, WithDefaultServiceConfig(s.config))
	}
	if s.opts != nil {
		do = append(do, WithDefaultCallOptions(stubStreamOptions(s.opts)...))
	}
	cc, err := NewClient("passthrough:///stream:443", do...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cc.Close() })
	return streamConn{
		open: func(ctx context.Context, method string, client, server bool, o *streamOptions) (clientSide, error) {
			stream, err := cc.NewStream(ctx, &StreamDesc{ClientStreams: client, ServerStreams: server}, "/"+streamService+"/"+method, stubStreamOptions(o)...)
			if err != nil {
				return nil, err
			}
			return stubClientSide{stream}, nil
		},
		invoke: func(ctx context.Context, method, req string, o *streamOptions) (string, error) {
			reply := new(wrapperspb.StringValue)
			err := cc.Invoke(ctx, "/"+streamService+"/"+method, wrapperspb.String(req), reply, stubStreamOptions(o)...)
			return reply.Value, err
		},
		close:  cc.Close,
		server: server,
	}
}
