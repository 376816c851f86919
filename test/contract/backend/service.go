// Package backend is what the functions of the contract suite are made of: a service that carries orders out, one that relays
// them, and the server that both are registered with. It stays away from what only some functions need, so that each main says
// what it has.
package backend

import (
	"context"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"

	"github.com/cofaas/cofaas/test/contract/pb"
)

// Service carries orders out. Its methods have the signatures of all generated servers of backends.
type Service struct {
	// Annex does something with the second server of the function, if there is one.
	Annex func(what string) (string, error)

	ledger *ledger
	ticks  atomic.Int64
	serves func() map[string]grpc.ServiceInfo
}

// tick counts, ten times a second, for as long as the process lives.
func (s *Service) tick() {
	for range time.Tick(100 * time.Millisecond) {
		s.ticks.Add(1)
	}
}

func (s *Service) Unary(ctx context.Context, in *pb.Order) (*pb.Report, error) {
	c := &call{service: s, ctx: ctx, order: in, report: &pb.Report{Id: in.GetId(), Payload: in.GetPayload()}}
	if err := c.run(); err != nil {
		return nil, err
	}
	return c.report, nil
}

func (s *Service) Download(in *pb.Order, stream grpc.ServerStreamingServer[pb.Report]) error {
	c := &call{service: s, ctx: stream.Context(), stream: stream, order: in, report: &pb.Report{Id: in.GetId()}}
	c.send = stream.Send
	return c.run()
}

func (s *Service) Upload(stream grpc.ClientStreamingServer[pb.Order, pb.Report]) error {
	in, err := stream.Recv()
	if err != nil {
		return err
	}
	c := &call{service: s, ctx: stream.Context(), stream: stream, order: in, report: &pb.Report{Id: in.GetId(), Payload: in.GetPayload()}}
	c.recv = stream.Recv
	if err := c.run(); err != nil {
		return err
	}
	return stream.SendAndClose(c.report)
}

func (s *Service) Chat(stream grpc.BidiStreamingServer[pb.Order, pb.Report]) error {
	in, err := stream.Recv()
	if err != nil {
		return err
	}
	c := &call{service: s, ctx: stream.Context(), stream: stream, order: in, report: &pb.Report{Id: in.GetId()}}
	c.send, c.recv = stream.Send, stream.Recv
	return c.run()
}
