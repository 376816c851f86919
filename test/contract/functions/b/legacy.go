package main

import (
	"context"
	"errors"
	"io"

	"github.com/cofaas/cofaas/test/contract/backend"
	"github.com/cofaas/cofaas/test/contract/legacy"
	"github.com/cofaas/cofaas/test/contract/pb"
)

// old serves contract.v1.Legacy through the stream types of old generated code.
type old struct {
	legacy.UnimplementedLegacyServer
	service *backend.Service
}

func (o *old) Unary(ctx context.Context, in *pb.Order) (*pb.Report, error) {
	return o.service.Unary(ctx, in)
}

func (o *old) Download(in *pb.Order, stream legacy.Legacy_DownloadServer) error {
	for i := range in.GetId() {
		if err := stream.Send(&pb.Report{Id: i}); err != nil {
			return err
		}
	}
	return nil
}

func (o *old) Upload(stream legacy.Legacy_UploadServer) error {
	sum := new(pb.Report)
	for {
		in, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return stream.SendAndClose(sum)
		}
		if err != nil {
			return err
		}
		sum.Id += in.GetId()
	}
}

func (o *old) Chat(stream legacy.Legacy_ChatServer) error {
	for {
		in, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.Send(&pb.Report{Id: in.GetId()}); err != nil {
			return err
		}
	}
}
