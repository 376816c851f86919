// Package interceptors has what the shop's servers and clients have around every call.
package interceptors

import (
	"context"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Authenticate decides about a call by its metadata. The context that it returns is the handler's.
type Authenticate func(ctx context.Context, method string) (context.Context, error)

// Unary returns the interceptors of a server for unary calls, outermost first. Without auth, everybody may call.
func Unary(log *slog.Logger, auth Authenticate) []grpc.UnaryServerInterceptor {
	chain := []grpc.UnaryServerInterceptor{
		func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
			begin := time.Now()
			resp, err := handler(ctx, req)
			logCall(ctx, log, info.FullMethod, begin, err)
			return resp, err
		},
		func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (resp any, err error) {
			defer recovered(log, info.FullMethod, &err)
			return handler(ctx, req)
		},
	}
	if auth != nil {
		chain = append(chain, func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
			ctx, err := auth(ctx, info.FullMethod)
			if err != nil {
				return nil, err
			}
			return handler(ctx, req)
		})
	}
	return chain
}

// Stream is Unary for streams.
func Stream(log *slog.Logger, auth Authenticate) []grpc.StreamServerInterceptor {
	chain := []grpc.StreamServerInterceptor{
		func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
			begin := time.Now()
			err := handler(srv, stream)
			logCall(stream.Context(), log, info.FullMethod, begin, err)
			return err
		},
		func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) (err error) {
			defer recovered(log, info.FullMethod, &err)
			return handler(srv, stream)
		},
	}
	if auth != nil {
		chain = append(chain, func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
			ctx, err := auth(stream.Context(), info.FullMethod)
			if err != nil {
				return err
			}
			return handler(srv, &withContext{stream, ctx})
		})
	}
	return chain
}

// withContext is a stream whose handler has another context.
type withContext struct {
	grpc.ServerStream
	ctx context.Context
}

func (s *withContext) Context() context.Context { return s.ctx }

func logCall(ctx context.Context, log *slog.Logger, method string, begin time.Time, err error) {
	level := slog.LevelDebug
	if code := status.Code(err); code == codes.Internal || code == codes.Unknown || code == codes.DataLoss {
		level = slog.LevelError
	}
	log.Log(ctx, level, "call", "method", method, "code", status.Code(err).String(), "request", RequestID(ctx), "took", time.Since(begin), "error", err)
}

// recovered turns a panic into a status.
func recovered(log *slog.Logger, method string, err *error) {
	if p := recover(); p != nil {
		log.Error("panic", "method", method, "panic", p, "stack", string(debug.Stack()))
		*err = status.Errorf(codes.Internal, "%s failed", method)
	}
}

// Bearer lets calls pass that have a token. Health checks and reflection need none.
func Bearer(token string) Authenticate {
	return func(ctx context.Context, method string) (context.Context, error) {
		if strings.HasPrefix(method, "/grpc.") {
			return ctx, nil
		}
		for _, value := range metadata.ValueFromIncomingContext(ctx, "authorization") {
			if scheme, given, ok := strings.Cut(value, " "); ok && strings.EqualFold(scheme, "bearer") && given == token {
				return ctx, nil
			}
		}
		return nil, status.Error(codes.Unauthenticated, "a valid bearer token is needed")
	}
}
