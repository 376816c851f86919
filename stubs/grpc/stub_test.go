package grpc

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/stubs/grpc/codes"
	"github.com/cofaas/cofaas/stubs/grpc/credentials/insecure"
	"github.com/cofaas/cofaas/stubs/grpc/metadata"
	"github.com/cofaas/cofaas/stubs/grpc/peer"
	"github.com/cofaas/cofaas/stubs/grpc/stats"
	"github.com/cofaas/cofaas/stubs/grpc/status"
)

// stubKits are what realKit is, over this package and something that carries calls.
var stubKits = []namedKit{{"a fake host", stubKit(fakeEchoHost)}}

type namedKit struct {
	name string
	kit  kit
}

// stubKit is the kit for what a function puts behind the border.
func stubKit(use func(t *testing.T)) kit {
	return kit{
		start:   func(t *testing.T, s setup) client { use(t); return startStub(t, s) },
		streams: func(t *testing.T, s streamSetup) streamConn { use(t); return startStubStreams(t, s) },
		err: func(code uint32, msg string, details ...proto.Message) error {
			st := status.New(codes.Code(code), msg)
			for _, d := range details {
				st, _ = st.WithDetails(protoadapt.MessageV1Of(d))
			}
			return st.Err()
		},
		okError: func() error { return stubOKError{} },
		setHeader: func(ctx context.Context, kv ...string) error {
			return SetHeader(ctx, metadata.Pairs(kv...))
		},
		sendHeader: func(ctx context.Context, kv ...string) error {
			return SendHeader(ctx, metadata.Pairs(kv...))
		},
		setTrailer: func(ctx context.Context, kv ...string) error {
			return SetTrailer(ctx, metadata.Pairs(kv...))
		},
		incoming: func(ctx context.Context) (map[string][]string, bool) {
			md, ok := metadata.FromIncomingContext(ctx)
			return md, ok
		},
		incomingValue: metadata.ValueFromIncomingContext,
		method:        Method,
		hasPeer: func(ctx context.Context) peerKnown {
			p, ok := peer.FromContext(ctx)
			return peerKnown{ok && p.Addr != nil, ok && p.AuthInfo != nil}
		},
		appendOut: metadata.AppendToOutgoingContext,
		newOut: func(ctx context.Context, md map[string][]string) context.Context {
			return metadata.NewOutgoingContext(ctx, md)
		},
		outcome: stubOutcome,
	}
}

type stubOKError struct{}

func (stubOKError) Error() string              { return "fine" }
func (stubOKError) GRPCStatus() *status.Status { return status.New(codes.OK, "fine") }

func stubOutcome(err error) outcome {
	st, ok := status.FromError(err)
	o := outcome{code: uint32(st.Code()), msg: st.Message(), ok: ok}
	for _, d := range st.Details() {
		o.details = append(o.details, fmt.Sprintf("%T", d))
	}
	return o
}

func stubServerInt(s *setup, name string) UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *UnaryServerInfo, handler UnaryHandler) (any, error) {
		s.logf("%s> %s", name, info.FullMethod)
		if s.nilReply {
			return nil, nil
		}
		reply, err := handler(ctx, req)
		s.logf("%s< %v", name, err)
		return reply, err
	}
}

func stubClientInt(s *setup, name string) UnaryClientInterceptor {
	return func(ctx context.Context, method string, req, reply any, cc *ClientConn, invoker UnaryInvoker, opts ...CallOption) error {
		s.logf("%s> %s %d", name, method, len(opts))
		err := invoker(ctx, method, req, reply, cc, opts...)
		s.logf("%s< %v", name, err)
		return err
	}
}

type stubStats struct {
	s    *setup
	side string
}

func (h stubStats) TagRPC(ctx context.Context, info *stats.RPCTagInfo) context.Context {
	h.s.logf("%s TagRPC %s %v", h.side, info.FullMethodName, info.FailFast)
	if h.side == "client" {
		ctx = metadata.AppendToOutgoingContext(ctx, "tagged", "1")
	}
	return ctx
}

