package interceptors

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// Metadata that goes along with a request through the whole shop.
const (
	UserKey      = "x-user-id"
	RequestIDKey = "x-request-id"
	// OrderIDKey is in the trailer of an attempt to order.
	OrderIDKey = "x-order-id"
)

// User returns the user on whose behalf a call was made, or "".
func User(ctx context.Context) string { return first(ctx, UserKey) }

// RequestID returns what identifies the request in logs, or "".
func RequestID(ctx context.Context) string { return first(ctx, RequestIDKey) }

func first(ctx context.Context, key string) string {
	if values := metadata.ValueFromIncomingContext(ctx, key); len(values) > 0 {
		return values[0]
	}
	return ""
}

// propagate passes user and request of the call that is being handled on to the calls that its handler makes.
func propagate(ctx context.Context) context.Context {
	out, _ := metadata.FromOutgoingContext(ctx)
	for _, key := range []string{UserKey, RequestIDKey} {
		if value := first(ctx, key); value != "" && len(out.Get(key)) == 0 {
			ctx = metadata.AppendToOutgoingContext(ctx, key, value)
		}
	}
	return ctx
}

// Propagate passes user and request on in unary calls.
func Propagate(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	return invoker(propagate(ctx), method, req, reply, cc, opts...)
}

// PropagateStream passes user and request on in streams.
func PropagateStream(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, streamer grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	return streamer(propagate(ctx), desc, cc, method, opts...)
}
