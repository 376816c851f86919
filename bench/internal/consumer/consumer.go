// Package consumer is the example's consumer as a package, for transports that need its handler in their own process or on
// another listener. A test keeps the handler equal to the example's.
package consumer

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/example/prodcon/protos/prodcon"
)

// New returns the handler.
func New() prodcon.ProducerConsumerServer { return consumer{} }

type consumer struct {
	prodcon.UnimplementedProducerConsumerServer
}

func (consumer) ConsumeByte(_ context.Context, req *prodcon.ConsumeByteRequest) (*prodcon.ConsumeByteReply, error) {
	value := req.GetValue()
	if len(value) == 0 {
		return nil, status.Error(codes.InvalidArgument, "value is empty")
	}
	last := len(value) - 1
	return &prodcon.ConsumeByteReply{
		Value:  value[0] == 0 && value[last] == byte(last),
		Length: int32(len(value)),
	}, nil
}
