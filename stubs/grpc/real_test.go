package grpc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// realKit is grpc-go over an in-memory connection. stub_test.go has the same over this package.
var realKit = kit{
	start:   startReal,
	streams: startRealStreams,
	err: func(code uint32, msg string, details ...proto.Message) error {
		st := status.New(codes.Code(code), msg)
		for _, d := range details {
			st, _ = st.WithDetails(protoadapt.MessageV1Of(d))
		}
		return st.Err()
	},
	okError: func() error { return realOKError{} },
	setHeader: func(ctx context.Context, kv ...string) error {
		return grpc.SetHeader(ctx, metadata.Pairs(kv...))
	},
	sendHeader: func(ctx context.Context, kv ...string) error {
		return grpc.SendHeader(ctx, metadata.Pairs(kv...))
	},
	setTrailer: func(ctx context.Context, kv ...string) error {
		return grpc.SetTrailer(ctx, metadata.Pairs(kv...))
	},
	incoming: func(ctx context.Context) (map[string][]string, bool) {
		md, ok := metadata.FromIncomingContext(ctx)
		return md, ok
	},
	incomingValue: metadata.ValueFromIncomingContext,
	method:        grpc.Method,
	hasPeer: func(ctx context.Context) peerKnown {
		p, ok := peer.FromContext(ctx)
		return peerKnown{ok && p.Addr != nil, ok && p.AuthInfo != nil}
	},
	appendOut: metadata.AppendToOutgoingContext,
	newOut: func(ctx context.Context, md map[string][]string) context.Context {
		return metadata.NewOutgoingContext(ctx, md)
	},
	outcome: realOutcome,
}

type realOKError struct{}

func (realOKError) Error() string              { return "fine" }
func (realOKError) GRPCStatus() *status.Status { return status.New(codes.OK, "fine") }

func realOutcome(err error) outcome {
	st, ok := status.FromError(err)
	o := outcome{code: uint32(st.Code()), msg: st.Message(), ok: ok}
	for _, d := range st.Details() {
		o.details = append(o.details, fmt.Sprintf("%T", d))
	}
	return o
}

func realServerInt(s *setup, name string) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		s.logf("%s> %s", name, info.FullMethod)
		if s.nilReply {
			return nil, nil
		}
		reply, err := handler(ctx, req)
		s.logf("%s< %v", name, err)
		return reply, err
	}
}

func realClientInt(s *setup, name string) grpc.UnaryClientInterceptor {
	return func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		s.logf("%s> %s %d", name, method, len(opts))
		err := invoker(ctx, method, req, reply, cc, opts...)
		s.logf("%s< %v", name, err)
		return err
	}
}

type realStats struct {
	s    *setup
	side string
}

func (h realStats) TagRPC(ctx context.Context, info *stats.RPCTagInfo) context.Context {
	h.s.logf("%s TagRPC %s %v", h.side, info.FullMethodName, info.FailFast)
	if h.side == "client" {
		ctx = metadata.AppendToOutgoingContext(ctx, "tagged", "1")
	}
	return ctx
}

func (h realStats) HandleRPC(ctx context.Context, ev stats.RPCStats) {
	line := fmt.Sprintf("%s %T %v", h.side, ev, ev.IsClient())
	switch ev := ev.(type) {
	case *stats.InHeader:
		line += fmt.Sprint(clean(ev.Header), ev.FullMethod, ev.RemoteAddr != nil)
	case *stats.OutHeader:
		line += fmt.Sprint(clean(ev.Header), ev.FullMethod, ev.RemoteAddr != nil)
	case *stats.InPayload:
		line += fmt.Sprint(ev.Payload, ev.Length, ev.CompressedLength, ev.WireLength, ev.RecvTime.IsZero())
	case *stats.OutPayload:
		line += fmt.Sprint(ev.Payload, ev.Length, ev.CompressedLength, ev.WireLength, ev.SentTime.IsZero())
	case *stats.InTrailer:
		line += fmt.Sprint(ev.Trailer["t"])
	case *stats.OutTrailer:
		line += fmt.Sprint(ev.Trailer["t"])
	case *stats.End:
		line += fmt.Sprint(ev.Error, ev.BeginTime.IsZero(), ev.EndTime.IsZero())
	}
	h.s.logf("%s", line)
}

