//go:build wasip1

// Command plugin is the consumer as a go-plugin guest: GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared.
package main

import (
	"context"
	"errors"

	"github.com/cofaas/cofaas/bench/internal/transfer"
)

func main() {}

func init() { transfer.RegisterProducerConsumer(consumer{}) }

// consumer does what the example's consumer does.
type consumer struct{}

func (consumer) ConsumeByte(_ context.Context, req *transfer.ConsumeByteRequest) (*transfer.ConsumeByteReply, error) {
	value := req.GetValue()
	if len(value) == 0 {
		return nil, errors.New("value is empty")
	}
	last := len(value) - 1
	return &transfer.ConsumeByteReply{
		Value:  value[0] == 0 && value[last] == byte(last),
		Length: int32(len(value)),
	}, nil
}
