package backend

import (
	"context"
	"fmt"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/test/contract/pb"
)

// unaryInterceptor records that a call passes, before and after.
func (s *Service) unaryInterceptor(name string) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, in any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		ctx = traced(ctx)
		traceOf(ctx).add(fmt.Sprintf("%s %s server=%t", name, info.FullMethod, info.Server != nil))
		out, err := handler(ctx, in)
		s.ledger.ended(ctx, "interceptors ", fmt.Sprintf("%s %v", name, status.Code(err)))
		return out, err
	}
}

// streamInterceptor is the same for streams, and counts messages.
func (s *Service) streamInterceptor(name string) grpc.StreamServerInterceptor {
	return func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		ctx := traced(stream.Context())
		traceOf(ctx).add(fmt.Sprintf("%s %s client=%t server=%t", name, info.FullMethod, info.IsClientStream, info.IsServerStream))
		w := &countingStream{ServerStream: stream, ctx: ctx}
		err := handler(srv, w)
		s.ledger.ended(ctx, "interceptors ", fmt.Sprintf("%s %v received=%d sent=%d", name, status.Code(err), w.received.Load(), w.sent.Load()))
		return err
	}
}

func traced(ctx context.Context) context.Context {
	if traceOf(ctx) != nil {
		return ctx
	}
	return context.WithValue(ctx, traceKey{}, new(record))
}

// countingStream counts the messages that have passed. Relays receive and send in two goroutines, one of which may outlast the handler.
type countingStream struct {
	grpc.ServerStream
	ctx            context.Context
	received, sent atomic.Int64
}

func (s *countingStream) Context() context.Context { return s.ctx }

func (s *countingStream) RecvMsg(m any) error {
	err := s.ServerStream.RecvMsg(m)
	if err == nil {
		s.received.Add(1)
	}
	return err
}

func (s *countingStream) SendMsg(m any) error {
	err := s.ServerStream.SendMsg(m)
	if err == nil {
		s.sent.Add(1)
	}
	return err
}

// CommandKey is metadata that tells the innermost interceptor what to do: see command.
const CommandKey = "x-intercept"

// command keeps calls from their handler, or changes what they carry.
func command(ctx context.Context, in any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	switch what := first(ctx, CommandKey); what {
	case "deny":
		return nil, status.Error(codes.PermissionDenied, "denied by an interceptor")
	case "answer":
		return &pb.Report{Id: 99}, nil
	case "change":
		if order, ok := in.(*pb.Order); ok {
			order.Id++
		}
		out, err := handler(ctx, in)
		if report, ok := out.(*pb.Report); ok && err == nil {
			report.Id *= 10
		}
		return out, err
	case "metadata":
		grpc.SetHeader(ctx, metadata.Pairs("x-by-interceptor", "header"))
		grpc.SetTrailer(ctx, metadata.Pairs("x-by-interceptor", "trailer"))
	case "forgive":
		out, err := handler(ctx, in)
		if err != nil {
			return &pb.Report{Id: int64(status.Code(err))}, nil
		}
		return out, nil
	}
	return handler(ctx, in)
}

func streamCommand(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	switch first(stream.Context(), CommandKey) {
	case "deny":
		return status.Error(codes.PermissionDenied, "denied by an interceptor")
	case "answer":
		return stream.SendMsg(&pb.Report{Id: 99})
	case "change":
		stream = changingStream{stream}
	case "metadata":
		stream.SetHeader(metadata.Pairs("x-by-interceptor", "header"))
		stream.SetTrailer(metadata.Pairs("x-by-interceptor", "trailer"))
	case "forgive":
		if err := handler(srv, stream); err != nil {
			return stream.SendMsg(&pb.Report{Id: int64(status.Code(err))})
		}
		return nil
	}
	return handler(srv, stream)
}

type changingStream struct{ grpc.ServerStream }

func (s changingStream) RecvMsg(m any) error {
	err := s.ServerStream.RecvMsg(m)
	if order, ok := m.(*pb.Order); ok && err == nil {
		order.Id++
	}
	return err
}

func (s changingStream) SendMsg(m any) error {
	if report, ok := m.(*pb.Report); ok {
		report.Id *= 10
	}
	return s.ServerStream.SendMsg(m)
}

func first(ctx context.Context, key string) string {
	if values := metadata.ValueFromIncomingContext(ctx, key); len(values) > 0 {
		return values[0]
	}
	return ""
}
