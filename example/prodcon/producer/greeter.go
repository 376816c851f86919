package main

import (
	"context"
	"fmt"
	"hash/crc32"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/example/prodcon/protos/helloworld"
	"github.com/cofaas/cofaas/example/prodcon/protos/prodcon"
)

// consumers provides the client for one request. The caller calls release when the request is done.
type consumers func() (client prodcon.ProducerConsumerClient, release func(), err error)

// shared has all requests use one connection.
func shared(conn *grpc.ClientConn) consumers {
	client := prodcon.NewProducerConsumerClient(conn)
	return func() (prodcon.ProducerConsumerClient, func(), error) {
		return client, func() {}, nil
	}
}

// perRequest has each request dial, and close its connection in the end.
func perRequest(dial func() (*grpc.ClientConn, error)) consumers {
	return func() (prodcon.ProducerConsumerClient, func(), error) {
		conn, err := dial()
		if err != nil {
			return nil, nil, err
		}
		return prodcon.NewProducerConsumerClient(conn), func() { conn.Close() }, nil
	}
}

// greeter implements helloworld.Greeter. It is safe for concurrent use.
type greeter struct {
	helloworld.UnimplementedGreeterServer

	consumers consumers
	repeats   int
	// transfer is what every call sends. It is never modified, so concurrent calls share it.
	transfer *prodcon.ConsumeByteRequest
	checksum uint32
}

// newGreeter returns a greeter that makes repeats transfers of size bytes for each greeting.
func newGreeter(consumers consumers, size, repeats int) *greeter {
	payload := make([]byte, size)
	for i := range payload {
		payload[i] = byte(i)
	}
	return &greeter{
		consumers: consumers,
		repeats:   repeats,
		transfer:  &prodcon.ConsumeByteRequest{Value: payload},
		checksum:  crc32.ChecksumIEEE(payload),
	}
}

func (g *greeter) SayHello(ctx context.Context, req *helloworld.HelloRequest) (*helloworld.HelloReply, error) {
	if req.GetName() == "" {
		return nil, status.Error(codes.InvalidArgument, "name is empty")
	}
	client, release, err := g.consumers()
	if err != nil {
		return nil, status.Errorf(codes.Internal, "dial consumer: %v", err)
	}
	defer release()

	size := len(g.transfer.GetValue())
	outcome := helloworld.Outcome_OUTCOME_DELIVERED
	lengths := make([]int32, g.repeats)
	for i := range lengths {
		reply, err := client.ConsumeByte(ctx, g.transfer)
		if err != nil {
			cause := status.Convert(err)
			return nil, status.Errorf(cause.Code(), "transfer %d of %d: %s", i+1, g.repeats, cause.Message())
		}
		lengths[i] = reply.GetLength()
		if !reply.GetValue() || int(reply.GetLength()) != size {
			outcome = helloworld.Outcome_OUTCOME_CORRUPTED
		}
	}
	return &helloworld.HelloReply{
		Message: fmt.Sprintf("Hello, %s!", req.GetName()),
		Outcome: outcome,
		Stats: &helloworld.HelloReply_Stats{
			Calls:    uint32(g.repeats),
			Bytes:    uint64(g.repeats) * uint64(size),
			Lengths:  lengths,
			Checksum: g.checksum,
		},
	}, nil
}
