package backend

import (
	"context"
	"errors"
	"io"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/cofaas/cofaas/test/contract/pb"
)

// Relay has another function carry orders out, as a proxy does: metadata that is ours goes on in both directions, and so do
// deadlines, cancellation, half-closes and statuses.
type Relay struct {
	Next Client
}

func (r *Relay) Unary(ctx context.Context, in *pb.Order) (*pb.Report, error) {
	var header, trailer metadata.MD
	out, err := r.Next.Unary(forwarded(ctx), in, grpc.Header(&header), grpc.Trailer(&trailer))
	if h := ours(header); len(h) > 0 {
		if err := grpc.SetHeader(ctx, h); err != nil {
			return nil, err
		}
	}
	if err := grpc.SetTrailer(ctx, ours(trailer)); err != nil {
		return nil, err
	}
	return out, err
}

func (r *Relay) Download(in *pb.Order, up grpc.ServerStreamingServer[pb.Report]) error {
	ctx, cancel := context.WithCancel(forwarded(up.Context()))
	defer cancel()
	down, err := r.Next.Download(ctx, in)
	if err != nil {
		return err
	}
	return back(up, down, up.Send)
}

func (r *Relay) Upload(up grpc.ClientStreamingServer[pb.Order, pb.Report]) error {
	ctx, cancel := context.WithCancel(forwarded(up.Context()))
	defer cancel()
	down, err := r.Next.Upload(ctx)
	if err != nil {
		return err
	}
	go forth(up.Recv, down.Send, down.CloseSend, cancel)
	if err := sendHeader(up, down); err != nil {
		return err
	}
	out := new(pb.Report)
	err = down.RecvMsg(out) // not CloseAndRecv, which would end the sending
	up.SetTrailer(ours(down.Trailer()))
	if err != nil {
		return err
	}
	return up.SendAndClose(out)
}

func (r *Relay) Chat(up grpc.BidiStreamingServer[pb.Order, pb.Report]) error {
	ctx, cancel := context.WithCancel(forwarded(up.Context()))
	defer cancel()
	down, err := r.Next.Chat(ctx)
	if err != nil {
		return err
	}
	go forth(up.Recv, down.Send, down.CloseSend, cancel)
	return back(up, down, up.Send)
}

// forth passes requests on until there are no more, or the other side takes no more.
func forth(recv func() (*pb.Order, error), send func(*pb.Order) error, closeSend func() error, cancel func()) {
	for {
		in, err := recv()
		if errors.Is(err, io.EOF) {
			closeSend()
			return
		}
		if err != nil {
			cancel()
			return
		}
		if err := send(in); err != nil {
			return // the status comes with what is received
		}
	}
}

// back passes the header, replies, the trailer and the status on.
func back(up grpc.ServerStream, down grpc.ServerStreamingClient[pb.Report], send func(*pb.Report) error) error {
	if err := sendHeader(up, down); err != nil {
		return err
	}
	for {
		out, err := down.Recv()
		if err != nil {
			up.SetTrailer(ours(down.Trailer()))
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if err := send(out); err != nil {
			return err
		}
	}
}

func sendHeader(up grpc.ServerStream, down grpc.ClientStream) error {
	header, err := down.Header()
	if h := ours(header); err == nil && len(h) > 0 {
		return up.SendHeader(h)
	}
	return nil // errors come with the first message
}

func forwarded(ctx context.Context) context.Context {
	in, _ := metadata.FromIncomingContext(ctx)
	return metadata.NewOutgoingContext(ctx, ours(in))
}

// ours is the metadata whose keys begin with "x-".
func ours(md metadata.MD) metadata.MD {
	out := metadata.MD{}
	for k, v := range md {
		if strings.HasPrefix(k, "x-") {
			out[k] = v
		}
	}
	return out
}
