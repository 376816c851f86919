package backend

import (
	"context"

	"google.golang.org/grpc"

	"github.com/cofaas/cofaas/test/contract/pb"
)

// Client is what the generated clients of all backends and relays have in common.
type Client interface {
	Unary(ctx context.Context, in *pb.Order, opts ...grpc.CallOption) (*pb.Report, error)
	Download(ctx context.Context, in *pb.Order, opts ...grpc.CallOption) (grpc.ServerStreamingClient[pb.Report], error)
	Upload(ctx context.Context, opts ...grpc.CallOption) (grpc.ClientStreamingClient[pb.Order, pb.Report], error)
	Chat(ctx context.Context, opts ...grpc.CallOption) (grpc.BidiStreamingClient[pb.Order, pb.Report], error)
}