func (h stubStats) HandleRPC(ctx context.Context, ev stats.RPCStats) {
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

func (stubStats) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (stubStats) HandleConn(context.Context, stats.ConnStats)                       {}

// fakeEchoHost is a fake host that knows of the services of the suite.
func fakeEchoHost(t *testing.T) {
	useFakeHost(t)
	findRoute = func(service string, _ func() guest.Routing) uint32 { return routeToEcho(service) }
}

func routeToEcho(service string) uint32 {
	if service == serviceName || service == streamService {
		return 0
	}
	return guest.RouteUnserved
}

func startStub(t *testing.T, s setup) client {
	var so []ServerOption
	if s.serverInt != "" {
		so = append(so, UnaryInterceptor(stubServerInt(&s, s.serverInt)))
	}
	for _, name := range s.serverChain {
		so = append(so, ChainUnaryInterceptor(stubServerInt(&s, name)))
	}
	if s.serverStats {
		so = append(so, StatsHandler(stubStats{&s, "server"}))
	}
	if s.serverCreds {
		so = append(so, Creds(insecure.NewCredentials()))
	}
	server := newServing(so...)
	server.RegisterService(&ServiceDesc{
		ServiceName: serviceName,
		HandlerType: (*any)(nil),
		Methods: []MethodDesc{{MethodName: methodName, Handler: func(_ any, ctx context.Context, dec func(any) error, interceptor UnaryServerInterceptor) (any, error) {
			in := new(wrapperspb.StringValue)
			if err := dec(in); err != nil {
				return nil, err
			}
			if interceptor == nil {
				return s.handler(ctx, in)
			}
			return interceptor(ctx, in, &UnaryServerInfo{FullMethod: fullName}, func(ctx context.Context, req any) (any, error) {
				return s.handler(ctx, req.(*wrapperspb.StringValue))
			})
		}}},
	}, nil)
	t.Cleanup(server.Stop)

	do := []DialOption{
		WithTransportCredentials(insecure.NewCredentials()),
	}
	if s.clientInt != "" {
		do = append(do, WithUnaryInterceptor(stubClientInt(&s, s.clientInt)))
	}
	for _, name := range s.clientChain {
		do = append(do, WithChainUnaryInterceptor(stubClientInt(&s, name)))
	}
	if s.clientStats {
		do = append(do, WithStatsHandler(stubStats{&s, "client"}))
	}
	if s.creds != nil {
		do = append(do, WithPerRPCCredentials(s.creds))
	}
	cc, err := NewClient("passthrough:///echo:443", do...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cc.Close() })
	return client{
		call: func(ctx context.Context, method, req string, creds *tokenCreds) (r result) {
			var header, trailer metadata.MD
			var p peer.Peer
			opts := []CallOption{
				StaticMethod(), Header(&header), Trailer(&trailer), Peer(&p),
				OnFinish(func(err error) { r.finished = append(r.finished, fmt.Sprint(err)) }),
			}
			if creds != nil {
				opts = append(opts, PerRPCCredentials(creds))
			}
			reply := new(wrapperspb.StringValue)
			err := cc.Invoke(ctx, method, wrapperspb.String(req), reply, opts...)
			r.outcome = stubOutcome(err)
			r.reply, r.header, r.trailer = reply.GetValue(), clean(header), clean(trailer)
			r.peer = p.Addr != nil
			if p.AuthInfo != nil {
				r.auth = p.AuthInfo.AuthType()
			}
			r.deadline = errors.Is(err, context.DeadlineExceeded)
			return r
		},
		invoke: func(ctx context.Context, i invocation) outcome {
			var opts []CallOption
			if i.codec != nil {
				opts = append(opts, ForceCodec(i.codec))
			}
			if i.maxRecv != 0 {
				opts = append(opts, MaxCallRecvMsgSize(i.maxRecv))
			}
			return stubOutcome(cc.Invoke(ctx, i.method, i.args, i.reply, opts...))
		},
		close: cc.Close,
	}
}