func (realStats) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (realStats) HandleConn(context.Context, stats.ConnStats)                       {}

func startReal(t *testing.T, s setup) client {
	var so []grpc.ServerOption
	if s.serverInt != "" {
		so = append(so, grpc.UnaryInterceptor(realServerInt(&s, s.serverInt)))
	}
	for _, name := range s.serverChain {
		so = append(so, grpc.ChainUnaryInterceptor(realServerInt(&s, name)))
	}
	if s.serverStats {
		so = append(so, grpc.StatsHandler(realStats{&s, "server"}))
	}
	if s.serverCreds {
		so = append(so, grpc.Creds(insecure.NewCredentials()))
	}
	server := grpc.NewServer(so...)
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: serviceName,
		HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{MethodName: methodName, Handler: func(_ any, ctx context.Context, dec func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
			in := new(wrapperspb.StringValue)
			if err := dec(in); err != nil {
				return nil, err
			}
			if interceptor == nil {
				return s.handler(ctx, in)
			}
			return interceptor(ctx, in, &grpc.UnaryServerInfo{FullMethod: fullName}, func(ctx context.Context, req any) (any, error) {
				return s.handler(ctx, req.(*wrapperspb.StringValue))
			})
		}}},
	}, nil)
	lis := bufconn.Listen(1 << 16)
	go server.Serve(lis)
	t.Cleanup(server.Stop)

	do := []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }),
	}
	if s.clientInt != "" {
		do = append(do, grpc.WithUnaryInterceptor(realClientInt(&s, s.clientInt)))
	}
	for _, name := range s.clientChain {
		do = append(do, grpc.WithChainUnaryInterceptor(realClientInt(&s, name)))
	}
	if s.clientStats {
		do = append(do, grpc.WithStatsHandler(realStats{&s, "client"}))
	}
	if s.creds != nil {
		do = append(do, grpc.WithPerRPCCredentials(s.creds))
	}
	cc, err := grpc.NewClient("passthrough:///echo:443", do...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cc.Close() })
	return client{
		call: func(ctx context.Context, method, req string, creds *tokenCreds) (r result) {
			var header, trailer metadata.MD
			var p peer.Peer
			opts := []grpc.CallOption{
				grpc.StaticMethod(), grpc.Header(&header), grpc.Trailer(&trailer), grpc.Peer(&p),
				grpc.OnFinish(func(err error) { r.finished = append(r.finished, fmt.Sprint(err)) }),
			}
			if creds != nil {
				opts = append(opts, grpc.PerRPCCredentials(creds))
			}
			reply := new(wrapperspb.StringValue)
			err := cc.Invoke(ctx, method, wrapperspb.String(req), reply, opts...)
			r.outcome = realOutcome(err)
			r.reply, r.header, r.trailer = reply.GetValue(), clean(header), clean(trailer)
			r.peer = p.Addr != nil
			if p.AuthInfo != nil {
				r.auth = p.AuthInfo.AuthType()
			}
			r.deadline = errors.Is(err, context.DeadlineExceeded)
			return r
		},
		invoke: func(ctx context.Context, i invocation) outcome {
			var opts []grpc.CallOption
			if i.codec != nil {
				opts = append(opts, grpc.ForceCodec(i.codec))
			}
			if i.maxRecv != 0 {
				opts = append(opts, grpc.MaxCallRecvMsgSize(i.maxRecv))
			}
			return realOutcome(cc.Invoke(ctx, i.method, i.args, i.reply, opts...))
		},
		close: cc.Close,
	}
}
