package observe

import (
	"context"
	"fmt"
	"time"

	grpc_ctxtags "github.com/grpc-ecosystem/go-grpc-middleware/tags"
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/retry"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/test/e2e/apps/kit/pb"
)

// Do does a task:
//
//	say      answers with the text
//	user     answers with who called
//	tags     answers with what the tags interceptor left in the context
//	trace    answers with the trace that the call belongs to
//	fail     fails with the code count
//	flaky    fails with Unavailable until the call has been retried count times
//	wait     waits longer than a client does
//	panic    panics with the text
//	gzip     asks for a compressed reply
//	lines    answers with what the middleware has seen
func (o *Observer) Do(ctx context.Context, t *pb.Task) (*pb.Result, error) {
	switch t.What {
	case "say":
		return &pb.Result{Text: t.Text}, nil
	case "user":
		return &pb.Result{Text: User(ctx)}, nil
	case "tags":
		tags := grpc_ctxtags.Extract(ctx)
		tags.Set("text", t.Text)
		return &pb.Result{Text: fmt.Sprintf("%t %v", tags.Has("peer.address"), tags.Values()["text"])}, nil
	case "trace":
		return &pb.Result{Text: trace.SpanContextFromContext(ctx).TraceID().String()}, nil
	case "fail":
		return nil, status.Error(codes.Code(t.Count), t.Text)
	case "flaky":
		attempts := metadata.ValueFromIncomingContext(ctx, retry.AttemptMetadataKey)
		if t.Count > 0 && (len(attempts) == 0 || attempts[0] < fmt.Sprint(t.Count)) {
			return nil, status.Errorf(codes.Unavailable, "not yet: %v", attempts)
		}
		return &pb.Result{Text: fmt.Sprint(attempts)}, nil
	case "wait":
		select {
		case <-ctx.Done():
			return nil, status.FromContextError(ctx.Err()).Err()
		case <-time.After(waitFor):
			return &pb.Result{Text: "waited"}, nil
		}
	case "panic":
		panic(t.Text)
	case "gzip":
		known := grpc.SetSendCompressor(ctx, "gzip")
		unknown := grpc.SetSendCompressor(ctx, t.Text)
		return &pb.Result{Text: fmt.Sprint(known, "; ", unknown)}, nil
	case "lines":
		if err := o.inProgress.alone(ctx); err != nil {
			return nil, err
		}
		lines, err := o.Lines()
		return &pb.Result{Lines: lines}, err
	}
	return nil, status.Errorf(codes.InvalidArgument, "what is %q?", t.What)
}
